"""The tables of an MP4 file with one video track, and a movie header with other ones. Pure.

ISO/IEC 14496-12 is meant by the numbers in brackets. Read is what ffmpeg writes at the end of a file (libavformat/
movenc.c): one track, one sample description, no fragments; anything else, and whatever contradicts itself, is
`NotReadable`. A header is written after the model of another one, of which everything is kept but times and tables.
Called by `splice`.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

CHUNK_BYTES = 1 << 20
"""Of a chunk, about: what a player reads at once."""
_MOST_PACKETS = 20_000_000
"""A day of 230 frames a second."""
_MOST_32 = (1 << 32) - 1
_ENTRY_BYTES = 78
"""Of a visual sample entry, before the boxes within it [12.1.3]."""
_SIZE_AT = 24


Raw = bytes | memoryview
"""What is read; tables are long, and not to be copied at every step."""


class NotReadable(ValueError):
    """Not an MP4 file as it is expected here. The text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Track:
    """The packets of a file, in the order of decoding."""

    scale: int
    """Ticks per second."""
    entry: bytes
    """The sample description, a whole box [8.5.2]."""
    size_bytes: array[int]
    offset: array[int]
    """Where in the file each begins."""
    dts: array[int]
    """From that of the first on, in ticks."""
    pts: array[int]
    """By the same clock: where the file begins to be shown is left to the reader."""
    keyframe: bytearray
    last: int
    """Duration of the last one, in ticks."""

    @property
    def kind(self) -> bytes:
        """`avc1`, `hvc1` …"""
        return self.entry[4:8]

    @property
    def picture(self) -> tuple[int, int]:
        """Width and height."""
        width, height = struct.unpack_from(">HH", self.entry, 8 + _SIZE_AT)
        return width, height

    def inside(self, kind: bytes) -> bytes:
        """What a box within the sample description holds."""
        found = [payload for found, payload in boxes(self.entry[8 + _ENTRY_BYTES :]) if found == kind]
        if len(found) != 1:
            raise NotReadable(f"its sample description has {len(found)} boxes {_name(kind)}, not one")
        return bytes(found[0])


