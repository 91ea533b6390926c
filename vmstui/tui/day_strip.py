"""The strip of a camera's last day as it is drawn, in as many cells as there is room for. Pure.

What the recorder tells in cells of ten minutes is put together here where there is less room. Nothing that was lost
goes missing on the way: its seconds add up, and a cell with any loss in it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby

from vmstui.footage import GapCause
from vmstui.footage_accounts import CameraFootage, CellKind, Cells, FootageReport, percent_of, percent_text
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.tui import glyphs
from vmstui.tui.lines import Line, Role, Span
from vmstui.tui.losing import Losing, losing, with_loss

WIDTHS = (144, 72, 48, 36, 24)
"""Cells of a drawn strip: each is 10, 20, 30, 40 or 60 minutes then."""
NARROWEST = WIDTHS[-1]
NEARLY_ALL = 99.9
"""Percent; of a day, what is missing then is a minute and a half: a restart or two."""

ROLE = {
    CellKind.LOST: Role.BAD,
    CellKind.PART: Role.WARN,
    CellKind.RECORDED: Role.OK,
    CellKind.OFF: Role.OFF,
    CellKind.GONE: Role.DIM,
    CellKind.NONE: Role.TEXT,
}

WORD = {
    CellKind.LOST: "lost",
    CellKind.PART: "lost in part",
    CellKind.RECORDED: "recorded",
    CellKind.OFF: "not wanted",
    CellKind.GONE: "deleted since",
}

_NEVER_WANTED = {CellKind.OFF, CellKind.NONE}
_NOTHING = Cells(1, CellKind.NONE)
_LABEL = "00:00"
_APART = 8
"""Cells between the beginnings of two labels of the axis, at least."""
_STEPS_H = (1, 2, 3, 4, 6, 8, 12, 24)


def widest(cells: int) -> int:
    """The width of the widest strip that fits; 0 where none does."""
    return next((width for width in WIDTHS if width <= cells), 0)


def compressed(strip: Iterable[Cells], cells: int) -> tuple[Cells, ...]:
    """The same time in that many cells; in front of it nothing is known where it cannot be divided by them.

    A cell is lost only where all of what should have been recorded in it is; any loss makes it lost in part at least.
    """
    fine = [cell for run in strip for cell in (run,) * run.count]
    each = max(-(-len(fine) // cells), 1)
    fine = [_NOTHING] * (each * cells - len(fine)) + fine
    coarse = [_together(fine[begin : begin + each]) for begin in range(0, len(fine), each)]
    return tuple(
        Cells(len(list(run)), kind, lost_s, cause)
        for (kind, lost_s, cause), run in groupby(coarse, lambda cell: (cell.kind, cell.lost_s, cell.cause))
    )


def _together(parts: list[Cells]) -> Cells:
    if len(parts) == 1:
        return Cells(1, parts[0].kind, parts[0].lost_s, parts[0].cause)
    lost: dict[GapCause | None, float] = {}
    for part in parts:
        if part.kind in {CellKind.LOST, CellKind.PART}:
            lost[part.cause] = lost.get(part.cause, 0.0) + part.lost_s
    if lost:
        # What retention deleted was recorded, so beside that, too, only a part was lost.
        whole = all(part.kind is CellKind.LOST or part.kind in _NEVER_WANTED for part in parts)
        kind = CellKind.LOST if whole else CellKind.PART
        return Cells(1, kind, sum(lost.values()), max(lost, key=lambda cause: lost[cause]))
    known: list[CellKind] = [part.kind for part in parts if part.kind is not CellKind.NONE]
    # Nothing was lost: it is what it was for most of the time.
    return Cells(1, max(CellKind, key=known.count)) if known else _NOTHING


def strip_line(strip: Iterable[Cells], cells: int) -> Line:
    """A strip as spans, in exactly that many cells."""
    drawn = [(run.kind, run.count) for run in compressed(strip, cells)]
    return tuple(
        (glyphs.STRIP[kind] * sum(count for _, count in runs), ROLE[kind])
        for kind, runs in groupby(drawn, lambda run: run[0])
    )


def axis(since: datetime, cell_s: float, count: int, cells: int, where: tzinfo | None) -> str:
    """Times of the clock below a strip of `count` cells that is drawn in `cells`; each begins where its time does.

    By the clock of the zone, so a day on which it is set has an hour twice there, or lacks one.
    """
    each = max(-(-count // cells), 1)
    blank = each * cells - count
    step_h = next((step for step in _STEPS_H if step * 3600 / (cell_s * each) >= _APART), _STEPS_H[-1])
    text = ""
    for cell in range(count):
        # Counted in UTC: what is added to a local time would follow its clock.
        at = (since.astimezone(UTC) + timedelta(seconds=cell * cell_s)).astimezone(where)
        column = (blank + cell) // each
        free = column >= len(text) + (1 if text else 0) and column + len(_LABEL) <= cells
        if at.minute == 0 and at.hour % step_h == 0 and free:
            text = text.ljust(column) + f"{at:%H:%M}"
    return text.ljust(cells)


def legend(strip: Iterable[Cells]) -> list[Line]:
    """The signs that occur in a strip, each with its word."""
    kinds = {run.kind for run in strip if run.count}
    return [((f"{glyphs.STRIP[kind]} ", ROLE[kind]), (word, Role.DIM)) for kind, word in WORD.items() if kind in kinds]


def share(percent: float | None, *, provisional: bool) -> Span:
    """`99.98 %`, with a `~` where more may be to be counted; blank where nothing should have been recorded."""
    if percent is None:
        return "", Role.DIM
    words = percent_text(percent)
    return f"~{words}" if provisional else words, Role.TEXT if percent >= NEARLY_ALL else Role.WARN


class Strips:
    """What a recorder told of today and of the last day, and what is drawn of it: that is asked for at every tick, but
    made anew only with the next report."""

    def __init__(self, report: FootageReport) -> None:
        self.report = report
        self.cameras: Mapping[str, CameraFootage] = {one.camera: one for one in report.cameras}
        self._lines: dict[tuple[str, int], Line] = {}
        self._today: dict[str, Span] = {}
        percent = percent_of(one.today for one in report.cameras if one.today is not None)
        self._all = share(percent, provisional=bool(report.trouble))

    def losing(self, camera: CameraSnapshot, now: datetime) -> Losing | None:
        """What is being lost of a camera that the report does not count."""
        return losing(camera, now, self.report, self.cameras.get(camera.id))

    def share(self, snapshot: RecorderSnapshot, camera: CameraSnapshot | None = None) -> Span:
        """`99.98 % today`, of one camera or of all; empty where nothing should have been recorded."""
        words, role = self._share_of_all(snapshot) if camera is None else self.today(camera, snapshot.at)
        return f"{words} today" if words else "", role

    def _share_of_all(self, snapshot: RecorderSnapshot) -> Span:
        losses = {one.id: loss for one in snapshot.cameras if (loss := self.losing(one, snapshot.at)) is not None}
        if not losses:
            return self._all
        today = ((one.camera, one.today) for one in self.report.cameras if one.today is not None)
        percent = percent_of(with_loss(account, losses.get(camera)) for camera, account in today)
        return share(percent, provisional=bool(self.report.trouble))

    def today(self, camera: CameraSnapshot, now: datetime) -> Span:
        """The share of today of one camera, for a column."""
        if self.losing(camera, now) is not None:
            return share(self.percent_today(camera, now), provisional=bool(self.report.trouble))
        return self._counted(camera.id)

    def percent_today(self, camera: CameraSnapshot, now: datetime) -> float | None:
        """The share of today as a number; None where nothing should have been recorded, or nothing is known."""
        footage = self.cameras.get(camera.id)
        account = footage.today if footage is not None else None
        if account is not None and (loss := self.losing(camera, now)) is not None:
            account = with_loss(account, loss)
        return account.percent if account is not None else None

    def _counted(self, camera: str) -> Span:
        if camera not in self._today:
            one = self.cameras.get(camera)
            percent = one.today.percent if one is not None and one.today is not None else None
            self._today[camera] = share(percent, provisional=bool(self.report.trouble))
        return self._today[camera]

    def line(self, camera: str, cells: int) -> Line:
        """The strip of a camera in that many cells; blank where nothing is known of it."""
        line = self._lines.get((camera, cells))
        if line is None:
            one = self.cameras.get(camera)
            line = self._lines[camera, cells] = strip_line(one.strip if one is not None else (), cells)
        return line
