"""The wallboard: all cameras at once, to be read from across a room. Pure.

Each camera is a tile, those in trouble first: its state across the whole width of the tile, below that why or how it
records, and the strip of its last day. Tiles become lower before any camera is left out, and wider where there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from vmstui.model import CameraSnapshot
from vmstui.quantities import bit_rate
from vmstui.tui import glyphs
from vmstui.tui.day_strip import NARROWEST, widest
from vmstui.tui.fleet_rows import RowContext, reason_of, state_span
from vmstui.tui.format import cpu, fit, width
from vmstui.tui.lines import Line, Role, cut, width_of
from vmstui.tui.spark import WINDOW_S, spark
from vmstui.tui.verdict import Health, complaints, health

TILE_CELLS = NARROWEST + 2
"""A tile has at least so much room, the blank beside it included."""
HIGHEST = 5
STATE_ROLE = {
    Health.FAILING: Role.PILL_BAD,
    Health.FAILED: Role.PILL_BAD,
    Health.CHANGING: Role.PILL_WARN,
    Health.DEGRADED: Role.PILL_WARN,
    Health.FINE: Role.OK,
    Health.OFF: Role.OFF,
}


@dataclass(frozen=True, slots=True)
class Board:
    """How the tiles lie: row by row."""

    columns: int
    rows: int
    lines: int
    """Of a tile."""
    cells: int
    """Of a tile, without the blank beside it."""
    brief: bool = False
    """There is no room for a state in words beside the longest name: its sign stands for it, the word below."""


def laid_out(cells: int, lines: int, count: int) -> Board:
    """The highest and then widest tiles with which all have room; the lowest and narrowest where not all have."""
    most = max(cells // TILE_CELLS, 1)
    for high in range(HIGHEST, 0, -1):
        rows = max(lines // high, 1)
        if rows * most >= count or high == 1:
            columns = min(max(ceil(count / rows), 1), most)
            return Board(columns, rows, high, cells // columns - 1)
    raise AssertionError


def board_lines(cameras: Sequence[CameraSnapshot], context: RowContext, cells: int, lines: int) -> list[Line]:
    """All of it; `cameras` come in the order of the fleet, those in trouble first."""
    board = laid_out(cells, lines, len(cameras))
    room = board.columns * board.rows
    shown, left = cameras[:room], cameras[room:]
    if left:
        shown, left = cameras[: room - 1], cameras[room - 1 :]
    board = replace(board, brief=any(width(_head(camera, context)) > _room(camera, context, board) for camera in shown))
    tiles = [_tile(camera, context, board) for camera in shown]
    if left:
        tiles.append(_padded([((f" {_rest(left, context)}", Role.STRONG),)], board))
    drawn: list[Line] = []
    for first in range(0, len(tiles), board.columns):
        row = tiles[first : first + board.columns]
        drawn += [
            tuple(span for tile in row for span in (*tile[line], (" ", Role.TEXT))) for line in range(board.lines)
        ]
    return drawn[:lines]


def _rest(left: Sequence[CameraSnapshot], context: RowContext) -> str:
    bad = sum(health(camera, context.now) <= Health.FAILED for camera in left)
    return f"and {len(left)} more, {bad} of them not recording" if bad else f"and {len(left)} more"


def _padded(lines: Sequence[Line], board: Board) -> list[Line]:
    """As high as a tile, and as wide."""
    kept = [cut(line, board.cells) for line in lines[: board.lines]]
    kept += [()] * (board.lines - len(kept))
    return [(*line, (" " * (board.cells - width_of(line)), Role.TEXT)) for line in kept]


def _tile(camera: CameraSnapshot, context: RowContext, board: Board) -> list[Line]:
    how = health(camera, context.now)
    head = fit(_head(camera, context, brief=board.brief), _room(camera, context, board))
    state: Line = ((f"{head} {_today(camera, context)} ", STATE_ROLE[how]),)
    facts: Line = (_facts(camera, context, how, brief=board.brief),)
    strip: Line = ()
    if context.strips is not None:
        across = widest(board.cells - 1)
        strip = ((" ", Role.TEXT), *context.strips.line(camera.id, across)) if across else ()
    if board.lines >= HIGHEST:
        return _padded([state, facts, _cpu(camera, context, board.cells), strip], board)
    return _padded([state, strip, facts] if board.lines == 2 else [state, facts, strip], board)


def _word(camera: CameraSnapshot, context: RowContext) -> str:
    """The state, with its sign before it."""
    if health(camera, context.now) is Health.DEGRADED:
        return f"{glyphs.WARN} degraded"
    return state_span(camera, context.now, context.notes.get(camera.id, ""))[0]


def _head(camera: CameraSnapshot, context: RowContext, *, brief: bool = False) -> str:
    word = _word(camera, context)
    return f" {word.split()[0]} {camera.name}" if brief else f" {word}  {camera.name}"


def _today(camera: CameraSnapshot, context: RowContext) -> str:
    return context.strips.today(camera, context.now)[0] if context.strips is not None else ""


def _room(camera: CameraSnapshot, context: RowContext, board: Board) -> int:
    """Cells for state and name."""
    return board.cells - width(_today(camera, context)) - 2


def _facts(camera: CameraSnapshot, context: RowContext, how: Health, *, brief: bool) -> tuple[str, Role]:
    if reason := reason_of(camera, context.now, context.incidents.get(camera.id)):
        if brief:
            reason = f"{_word(camera, context).partition(' ')[2]}: {reason}"
        return f" {reason}", Role.BAD if how <= Health.FAILED else Role.TEXT
    if how is Health.DEGRADED:
        return f" {'; '.join(complaints(camera, context.now))}", Role.WARN
    facts = [f"{camera.progress.fps:.0f} fps"] if camera.progress is not None else []
    facts += [bit_rate(8 * camera.sample.write_bytes_per_s)] if camera.sample is not None else []
    return f" {f' {glyphs.DOT} '.join(facts)}", Role.TEXT


def _cpu(camera: CameraSnapshot, context: RowContext, cells: int) -> Line:
    percent = camera.sample.cpu_percent if camera.sample is not None else None
    if percent is None:
        return ()
    words = f" CPU {cpu(percent)} % "
    graph = spark(context.cpu.get(camera.id, ()), min(cells - width(words), WINDOW_S), context.ticks)
    return (words, Role.DIM), (graph, Role.SPARK)
