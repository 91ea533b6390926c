"""The last minutes of samples of one process, in packed rows.

A sample takes 17 bytes here instead of some 300 as an object: with 300 cameras that is 1.5 MB. Rates are kept to 0.05 %
and CPU likewise, which is finer than what is shown of them. Fixed size, no allocation after the
start; the oldest sample gives way to the newest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime

from vmstui.model import Sample

SAMPLES_KEPT = 300
"""Five minutes at one sample a second: charts show one, and every minute more is a kilobyte per camera."""

_ROW = struct.Struct("<IBeIHee")
"""Seconds and 1/256 of it since the epoch, CPU in percent, KiB resident, threads, MiB/s read and written."""
_MOST = (2**32 - 1, 255, 65504.0, 2**32 - 1, 2**16 - 1, 65504.0, 65504.0)
"""The largest numbers that fit; 65504 is that of half precision."""
_MIB = 1024 * 1024


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
        at_s = sample.at.timestamp()
        seconds = int(at_s)
        row = (
            seconds,
            int((at_s - seconds) * 256),
            sample.cpu_percent,
            sample.rss_bytes // 1024,
            sample.threads,
            sample.read_bytes_per_s / _MIB,
            sample.write_bytes_per_s / _MIB,
        )
        offset = self._count % self._capacity * _ROW.size
        try:
            _ROW.pack_into(self._rows, offset, *row)
        except (OverflowError, struct.error):  # more than fits: as much as does
            _ROW.pack_into(self._rows, offset, *map(min, row, _MOST))
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

    def _newest(self, count: int) -> Iterator[tuple[int, int, float, int, int, float, float]]:
        for number in range(self._count - min(count, len(self)), self._count):
            yield _ROW.unpack_from(self._rows, number % self._capacity * _ROW.size)
