"""What is known of a camera whose connections broke: since when footage and live stream flow again. Pure.

A message about a connection (`connection` in the table) says that nothing flows. Once something does, steadily, it is
over, however lately it came: nobody shall look for a server that is back. Steadily, as a server that comes and goes
would be over and back again with each turn:

- about the live stream: once that has been taken for 10 s in which nothing of the kind was said;
- about the camera: once it has been recorded for 30 s since. That footage plays is known with the first good segment
  alone, minutes later, but that the connection holds is known now. Not so where the run before with pictures ended
  before it closed a good segment: a camera that comes and goes every minute is not well in between.

While nothing flows, what was said of the connection to a camera before its newest try was begun is not why that came to
nothing: where a refused password was corrected, the path may be wrong now.

Of the live server, which one worker tries again and again, what was said last counts: that the connection was lost is
over as soon as it is said that it cannot be made again, so that one dead server is one finding.

Who said it where several parts of a worker may have (`origin`) is known by what came of it: the loss of its input ends
a worker, and that of the live stream does not.
"""

from __future__ import annotations

from vmstui.findings import Origin
from vmstui.triage.kept import Kept

LIVE_STEADY_S = 10.0
RECORDED_STEADY_S = 30.0
GOES_ON_S = 10.0
"""A worker that has recorded for so long since something broke off did not lose its input."""


class Flow:
    """Of one camera. Times are of the clock that lines are timed by."""

    __slots__ = ("failed_since_s", "live_s", "recorded_s", "restless")

    def __init__(self) -> None:
        self.recorded_s: float | None = None
        """What was said of the connection to the camera until then is over."""
        self.live_s: float | None = None
        """What was said of that to the live server until then is over."""
        self.failed_since_s = 0.0
        """When the newest run, or start, was begun that came to nothing."""
        self.restless = False
        """The last run with pictures that is over closed no good segment."""

    def seen(self, at_s: float, recorded_for_s: float, live_for_s: float) -> None:
        """For so long it has been recorded, and its live stream taken, without a pause up to now."""
        if recorded_for_s >= RECORDED_STEADY_S and not self.restless:
            self.recorded_s = max(self.recorded_s or 0.0, at_s - RECORDED_STEADY_S)
        if live_for_s >= LIVE_STEADY_S:
            self.live_s = max(self.live_s or 0.0, at_s - LIVE_STEADY_S)

    def is_over(self, kept: Kept) -> bool:
        """Whether a message is, that came within the last minutes."""
        if kept.message is None or not kept.message.connection or kept.last_at_s is None:
            return False
        since_s = self.live_s if kept.origin is Origin.LIVE else self.recorded_s
        return (since_s is not None and kept.last_at_s <= since_s) or self.is_outlived(kept)

    def is_outlived(self, kept: Kept) -> bool:
        """Whether a message is about the connection to the camera, and was not said in the newest try that failed."""
        if kept.message is None or not kept.message.connection or kept.origin is Origin.LIVE:
            return False
        return kept.last_at_s is not None and kept.last_at_s < self.failed_since_s
