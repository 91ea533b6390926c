"""The last hour of samples of one process, in packed columns.

A sample takes 28 bytes here instead of some 300 as an object, so that an hour of 300 cameras stays near 30 MB. Fixed
size, no allocation after the start; the oldest sample gives way to the newest.
"""

from __future__ import annotations

from array import array
from datetime import UTC, datetime

from vmstui.model import Sample

HOUR_OF_SAMPLES = 3600
"""At one sample a second."""


class SampleRing:
    """A bounded, ordered store of samples."""

    def __init__(self, capacity: int = HOUR_OF_SAMPLES) -> None:
        self._capacity = capacity
        self._at = array("d")
        self._cpu_percent = array("f")
        self._rss_kib = array("I")
        self._threads = array("I")
        self._read = array("f")
        self._write = array("f")
        self._next = 0

    def __len__(self) -> int:
        return len(self._at)

    def append(self, sample: Sample) -> None:
        """Add the newest sample."""
        row = (
            (self._at, sample.at.timestamp()),
            (self._cpu_percent, sample.cpu_percent),
            (self._rss_kib, min(sample.rss_bytes // 1024, 2**32 - 1)),
            (self._threads, sample.threads),
            (self._read, sample.read_bytes_per_s),
            (self._write, sample.write_bytes_per_s),
        )
        full = len(self) == self._capacity
        for column, value in row:
            if full:
                column[self._next] = value  # type: ignore[assignment]
            else:
                column.append(value)  # type: ignore[arg-type]
        self._next = (self._next + 1) % self._capacity

    def last(self, count: int) -> tuple[Sample, ...]:
        """At most `count` newest samples, oldest first."""
        return tuple(self._sample(index) for index in self._newest(count))

    def cpu_percents(self, count: int) -> tuple[float, ...]:
        """The CPU column of `last(count)`, to a tenth of a percent."""
        return tuple(round(self._cpu_percent[index], 1) for index in self._newest(count))

    def _newest(self, count: int) -> list[int]:
        length = len(self)
        count = min(count, length)
        first = (self._next if length == self._capacity else 0) + length - count
        return [(first + offset) % self._capacity for offset in range(count)]

    def _sample(self, index: int) -> Sample:
        return Sample(
            at=datetime.fromtimestamp(self._at[index], UTC),
            cpu_percent=round(self._cpu_percent[index], 1),
            rss_bytes=self._rss_kib[index] * 1024,
            threads=self._threads[index],
            read_bytes_per_s=self._read[index],
            write_bytes_per_s=self._write[index],
        )
