"""Where lines of workers, and what else is known of these, wait for triage. The loop puts in, a thread takes out.

To put something in costs an append; nothing is waited for, and nobody is woken: whoever looks after the cameras does
that when it is done with all of them (`Triager.tick`). Bounded: of lines beyond `MOST_LINES` only the number is kept.
Lines that the loop left out, as they came too fast to be shown, are not put in here: whoever masks them in the
background hands them on to `flood`, and waits until they are taken in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from vmstui.ffmpeg.loglines import ParsedLine
from vmstui.recorder.log_counted import KeptPlace, Part

MOST_LINES = 30_000
"""That wait; some MB. They are taken out each second, far faster than the loop may put them in."""
MOST_ITEMS = 10_000


class Lines(NamedTuple):
    """That a worker wrote."""

    camera: str
    generation: int
    at_s: float | None
    """Since the epoch; None: long ago, nobody knows when."""
    lines: Sequence[ParsedLine]
    parts: Sequence[Part] = ()
    """Of its log, that they are all of the lines of."""
    earlier: Sequence[tuple[float | None, Sequence[ParsedLine]]] = ()
    """Lines that were written before these, and when."""

    @property
    def amount(self) -> int:
        """How many lines there are in all."""
        return len(self.lines) + sum(len(lines) for _, lines in self.earlier)


class Began(NamedTuple):
    """A worker was started, or one of an earlier service was taken over (`adopted`)."""

    camera: str
    generation: int
    at_s: float
    adopted: bool


class Picture(NamedTuple):
    """The first frame of the present worker was reported."""

    camera: str
    at_s: float


class SegmentClosed(NamedTuple):
    """A good one, of this generation."""

    camera: str
    generation: int


class Failed(NamedTuple):
    """A run, or a start, that was begun at this time came to nothing, and nobody had asked for it."""

    camera: str
    since_s: float


class Flows(NamedTuple):
    """For so long the worker of this generation has recorded, and its live stream been taken, up to now; 0: it does
    not, or is not."""

    camera: str
    generation: int
    at_s: float
    recorded_for_s: float
    live_for_s: float


class Stopping(NamedTuple):
    """A worker was told to end."""

    camera: str
    generation: int


class Lost(NamedTuple):
    """So many lines of a camera did not get here."""

    camera: str
    lines: int
    parts: Sequence[Part] = ()
    """Of its log, that they are the lines of."""


class Gone(NamedTuple):
    """A camera left the configuration, and all it left is settled."""

    camera: str


class Configured(NamedTuple):
    """This is the configuration file now; the table of messages beside it may be another one."""

    path: str


Item = Lines | Began | Picture | SegmentClosed | Failed | Flows | Stopping | Lost | Gone | Configured
Counts = Mapping[ParsedLine, int]
"""Lines that differ, and how often each came."""


class Inbox:
    """Of one service."""

    def __init__(self) -> None:
        self.read_before: dict[tuple[str, int], KeptPlace] = {}
        """By camera and generation: up to where an earlier service took in its log. Whoever goes on with a log takes
        it out."""
        self.begun_before: dict[str, int] = {}
        """By camera: the generation that was the present one when that service last wrote down its findings."""
        self.long_ago = False
        """That service has been gone for so long that what was written meanwhile did not come now."""
        self.hurry = False
        """There is something in it that should not wait."""
        self.flood: Callable[[str, int, float | None, Counts, Part], None] | None = None
        """Takes in lines in the thread of who calls. None: nobody triages."""
        self._items: deque[Item] = deque()
        self._put = self._taken = 0
        """Lines so far; each is counted by one thread alone."""
        self._over: dict[str, tuple[int, Sequence[Part]]] = {}
        """By camera: lines that found no room, and where they are. Told as soon as there is some."""

    def __bool__(self) -> bool:
        return bool(self._items)

    @property
    def lines(self) -> int:
        """That wait."""
        return self._put - self._taken

    def put(self, item: Item) -> None:
        """Hand it on. Never waits. On the loop."""
        if type(item) is Lines:
            count = item.amount if item.earlier else len(item.lines)
            if self._put - self._taken + count > MOST_LINES or len(self._items) >= MOST_ITEMS:
                lost, parts = self._over.get(item.camera, (0, ()))
                self._over[item.camera] = lost + count, (*parts, *item.parts)
                return
            if self._over and item.camera in self._over:
                self._items.append(Lost(item.camera, *self._over.pop(item.camera)))
            self._put += count
        self._items.append(item)

    def lost(self, camera: str, lines: int, parts: Sequence[Part] = ()) -> None:
        """So many of a camera's lines, those of these parts of its log, are in no finding. In any thread."""
        if (lines or parts) and len(self._items) < MOST_ITEMS:
            self._items.append(Lost(camera, lines, parts))

    def take(self) -> Item | None:
        """The oldest one, or None. In one thread at a time."""
        try:
            item = self._items.popleft()
        except IndexError:
            return None
        if type(item) is Lines:
            self._taken += item.amount
        return item
