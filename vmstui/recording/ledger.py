"""How much of each ten minutes of a camera was recorded: the account in cells, and the strip that is drawn of it. Pure.

A `Ledger` takes in segments and gaps as they come and gives accounts and strips of any time that begins with a cell.
What it says is what `account` says, and its cells add up to that.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from vmstui.footage import Gap, GapCause, Hole
from vmstui.footage_accounts import Account, CellKind, Cells
from vmstui.recording.account import MICROS, pieces
from vmstui.recording.catalogue_rows import instant, micros
from vmstui.recording.gaps import SHORTEST_GAP_S

CELL_S = 600
CELLS = 144
"""Of a strip: a day."""
_CELL_US = CELL_S * MICROS
_MOST = 2 * CELLS
"""Cells of a ledger: a clock that was set must not make it grow without end."""
_TRIFLE_US = round(SHORTEST_GAP_S * MICROS)


@dataclass(frozen=True, slots=True)
class Window:
    """Which time is told of."""

    since: datetime
    """The beginning of the strip."""
    today: datetime
    """Midnight where the recorder is."""
    until: datetime

    @property
    def earliest(self) -> datetime:
        return min(self.since, self.today)


def window(now: datetime, zone: tzinfo | None) -> Window:
    """The day that ends with the present cell, and today. Cells are aligned to the clock of the zone, of which some are
    a quarter of an hour off the others."""
    local = now.astimezone(zone)
    offset_us = round((local.utcoffset() or timedelta()).total_seconds()) * MICROS
    present_us = (micros(now) - 1 + offset_us) // _CELL_US * _CELL_US - offset_us
    return Window(instant(present_us - (CELLS - 1) * _CELL_US), midnight(now, zone), now)


def midnight(now: datetime, zone: tzinfo | None) -> datetime:
    """When today began where the recorder is."""
    local = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    # The machine's own zone is not in the value: the offset there is that of now, which need not be that of midnight.
    return (local if zone is not None else local.replace(tzinfo=None)).astimezone(UTC)


class Ledger:
    """Of one camera from an instant on, which is where its first cell begins."""

    def __init__(self, since: datetime) -> None:
        self._since_us = micros(since)
        self._end_us = self._since_us + _MOST * _CELL_US
        self._begun_us = self._reached_us = self._since_us
        self._recorded = array("q", bytes(8 * _MOST))
        self._off = array("q", bytes(8 * _MOST))
        self._lost: dict[int, dict[GapCause, int]] = {}
        """By cell, of those in which anything was lost."""
        self._ends_us: list[int] = []
        """Of gaps in which anything was lost, in order."""

    def covers(self, since: datetime) -> bool:
        """Whether accounts and strips from that time on can be given."""
        before_us = micros(since) - self._since_us
        return 0 <= before_us <= (_MOST - CELLS - 12) * _CELL_US and before_us % _CELL_US == 0

    # -- what it takes in ---------------------------------------------------------------------------------------------

    def footage(self, started_us: int, ended_us: int, holes: Sequence[Hole] = ()) -> bool:
        """A segment that plays. They have to come in the order in which they began; False: this one did not, so that
        not all of it may be counted."""
        in_order = started_us >= self._begun_us or ended_us <= self._since_us
        for begin_us, end_us in pieces(started_us, ended_us, holes, self._reached_us):
            for cell, part_us in self._parts(begin_us, end_us):
                self._recorded[cell] += part_us
        self._begun_us = max(self._begun_us, min(started_us, self._end_us))
        self._reached_us = max(self._reached_us, min(ended_us, self._end_us))
        return in_order

    def gap(self, started_us: int, ended_us: int, cause: GapCause) -> None:
        """A stretch without footage."""
        self._put(started_us, ended_us, cause, self._off, self._lost)
        if cause is not GapCause.OFF and ended_us > self._since_us:
            insort(self._ends_us, ended_us)

    # -- what it tells ------------------------------------------------------------------------------------------------

    def account(self, camera: str, since: datetime, until: datetime, going_on: Sequence[Gap] = ()) -> Account | None:
        """Of a time that begins with a cell; None where there is neither footage nor gap. `going_on` comes on top."""
        since_us, until_us = micros(since), micros(until)
        first, end = self._cells(since_us, until_us)
        recorded_us, off_us = sum(self._recorded[first:end]), sum(self._off[first:end])
        lost_us = sum(sum(lost.values()) for cell, lost in self._lost.items() if first <= cell < end)
        gaps = len(self._ends_us) - bisect_right(self._ends_us, since_us)
        for gap in going_on:
            within_us = min(micros(gap.ended_at), until_us) - max(micros(gap.started_at), since_us)
            if within_us > 0 and gap.lost:
                lost_us, gaps = lost_us + within_us, gaps + 1
            elif within_us > 0:
                off_us += within_us
        if not (recorded_us or lost_us or off_us):
            return None
        return Account(camera, since, until, recorded_us / MICROS, lost_us / MICROS, off_us / MICROS, gaps)

    def strip(
        self,
        since: datetime,
        until: datetime,
        first_at: datetime | None,
        last_ended_at: datetime | None,
        going_on: Sequence[Gap] = (),
    ) -> tuple[Cells, ...]:
        """The cells of a time, the last of them as far as it has come.

        `first_at` is when the camera was first recorded. From the last footage, which ended at `last_ended_at`, up to
        `until` nothing is lost but what is `going_on`: it is being written, or will be in a moment.
        """
        since_us, until_us = micros(since), micros(until)
        first, end = self._cells(since_us, until_us)
        recorded, off = self._recorded, self._off
        lost = self._lost
        if going_on or last_ended_at is not None:
            recorded, off = recorded[:], off[:]
            lost = {cell: dict(causes) for cell, causes in lost.items()}
            written_us = micros(last_ended_at) if last_ended_at is not None else until_us
            for gap in going_on:
                started_us, ended_us = micros(gap.started_at), min(micros(gap.ended_at), until_us)
                self._put(started_us, ended_us, gap.cause, off, lost)
                written_us = max(written_us, ended_us)
            for cell, part_us in self._parts(written_us, until_us):
                recorded[cell] += part_us
        first_us = micros(first_at) if first_at is not None else None
        cells: list[Cells] = []
        count, told = 0, _Told(CellKind.NONE, 0, None)
        for cell in range(first, end):
            begin_us = self._since_us + cell * _CELL_US
            if recorded[cell] and cell not in lost:  # mostly
                one: _Told = _RECORDED
            else:
                none = first_us is None or begin_us + _CELL_US <= first_us
                length_us = min(_CELL_US, until_us - begin_us)
                one = _told(length_us, recorded[cell], off[cell], lost.get(cell), none=none)
            if count and one != told:
                cells.append(Cells(count, told.kind, told.lost_us / MICROS, told.cause))
                count = 0
            count, told = count + 1, one
        return (*cells, Cells(count, told.kind, told.lost_us / MICROS, told.cause))

    def _cells(self, since_us: int, until_us: int) -> tuple[int, int]:
        first = (since_us - self._since_us) // _CELL_US
        end = -(-(until_us - self._since_us) // _CELL_US)
        return max(first, 0), min(end, _MOST)

    def _put(
        self, started_us: int, ended_us: int, cause: GapCause, off: array[int], lost: dict[int, dict[GapCause, int]]
    ) -> None:
        for cell, part_us in self._parts(started_us, ended_us):
            if cause is GapCause.OFF:
                off[cell] += part_us
            else:
                causes = lost.setdefault(cell, {})
                causes[cause] = causes.get(cause, 0) + part_us

    def _parts(self, begin_us: int, end_us: int) -> Iterator[tuple[int, int]]:
        """What of a stretch lies in which cell."""
        begin_us, end_us = max(begin_us, self._since_us), min(end_us, self._end_us)
        while begin_us < end_us:
            cell = (begin_us - self._since_us) // _CELL_US
            until_us = min(end_us, self._since_us + (cell + 1) * _CELL_US)
            yield cell, until_us - begin_us
            begin_us = until_us


class _Told(NamedTuple):
    """Of one cell."""

    kind: CellKind
    lost_us: int = 0
    cause: GapCause | None = None


_RECORDED = _Told(CellKind.RECORDED)


def _told(length_us: int, recorded_us: int, off_us: int, lost: dict[GapCause, int] | None, *, none: bool) -> _Told:
    """What there is to say of a cell that is so long."""
    if lost:
        lost_us = sum(lost.values())
        # What retention deleted around a gap was recorded: there, too, only part of it was lost.
        whole = recorded_us < _TRIFLE_US and length_us - off_us - lost_us < MICROS
        cause = max(lost, key=lambda one: lost[one])
        return _Told(CellKind.LOST if whole else CellKind.PART, lost_us, cause)
    if recorded_us:
        return _RECORDED
    if off_us:
        return _Told(CellKind.OFF)
    return _Told(CellKind.NONE if none else CellKind.GONE)
