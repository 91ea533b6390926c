"""Parameter sets of several encoders in one sample description, each under a number of its own. Pure.

What a decoder must know beforehand (ITU-T H.264 and H.265, 7.3.2; VPS, SPS and PPS) has numbers, by which pictures
refer to it, and every encoder calls its own 0. So pictures of two encoders fit into one stream once the sets of one of
them have other numbers; a sample description (ISO/IEC 14496-15, `avcC` and `hvcC`) holds them all, and players need
know nothing of it. libx264 can be told a number. libx265 cannot: its sets are numbered anew here, and its slices with
them (`renumbered`). Such a slice begins with the number of its PPS, of a variable length, and ends its header at the
border of a byte. 0 takes one bit and 15 to 30 take nine, so exactly one byte comes in and nothing else has to move.
Called by `splice`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from vmstui.ffmpeg.mp4_tables import NotReadable

_PPS_BESIDE = 15
"""A PPS of H.265 has this more than its SPS, so that it takes nine bits."""

_VPS, _SPS, _PPS = 32, 33, 34
_IRAP = range(16, 24)
_IDR = {"h264": (5,), "h265": (19, 20)}
_PICTURES = {"h264": range(1, 6), "h265": range(32)}
_CHROMA_TOLD = (100, 110, 122, 144, 244)
"""Profiles of H.264 whose `avcC` ends with chroma format and bit depths."""


@dataclass(frozen=True, slots=True)
class Sets:
    """An `avcC` or `hvcC`."""

    codec: str
    head: bytes
    """Before the sets."""
    units: tuple[tuple[int, bytes], ...]
    """Type and NAL unit of each set, in order."""
    tail: bytes
    """After them."""

    @property
    def sampled(self) -> bytes:
        """Chroma format and bit depths: the same, or one decoder cannot show both."""
        if self.codec == "h265":
            return bytes((self.head[16] & 3, self.head[17] & 7, self.head[18] & 7))
        if self.head[1] in _CHROMA_TOLD and len(self.tail) >= 3:
            return bytes((self.tail[0] & 3, self.tail[1] & 7, self.tail[2] & 7))
        return bytes((1, 0, 0))

    def numbers(self) -> set[tuple[int, int]]:
        """Type and number of each set. Raises NotReadable."""
        return {(kind, _number(self.codec, kind, unit)) for kind, unit in self.units if _is_set(self.codec, kind)}


def read_sets(codec: str, payload: bytes) -> Sets:
    """What such a box holds. Raises NotReadable."""
    try:
        return _read_hvcc(payload) if codec == "h265" else _read_avcc(payload)
    except (IndexError, struct.error):
        raise NotReadable("its parameter sets end too soon") from None


def merged(recorded: Sets, packet: bytes, edges: Iterable[Sets]) -> bytes:
    """A box with the sets of a recording, and those of edges under their own numbers; the first `packet` of the
    recording may hold some as well. Raises NotReadable where a number is taken, or pictures of another kind could not
    be shown with the same decoder."""
    units = list(recorded.units)
    within = tuple((_kind(recorded.codec, unit), unit) for unit in units_of(packet, _length_bytes(recorded)))
    taken = recorded.numbers() | replace(recorded, units=within).numbers()
    head, tail = recorded.head, recorded.tail
    for edge in edges:
        if edge.sampled != recorded.sampled or _length_bytes(edge) != _length_bytes(recorded):
            raise NotReadable("the encoder makes pictures of another chroma format, or units of another kind")
        if taken & edge.numbers():
            raise NotReadable("the numbers of two parameter sets are the same")
        taken |= edge.numbers()
        units += [(kind, unit) for kind, unit in edge.units if _is_set(edge.codec, kind)]
        if recorded.codec == "h264":
            if edge.head[1] > head[1]:
                head, tail = head[:1] + edge.head[1:2] + head[2:], edge.tail
            head = head[:2] + bytes((head[2] & edge.head[2], max(head[3], edge.head[3]))) + head[4:]
        else:
            head = head[:12] + bytes((max(head[12], edge.head[12]),)) + head[13:]
    return _written(replace(recorded, head=head, units=tuple(units), tail=tail))


def renumbered(sets: Sets, number: int) -> tuple[Sets, Callable[[bytes], bytes]]:
    """Sets of libx265 with a number from 1 to 15, and what makes packets refer to them. Raises NotReadable, as that
    does, at what libx265 does not write."""
    if any(found for _, found in sets.numbers()):
        raise NotReadable("the encoder numbers its parameter sets in a way that is not expected")
    units = tuple((kind, _with_number(kind, unit, number)) for kind, unit in sets.units)
    size = _length_bytes(sets)

    def packet(raw: bytes) -> bytes:
        made = bytearray()
        for unit in units_of(raw, size):
            kind = _kind(sets.codec, unit)
            changed = unit
            if kind in _PICTURES["h265"]:
                changed = _slice_with_number(kind, unit, number + _PPS_BESIDE)
            elif kind in (_VPS, _SPS, _PPS):
                changed = _with_number(kind, unit, number)
            made += len(changed).to_bytes(size, "big") + changed
        return bytes(made)

    return replace(sets, units=units), packet


def begins_anew(sets: Sets, packet: bytes) -> bool:
    """Whether it is a picture that ends all that came before: an IDR."""
    for unit in units_of(packet, _length_bytes(sets)):
        kind = _kind(sets.codec, unit)
        if kind in _PICTURES[sets.codec]:
            return kind in _IDR[sets.codec]
    return False


def units_of(packet: bytes, size: int) -> list[bytes]:
    """The NAL units of a packet, in which each has its length before it, of so many bytes. Raises NotReadable."""
    found = []
    at = 0
    while at < len(packet):
        length = int.from_bytes(packet[at : at + size], "big")
        at += size
        if length < 1 or at + length > len(packet):
            raise NotReadable("the units of a packet are not as long as they say")
        found.append(packet[at : at + length])
        at += length
    return found


# --------------------------------------------------------------------------------------------------------------------
# The boxes (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1)
# --------------------------------------------------------------------------------------------------------------------


def _read_avcc(payload: bytes) -> Sets:
    units: list[tuple[int, bytes]] = []
    at = 5
    for mask in (31, 255):
        count = payload[at] & mask
        at += 1
        for _ in range(count):
            unit, at = _unit(payload, at)
            units.append((unit[0] & 31, unit))
    return Sets("h264", payload[:5], tuple(units), payload[at:])


def _read_hvcc(payload: bytes) -> Sets:
    units: list[tuple[int, bytes]] = []
    at = 23
    for _ in range(payload[22]):
        kind, count = payload[at] & 63, struct.unpack_from(">H", payload, at + 1)[0]
        at += 3
        for _ in range(count):
            unit, at = _unit(payload, at)
            units.append((kind, unit))
    return Sets("h265", payload[:22], tuple(units), payload[at:])


def _unit(payload: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", payload, at)
    unit = payload[at + 2 : at + 2 + length]
    if len(unit) < max(2, length):
        raise NotReadable("a parameter set ends too soon")
    return unit, at + 2 + length


def _written(sets: Sets) -> bytes:
    def listed(units: Sequence[bytes]) -> bytes:
        return b"".join(struct.pack(">H", len(unit)) + unit for unit in units)

    def complete(kind: int) -> int:
        return 0x80 if _is_set("h265", kind) else 0  # as `hvc1` has it

    if sets.codec == "h265":
        kinds = sorted({kind for kind, _ in sets.units})
        arrays = [(kind, [unit for found, unit in sets.units if found == kind]) for kind in kinds]
        return (
            sets.head
            + bytes((len(arrays),))
            + b"".join(struct.pack(">BH", kind | complete(kind), len(units)) + listed(units) for kind, units in arrays)
            + sets.tail
        )
    sequence = [unit for kind, unit in sets.units if kind == 7]
    picture = [unit for kind, unit in sets.units if kind != 7]
    if len(sequence) > 31 or len(picture) > 255:
        raise NotReadable("it has too many parameter sets")
    return (
        sets.head + bytes((0xE0 | len(sequence),)) + listed(sequence) + bytes((len(picture),)) + listed(picture)
        + sets.tail
    )  # fmt: skip


def _length_bytes(sets: Sets) -> int:
    return (sets.head[21 if sets.codec == "h265" else 4] & 3) + 1


def _kind(codec: str, unit: bytes) -> int:
    return (unit[0] >> 1) & 63 if codec == "h265" else unit[0] & 31


def _is_set(codec: str, kind: int) -> bool:
    return kind in ((_VPS, _SPS, _PPS) if codec == "h265" else (7, 8))


# --------------------------------------------------------------------------------------------------------------------
# The sets
# --------------------------------------------------------------------------------------------------------------------


class _Bits:
    """What a NAL unit holds, bit by bit."""

    def __init__(self, unit: bytes) -> None:
        raw = unescaped(unit)
        self.bits = f"{int.from_bytes(raw, 'big'):0{8 * len(raw)}b}"
        self.at = 0

    def skip(self, count: int) -> None:
        self.at += count

    def read(self, count: int) -> int:
        word = self.bits[self.at : self.at + count]
        if len(word) < count:
            raise NotReadable("a parameter set ends too soon")
        self.at += count
        return int(word, 2)

    def read_golomb(self) -> int:
        """ue(v), 9.2."""
        one = self.bits.find("1", self.at)
        if one < 0 or one - self.at > 32:
            raise NotReadable("a number in a parameter set makes no sense")
        zeros = one - self.at
        self.at = one
        return self.read(zeros + 1) - 1


def golomb(number: int) -> str:
    """ue(v), 9.2, as bits."""
    word = f"{number + 1:b}"
    return "0" * (len(word) - 1) + word


def _number(codec: str, kind: int, unit: bytes) -> int:
    bits = _Bits(unit)
    if codec == "h264":
        bits.skip(32 if kind == 7 else 8)
        return bits.read_golomb()
    bits.skip(16)
    if kind == _VPS:
        return bits.read(4)
    if kind == _SPS:
        _skip_to_number(bits)
    return bits.read_golomb()


def _skip_to_number(bits: _Bits) -> None:
    """From the beginning of an SPS of H.265 on (7.3.2.2 and 7.3.3)."""
    bits.skip(4)
    layers = bits.read(3)
    bits.skip(1 + 96)
    if layers:
        told = [(bits.read(1), bits.read(1)) for _ in range(layers)]
        bits.skip(2 * (8 - layers))
        bits.skip(sum(88 * profile + 8 * level for profile, level in told))


def _with_number(kind: int, unit: bytes, number: int) -> bytes:
    """A set of H.265 with another number; those it refers to have it as well."""
    bits = _Bits(unit)
    told = bits.bits
    head, four = told[:16], f"{number:04b}"
    if kind == _VPS:
        made = head + four + told[20:]
    elif kind == _SPS:
        bits.skip(16)
        _skip_to_number(bits)
        at = bits.at
        bits.read_golomb()
        made = head + four + told[20:at] + golomb(number) + told[bits.at :]
    elif kind == _PPS:
        bits.skip(16)
        bits.read_golomb()
        bits.read_golomb()
        made = head + golomb(number + _PPS_BESIDE) + golomb(number) + told[bits.at :]
    else:
        return unit
    made = made.rstrip("0")  # up to the bit that ends it
    made += "0" * (-len(made) % 8)
    return escaped(int(made, 2).to_bytes(len(made) // 8, "big"))


def _slice_with_number(kind: int, unit: bytes, number: int) -> bytes:
    """A slice of H.265 that refers to another PPS than 0 (7.3.6.1)."""
    raw = unescaped(unit)
    before = 2 if kind in _IRAP else 1
    if len(raw) < 4 or not raw[2] >> (7 - before) & 1:
        raise NotReadable("a slice does not begin as the encoder is expected to write it")
    bits = f"{raw[2]:08b}"
    two = bits[:before] + golomb(number) + bits[before + 1 :]
    return escaped(raw[:2] + int(two, 2).to_bytes(2, "big") + raw[3:])


def unescaped(unit: bytes) -> bytes:
    """Without the bytes that keep a start code from appearing in it (7.3.1.1)."""
    return unit.replace(b"\0\0\3", b"\0\0")


def escaped(raw: bytes) -> bytes:
    """With them."""
    made = re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", raw)
    return made + b"\3" if made.endswith(b"\0") else made