def boxes(raw: Raw) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes of which something is made, by kind and content. Raises NotReadable."""
    view = memoryview(raw)
    start = 0
    while start < len(view):
        if len(view) - start < 8:
            raise NotReadable(f"{len(view) - start} bytes are left where a box should be")
        length, kind = struct.unpack_from(">I4s", view, start)
        head = 8
        if length == 1 and len(view) - start >= 16:
            (length,), head = struct.unpack_from(">Q", view, start + 8), 16
        if length < head or start + length > len(view):
            raise NotReadable(f"a box {_name(kind)} of {length} bytes where {len(view) - start} are left")
        yield kind, view[start + head : start + length]
        start += length


def box(kind: bytes, *contents: Raw) -> bytes:
    """A box of these contents."""
    length = 8 + sum(map(len, contents))
    if length > _MOST_32:
        raise NotReadable(f"a box {_name(kind)} of {length} bytes would be needed")
    return b"".join((struct.pack(">I4s", length, kind), *contents))


def with_inside(entry: bytes, kind: bytes, payload: bytes) -> bytes:
    """A sample description in which a box holds something else. One that tells bit rates (`btrt`) is left out, as they
    are those of a part."""
    inner = [
        box(found, payload if found == kind else held)
        for found, held in boxes(entry[8 + _ENTRY_BYTES :])
        if found != b"btrt"
    ]
    return box(entry[4:8], entry[8 : 8 + _ENTRY_BYTES], *inner)


# --------------------------------------------------------------------------------------------------------------------
# Reading
# --------------------------------------------------------------------------------------------------------------------


def read_track(moov: Raw, file_bytes: int) -> Track:
    """The track of a file with this movie header (the content of its `moov`). Raises NotReadable."""
    parts = list(boxes(moov))
    if any(kind == b"mvex" for kind, _ in parts):
        raise NotReadable("it is fragmented")
    tracks = [payload for kind, payload in parts if kind == b"trak"]
    if len(tracks) != 1:
        raise NotReadable(f"it has {len(tracks)} tracks, not one")
    media = _below(tracks[0], b"mdia")
    header = _below(media, b"mdhd")
    (scale,) = _unpack(">I", header, _scale_at(header))
    if not scale:
        raise NotReadable("it has no time scale")
    tables = dict(boxes(_below(_below(media, b"minf"), b"stbl")))
    sizes = _sizes(_table(tables, b"stsz"), file_bytes)
    count = len(sizes)
    steps = _expanded(_table(tables, b"stts"), count, "stts")
    dts = array("q", [0])
    for step in steps[:-1]:
        dts.append(dts[-1] + step)
    pts = dts
    if b"ctts" in tables:
        signed = bytes(tables[b"ctts"][:1]) != b"\0"
        offsets = _expanded(tables[b"ctts"], count, "ctts", signed=signed)
        pts = array("q", map(int.__add__, dts, offsets))
    entry = _entry(_table(tables, b"stsd"))
    if len(entry) < 8 + _ENTRY_BYTES:
        raise NotReadable("its sample description is none of a picture")
    offset = _offsets(tables, sizes, file_bytes)
    if any(map(file_bytes.__lt__, map(int.__add__, offset, sizes))):
        raise NotReadable("a packet lies behind the end of the file")
    return Track(scale, entry, sizes, offset, dts, pts, _keyframes(tables.get(b"stss"), count), steps[-1])


def _scale_at(header: Raw) -> int:
    """Where a header has its time scale, after two times that are longer in version 1 [8.2.2, 8.4.2]."""
    return 20 if bytes(header[:1]) == b"\1" else 12


def _below(payload: Raw, kind: bytes) -> Raw:
    found = [held for inner, held in boxes(payload) if inner == kind]
    if len(found) != 1:
        raise NotReadable(f"it has {len(found)} boxes {_name(kind)} where there should be one")
    return found[0]


def _table(tables: dict[bytes, memoryview], kind: bytes) -> Raw:
    if kind not in tables:
        raise NotReadable(f"it has no box {_name(kind)}")
    return tables[kind]


def _unpack(form: str, payload: Raw, at: int = 0) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, payload, at)
    except struct.error:
        raise NotReadable(f"a box ends after {len(payload)} bytes, too soon") from None


def _numbers(payload: Raw, at: int, count: int, form: str = "I") -> array[int]:
    """Big-endian numbers, four bytes each, or eight with the form `Q`."""
    numbers = array(form)
    end = at + count * numbers.itemsize
    if end > len(payload):
        raise NotReadable(f"a table of {count} entries in a box of {len(payload)} bytes")
    numbers.frombytes(payload[at:end])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _sizes(payload: Raw, file_bytes: int) -> array[int]:
    same, count = _unpack(">II", payload, 4)
    if not 0 < count <= _MOST_PACKETS:
        raise NotReadable(f"it has {count} packets")
    if not same:
        return array("q", _numbers(payload, 12, count))
    if same * count > file_bytes:
        raise NotReadable(f"{count} packets of {same} bytes in a file of {file_bytes}")
    return array("q", [same]) * count


def _expanded(payload: Raw, count: int, name: str, *, signed: bool = False) -> array[int]:
    """A table of runs [8.6.1], a number for each packet."""
    (runs,) = _unpack(">I", payload, 4)
    pairs = _numbers(payload, 8, 2 * runs)
    values = array("q")
    for length, value in zip(pairs[::2], pairs[1::2], strict=True):
        if len(values) + length > count:
            break
        values.extend(array("q", [value - (1 << 32) if signed and value >> 31 else value]) * length)
    else:
        if len(values) == count:
            return values
    raise NotReadable(f"{name} does not tell of {count} packets")


def _entry(payload: Raw) -> bytes:
    (count,) = _unpack(">I", payload, 4)
    entries = [box(kind, held) for kind, held in boxes(payload[8:])]
    if count != 1 or len(entries) != 1:
        raise NotReadable(f"it has {count} sample descriptions, not one")
    return entries[0]


def _keyframes(payload: Raw | None, count: int) -> bytearray:
    if payload is None:  # all of them [8.6.2]
        return bytearray(b"\1" * count)
    marked = bytearray(count)
    (keyframes,) = _unpack(">I", payload, 4)
    for number in _numbers(payload, 8, keyframes):
        if not 1 <= number <= count:
            raise NotReadable(f"packet {number} of {count} is said to be a keyframe")
        marked[number - 1] = 1
    return marked


def _offsets(tables: dict[bytes, memoryview], sizes: Sequence[int], file_bytes: int) -> array[int]:
    kind, form = (b"co64", "Q") if b"co64" in tables else (b"stco", "I")
    payload = _table(tables, kind)
    (chunks,) = _unpack(">I", payload, 4)
    begins = _numbers(payload, 8, chunks, form)
    payload = _table(tables, b"stsc")
    (runs,) = _unpack(">I", payload, 4)
    told = _numbers(payload, 8, 3 * runs)
    firsts = [*told[::3], chunks + 1]
    if firsts[0] != 1 or any(after <= before for before, after in pairwise(firsts)):
        raise NotReadable("its chunks are out of order")
    offset = array("q")
    packet = 0
    for (first, behind), each, description in zip(pairwise(firsts), told[1::3], told[2::3], strict=True):
        if description != 1 or packet + each * (behind - first) > len(sizes):
            raise NotReadable("its chunks hold more packets than there are, or of another description")
        for chunk in range(first, behind):
            at = begins[chunk - 1]
            if at > file_bytes:
                raise NotReadable("a chunk lies behind the end of the file")
            for _ in range(each):
                offset.append(at)
                at += sizes[packet]
                packet += 1
    if packet != len(sizes):
        raise NotReadable(f"its chunks hold {packet} packets, not {len(sizes)}")
    return offset


# --------------------------------------------------------------------------------------------------------------------
# Writing
# --------------------------------------------------------------------------------------------------------------------


def moov_like(model: Raw, track: Track) -> bytes:
    """A movie header, the whole box, of a file with this track, after that of another file (the content of its
    `moov`). The first frame is shown at once. Raises NotReadable."""
    movie_header = _below(model, b"mvhd")
    (movie_scale,) = _unpack(">I", movie_header, _scale_at(movie_header))
    first = min(track.pts)
    shown = max(track.pts) + track.last - first
    in_movie = -(-shown * movie_scale // track.scale)
    lasts = track.dts[-1] + track.last

    def media(payload: Raw) -> Iterator[bytes]:
        for kind, held in boxes(payload):
            if kind == b"mdhd":
                yield box(kind, _timed(held, 4, lasts))
            elif kind == b"minf":
                inner = (box(k, *_tables(track)) if k == b"stbl" else box(k, h) for k, h in boxes(held))
                yield box(kind, *inner)
            else:
                yield box(kind, held)

    def trak(payload: Raw) -> Iterator[bytes]:
        for kind, held in boxes(payload):
            if kind == b"tkhd":
                yield box(kind, _timed(held, 8, in_movie))
                yield box(b"edts", _edit(in_movie, first))
            elif kind == b"mdia":
                yield box(kind, *media(held))
            elif kind != b"edts":
                yield box(kind, held)

    def movie() -> Iterator[bytes]:
        for kind, held in boxes(model):
            if kind == b"mvhd":
                yield box(kind, _timed(held, 4, in_movie))
            elif kind == b"trak":
                yield box(kind, *trak(held))
            else:
                yield box(kind, held)

    return box(b"moov", *movie())


def _timed(payload: Raw, between: int, duration: int) -> bytes:
    """A header with another duration, that comes so many bytes after two times [8.2.2, 8.3.2, 8.4.2]."""
    payload = bytes(payload)
    wide = payload[:1] == b"\1"
    at = 4 + (16 if wide else 8)
    behind = at + between + (8 if wide else 4)
    if len(payload) < behind:
        raise NotReadable("a header is too short")
    times = _unpack(">QQ" if wide else ">II", payload, 4)
    form, version = (">QQ", b"\1") if wide or duration > _MOST_32 else (">II", b"\0")
    length = struct.pack(">Q" if version == b"\1" else ">I", duration)
    return version + payload[1:4] + struct.pack(form, *times) + payload[at : at + between] + length + payload[behind:]


def _edit(length: int, begins: int) -> bytes:
    """Shown from there on [8.6.6]."""
    wide = max(length, begins) > _MOST_32 >> 1
    form = ">IIQqI" if wide else ">IIIiI"
    return box(b"elst", struct.pack(form, wide << 24, 1, length, begins, 1 << 16))


def _tables(track: Track) -> Iterator[bytes]:
    yield _full(b"stsd", 1, track.entry)
    steps = array("q", (after - before for before, after in pairwise(track.dts)))
    steps.append(track.last)
    yield _runs(b"stts", steps)
    if 0 in track.keyframe:
        keys = array("I", (number for number, key in enumerate(track.keyframe, 1) if key))
        yield _full(b"stss", len(keys), _big_endian(keys))
    if track.pts != track.dts:
        yield _runs(b"ctts", map(int.__sub__, track.pts, track.dts))
    chunks = list(_chunks(track))
    runs = [(key, next(same)[0]) for key, same in groupby(enumerate(chunks, 1), key=lambda one: one[1][1])]
    yield _full(b"stsc", len(runs), b"".join(struct.pack(">III", first, packets, 1) for packets, first in runs))
    yield box(b"stsz", struct.pack(">III", 0, 0, len(track.size_bytes)), _big_endian(array("I", track.size_bytes)))
    begins = array("Q", (at for at, _ in chunks))
    if max(begins) > _MOST_32:
        yield _full(b"co64", len(begins), _big_endian(begins))
    else:
        yield _full(b"stco", len(begins), _big_endian(array("I", begins)))


def _chunks(track: Track) -> Iterator[tuple[int, int]]:
    """Where each begins and how many packets it holds."""
    begin = end = track.offset[0]
    packets = 0
    for at, size in zip(track.offset, track.size_bytes, strict=True):
        if packets and (at != end or end - begin >= CHUNK_BYTES):
            yield begin, packets
            begin, packets = at, 0
        end = at + size
        packets += 1
    yield begin, packets


def _runs(kind: bytes, values: Iterable[int]) -> bytes:
    runs = array("I")
    count = 0
    for value, same in groupby(values):
        if not 0 <= value <= _MOST_32:
            raise NotReadable(f"a step of {value} ticks does not fit into a box {_name(kind)}")
        runs.append(sum(1 for _ in same))
        runs.append(value)
        count += 1
    return _full(kind, count, _big_endian(runs))


def _full(kind: bytes, count: int, content: bytes) -> bytes:
    return box(kind, struct.pack(">II", 0, count), content)


def _big_endian(numbers: array[int]) -> bytes:
    if sys.byteorder == "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _name(kind: bytes) -> str:
    return repr(kind.decode("ascii", "backslashreplace"))
