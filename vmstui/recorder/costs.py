"""What it cost that one worker took the place of another, as measured: between the last frame of one and the first of
the other. Both are known only some seconds later. Called by `succession.py`; the arithmetic is in `handover.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from vmstui.model import CameraState as State
from vmstui.model import Changeover, Progress
from vmstui.recorder import handover
from vmstui.recorder.worker import Worker
from vmstui.recording.gaps import Moment

CALM_S = 10.0


class Costs:
    """Of the changes of one camera."""

    def __init__(self) -> None:
        self.changeover: Changeover | None = None
        """Between the present generation and the one before it, once measured."""
        self.fps = 0.0
        """That the camera sends, of a run that was calm; a new worker's first reports hold what it had to catch up."""
        self._ended: tuple[int, Moment] | None = None
        """Generation that was settled last, and the end of its last frame."""
        self._progress: Progress | None = None
        """The last one seen, of whichever run."""
        self._handed_over_to = 0

    def handed_over(self, generation: int) -> None:
        """To that one, which recorded already."""
        self._handed_over_to = generation

    def settled(self, generation: int, end: Moment) -> None:
        """All that a generation left is published; that is the end of its last frame."""
        self._ended = (generation, end)

    @property
    def waiting(self) -> bool:
        """A generation was settled, and where the next one begins is not known yet."""
        return self._ended is not None

    def look(self, present: Worker, *, alone: bool) -> Changeover | None:
        """Look at the present worker; what a change to it cost, once, when that has become known."""
        run = present.run
        if run is not None and run.progress is not self._progress:
            self._progress = run.progress
            if self._progress is not None and present.uptime_s() > CALM_S:
                self.fps = self._progress.fps
        if self._ended is None or present.machine.state is not State.RECORDING:
            return None
        before, end = self._ended
        after = present.record.generation
        if before >= after or not alone or run is None or run.footage_from is None:
            return None
        self._ended = None
        seamless = self._handed_over_to == after
        now = datetime.now(UTC)
        self.changeover = handover.measured(before, end, after, run.footage_from, self.fps, now, seamless=seamless)
        return self.changeover
