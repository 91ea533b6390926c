"""The last minutes of samples of one process, in packed rows.

A sample takes 17 bytes here instead of some 300 as an object: with 300 cameras that is 1.5 MB. Rates are kept to 0.05 %
and CPU likewise, which is finer than what is shown of them. Fixed size, no allocation after the
start; the oldest sample gives way to the newest. `ReportRing` holds beside it what ffmpeg counted, of which there is
something new every few seconds only. Whoever writes the history takes the rows out as they are (`rows_since`) and
unpacks them elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime

from vmstui.model import Progress, Sample

SAMPLES_KEPT = 300
"""Five minutes at one sample a second: charts show one, and every minute more is a kilobyte per camera."""

_ROW = struct.Struct("<IBeIHee")
"""Seconds and 1/256 of it since the epoch, CPU in percent, KiB resident, threads, MiB/s read and written."""
_ROW_BYTES, _pack_row = _ROW.size, _ROW.pack_into
_MOST = (2**32 - 1, 255, 65504.0, 2**32 - 1, 2**16 - 1, 65504.0, 65504.0)
"""The largest numbers that fit; 65504 is that of half precision."""
_MIB = 1024 * 1024
REPORTS_KEPT = 48
"""Four minutes, but for the first half minute of a worker, of which each second is known."""
_REPORT = struct.Struct("<IdIIIIH")
"""Samples there were by then, seconds of the monotonic clock, frames, dropped and duplicated ones, warnings in the log,
generation."""
_LOW = 2**32 - 1

Report = tuple[int, float, int, int, int, int, int]
"""Of what ffmpeg counted, as packed; counts modulo 2^32."""


class SampleRing:
    """A bounded, ordered store of samples."""

    def __init__(self, capacity: int = SAMPLES_KEPT) -> None:
        self._capacity = capacity
        self._rows = bytearray(capacity * _ROW.size)
        self._count = 0
        """Of all samples ever added; the newest is at this number less one, modulo the capacity."""

    def __len__(self) -> int:
        return min(self._count, self._capacity)

    def append(self, sample: Sample) -> None:
        """Add the newest sample."""
        self.add(
            sample.at.timestamp(),
            sample.cpu_percent,
            sample.rss_bytes,
            sample.threads,
            sample.read_bytes_per_s,
            sample.write_bytes_per_s,
        )

    def add(
        self,
        at_s: float,
        cpu_percent: float,
        rss_bytes: int,
        threads: int,
        read_bytes_per_s: float,
        write_bytes_per_s: float,
    ) -> None:
        """The same of a sample that is none yet; `at_s` is POSIX time."""
        seconds = int(at_s)
        row = (
            seconds,
            int((at_s - seconds) * 256),
            cpu_percent,
            rss_bytes // 1024,
            threads,
            read_bytes_per_s / _MIB,
            write_bytes_per_s / _MIB,
        )
        offset = self._count % self._capacity * _ROW_BYTES
        try:
            _pack_row(self._rows, offset, *row)
        except (OverflowError, struct.error):  # more than fits: as much as does
            _pack_row(self._rows, offset, *map(min, row, _MOST))
        self._count += 1

    def last(self, count: int) -> tuple[Sample, ...]:
        """At most `count` newest samples, oldest first."""
        return tuple(
            Sample(
                at=datetime.fromtimestamp(seconds + fraction / 256, UTC),
                cpu_percent=round(cpu_percent, 1),
                rss_bytes=rss_kib * 1024,
                threads=threads,
                read_bytes_per_s=read_mib_per_s * _MIB,
                write_bytes_per_s=write_mib_per_s * _MIB,
            )
            for seconds, fraction, cpu_percent, rss_kib, threads, read_mib_per_s, write_mib_per_s in self._newest(count)
        )

    def cpu_percents(self, count: int) -> tuple[float, ...]:
        """The CPU column of `last(count)`, to a tenth of a percent."""
        return tuple(round(row[2], 1) for row in self._newest(count))

    @property
    def count(self) -> int:
        """Of all samples ever added."""
        return self._count

    def rows_since(self, number: int, until: int) -> tuple[int, bytes]:
        """The packed samples from one number on, those that are still there, up to another; and the number of the
        first of them."""
        first = max(number, self._count - len(self))
        return first, _cut(self._rows, _ROW.size, self._capacity, first, min(until, self._count))

    def _newest(self, count: int) -> Iterator[tuple[int, int, float, int, int, float, float]]:
        for number in range(self._count - min(count, len(self)), self._count):
            yield _ROW.unpack_from(self._rows, number % self._capacity * _ROW.size)


class ReportRing:
    """The last minutes of what the workers of a camera counted, across workers."""

    def __init__(self, capacity: int = REPORTS_KEPT) -> None:
        self._capacity = capacity
        self._rows = bytearray(capacity * _REPORT.size)
        self.count = 0
        """Of all reports ever added."""
        self.samples = 0
        """There were so many samples at the last report."""
        self.warnings = 0
        """In the log, by then."""

    def append(self, samples: int, now_s: float, progress: Progress, warnings: int, generation: int) -> None:
        """Add what is known now; `samples` is the count of the camera's samples."""
        _REPORT.pack_into(
            self._rows,
            self.count % self._capacity * _REPORT.size,
            samples & _LOW,
            now_s,
            progress.frame & _LOW,
            progress.drop_frames & _LOW,
            progress.dup_frames & _LOW,
            warnings & _LOW,
            generation & 0xFFFF,
        )
        self.count += 1
        self.samples, self.warnings = samples, warnings

    def rows_since(self, number: int) -> bytes:
        """The packed reports from one number on, those that are still there."""
        first = max(number, self.count - self._capacity, 0)
        return _cut(self._rows, _REPORT.size, self._capacity, first, self.count)


def sample_columns(packed: bytes) -> tuple[tuple[float, ...], ...]:
    """What `SampleRing.rows_since` gave: seconds and 1/256 of it, CPU in percent, KiB resident, threads, MiB/s read and
    written; all at once, as there
    are hundreds of cameras."""
    flat = struct.unpack("<" + _ROW.format[1:] * (len(packed) // _ROW.size), packed)
    width = len(_ROW.format) - 1
    return tuple([flat[number::width] for number in range(width)])


def report_rows(packed: bytes) -> list[Report]:
    """What `ReportRing.rows_since` gave."""
    return list(_REPORT.iter_unpack(packed))


def _cut(rows: bytearray, size: int, capacity: int, first: int, end: int) -> bytes:
    """Rows [first, end) of a ring."""
    if end <= first:
        return b""
    low, high = first % capacity * size, end % capacity * size
    return bytes(rows[low:high]) if low < high else bytes(rows[low:]) + bytes(rows[:high])
