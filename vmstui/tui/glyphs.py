"""Every sign the dashboard draws beyond ASCII, and its ASCII twin.

A sign never stands alone for its meaning: a word is beside it, and colour only repeats it. In ASCII mode the twin has
the same width, so the layout of a line does not depend on the mode.
"""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len

from vmstui.findings import Severity
from vmstui.footage import SegmentVerdict
from vmstui.footage_accounts import CellKind
from vmstui.model import CameraState, EventKind, OutputState

STATE = {
    CameraState.RECORDING: "●",
    CameraState.STARTING: "◌",
    CameraState.STOPPING: "◍",
    CameraState.STOPPED: "○",
    CameraState.HELD: "‖",
    CameraState.BACKOFF: "◔",
    CameraState.FAILING: "◆",
    CameraState.STALLED: "▲",
    CameraState.AUTH_FAILED: "✖",
    CameraState.CONFIG_ERROR: "✘",
    CameraState.UNKILLABLE: "■",
}

WORD = {state: state.value.replace("_", " ") for state in CameraState} | {
    CameraState.BACKOFF: "back-off",
    CameraState.FAILING: "FAILING",
}
"""What stands beside the sign of a state."""

OUTPUT = {OutputState.UP: "●", OutputState.DOWN: "▼", OutputState.OFF: "○", OutputState.UNKNOWN: "?"}

EVENT = {
    EventKind.START: "◌",
    EventKind.NO_START: "✘",
    EventKind.EXIT: "✖",
    EventKind.STOP: "○",
    EventKind.WATCHDOG: "▲",
    EventKind.FALLBACK: "▼",
    EventKind.COMMAND: "⏎",
    EventKind.HOLD: "‖",
    EventKind.ADOPT: "●",
    EventKind.SEGMENT: "◐",
    EventKind.CHANGEOVER: "→",
    EventKind.ALARM: "◆",
    EventKind.HEALTHY: "✔",
    EventKind.RETENTION: "■",
    EventKind.OFFLINE: "×",
    EventKind.BACK: "◔",
    EventKind.INCIDENT: "◍",
}

VERDICT = {
    SegmentVerdict.GOOD: "✔",
    SegmentVerdict.PARTIAL: "◐",
    SegmentVerdict.SUSPECT: "▲",
    SegmentVerdict.BROKEN: "✖",
}

SEVERITY = {Severity.CRITICAL: "✖", Severity.DEGRADED: "▲", Severity.BENIGN: "-", Severity.INFO: "i", None: "?"}
"""None: nobody knows."""
FOLDED, UNFOLDED = "▸", "▾"

STRIP = {
    CellKind.LOST: "✖",
    CellKind.PART: "▲",
    CellKind.RECORDED: "━",
    CellKind.OFF: "○",
    CellKind.GONE: "┈",
    CellKind.NONE: " ",
}
"""Of the strip of a day, a cell each."""

ARROW = "→"
OPEN, GAP, UNWANTED = "◌", "▼", "○"
"""Rows of footage that are no segment: what is being written, what was not, and what was not to be."""
MARK = "┃"
"""Beside the rows of a marked range."""

LEVELS = "▁▂▃▄▅▆▇█"
"""Eight heights of a spark, lowest first."""

MARKED, SILENT = "+", "z"
"""Before the row of a camera: marked by a person, and without notices for now."""
UP, DOWN = "↑", "↓"
"""The way a column is sorted."""

OK, BAD, WARN, BUSY = "✔", "✖", "▲", "◌"
BLOCK, REST = "█", "░"
"""Bars are made of them: what is used, and what is not."""
CURSOR, DOT, DASH, RULE, ELLIPSIS = "▌", "·", "–", "─", "…"

_TWINS = {
    "●": "*", "◌": ":", "◍": ";", "○": "o", "‖": "=", "◔": "~", "▲": "^", "✖": "X", "✘": "#", "■": "@", "◆": "!",
    "▼": "v", "✔": "+", "◐": "%",
    "▁": "_", "▂": ".", "▃": "-", "▄": "~", "▅": "=", "▆": "+", "▇": "*", "█": "#",
    "┃": "!", "▀": "#", "━": "=", "┈": ".",
    "▌": ">", "·": "|", "–": "-", "─": "-", "…": "~", "⏎": "<", "×": "x", "→": ">", "↑": "^", "↓": "v", "’": "'",
    "←": "<", "░": ".", "°": " ", "▸": "+", "▾": "-", "│": "|", "┤": "+",
}  # fmt: skip


def in_ascii(text: str) -> str:
    """The text with ASCII only, as wide as before; accents are dropped, other scripts become question marks."""
    return text if text.isascii() else "".join(map(_twin, text))


def _twin(character: str) -> str:
    if character.isascii():
        return character
    if character in _TWINS:
        return _TWINS[character]
    base = unicodedata.normalize("NFKD", character)[0]
    width = cell_len(character)
    return base if base.isascii() and width == 1 else "?" * width


def needs_ascii(encoding: str | None) -> bool:
    """Whether a terminal that is written to in this encoding can show ASCII only."""
    return (encoding or "ascii").lower().replace("-", "").replace("_", "") not in {"utf8", "utf8sig"}
