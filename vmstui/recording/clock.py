"""The wall clock is set now and then; what that means for the times that files carry. Pure.

Files bear the time of the wall clock at their birth and at their last byte. When it is put back by an hour, two hours
of footage bear the same times; when it is put forward, an hour seems lost that was recorded. `WallClock` remembers
when it was set by how much since the boot, and turns a time on the wall into one on the clock that nobody sets
(CLOCK_BOOTTIME), on which footage is counted. The service tells it both clocks once a second.
"""

from __future__ import annotations

from vmstui.light_dataclass import dataclass

STEP_S = 0.5
"""A wall clock that is slewed (adjtimex(2): at most 0.5 ms a second) never moves by so much from one look to the next;
one that is set may, and by less it does no harm."""
SLACK_S = 2.0
"""That it was set is seen at the next look only, when files may have been closed already."""
TRIFLE_S = 0.001
ERAS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Era:
    """A time in which nobody set the wall clock."""

    since_s: float
    """On the clock of the boot."""
    offset_s: float
    """What is to be added to the clock of the boot to get that of the wall, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class WallClock:
    """What is known of one boot's wall clock."""

    boot: str
    """Id of the boot."""
    eras: tuple[Era, ...] = ()
    """Oldest first."""

    def seen(self, boot_s: float, wall_s: float) -> tuple[WallClock, float]:
        """Both clocks, read at one instant: what is known with that, and by how much the wall clock was set since the
        last look (0.0: it was not)."""
        offset_s = wall_s - boot_s
        if not self.eras:
            return WallClock(self.boot, (Era(0.0, offset_s),)), 0.0
        newest = self.eras[-1]
        step_s = offset_s - newest.offset_s
        if abs(step_s) < STEP_S:
            if abs(step_s) < TRIFLE_S:
                return self, 0.0
            return WallClock(self.boot, (*self.eras[:-1], Era(newest.since_s, offset_s))), 0.0
        return WallClock(self.boot, (*self.eras, Era(boot_s, offset_s))[-ERAS_KEPT:]), step_s

    def put_forward_s(self, now_s: float, within_s: float) -> float:
        """By how much the wall clock was set ahead in the last so many seconds before an instant on the clock of the
        boot; negative: it was set back."""
        if not self.eras:
            return 0.0
        before = [era for era in self.eras if era.since_s <= now_s - within_s] or self.eras[:1]
        return self.eras[-1].offset_s - before[-1].offset_s

    def uptime_s(self, wall_s: float, not_after_s: float) -> float | None:
        """The instant on the clock of the boot at which the wall clock showed this; the last one, where it showed it
        more than once. None where it never did before `not_after_s`."""
        for number in range(len(self.eras) - 1, -1, -1):
            era = self.eras[number]
            until_s = self.eras[number + 1].since_s if number + 1 < len(self.eras) else float("inf")
            instant_s = wall_s - era.offset_s
            if era.since_s - SLACK_S <= instant_s <= min(until_s, not_after_s) + SLACK_S:
                return instant_s
        return None
