"""The size of the picture from a sequence parameter set of H.264 (ITU-T H.264, 7.3.2.1.1) or H.265 (7.3.2.2). Pure.

Read as far as the size and no further. What is torn or makes no sense gives None: it came over the network.
"""

from __future__ import annotations

import base64
import binascii
import re

_MOST_PIXELS = 16384
_CHROMA_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
"""Profiles of H.264 whose parameter sets tell the chroma format."""
_SPS_TYPES = {"h264": 7, "h265": 33}


class _Bits:
    """Reads bits, highest first. Raises IndexError past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._position >> 3] >> (7 - (self._position & 7)) & 1
            self._position += 1
        return value

    def skip(self, count: int) -> None:
        self._position += count

    def number(self) -> int:
        """An Exp-Golomb code, ue(v)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise IndexError("not a number")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """se(v)."""
        code = self.number()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def picture_size(codec: str, nal: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None where the NAL unit is no such parameter set of this codec."""
    if len(nal) < 4 or nal_type(codec, nal) != _SPS_TYPES.get(codec):
        return None
    bits = _Bits(re.sub(rb"\x00\x00\x03", b"\x00\x00", nal))
    try:
        width, height = _h264(bits) if codec == "h264" else _h265(bits)
    except IndexError:
        return None
    return (width, height) if 0 < width <= _MOST_PIXELS and 0 < height <= _MOST_PIXELS else None


def nal_type(codec: str, nal: bytes) -> int:
    """What a NAL unit is, by its header."""
    return nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F


def described_sets(codec: str, parameters: str) -> list[bytes]:
    """The parameter sets in the `a=fmtp` value of a description (RFC 6184, 8.1; RFC 7798, 7.1)."""
    name = "sprop-parameter-sets" if codec == "h264" else "sprop-sps"
    found = re.search(rf"(?:^|[;\s]){name}=([^;\s]+)", parameters)
    sets: list[bytes] = []
    for text in found[1].split(",") if found else ():
        try:
            sets.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return sets


def _h264(bits: _Bits) -> tuple[int, int]:
    bits.skip(8)
    profile = bits.take(8)
    bits.skip(16)
    bits.number()
    chroma, planes = 1, 0
    if profile in _CHROMA_PROFILES:
        chroma = bits.number()
        planes = bits.take(1) if chroma == 3 else 0
        bits.number()
        bits.number()
        bits.skip(1)
        if bits.take(1):
            _skip_scaling_lists(bits, 12 if chroma == 3 else 8)
    bits.number()
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.skip(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.number()):
            bits.signed()
    bits.number()
    bits.skip(1)
    columns, rows = bits.number() + 1, bits.number() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.skip(1)
    bits.skip(1)
    left, right, top, bottom = _window(bits)
    across, down = (2 if chroma in (1, 2) and not planes else 1), (2 if chroma == 1 and not planes else 1)
    down *= 2 - frames_only
    return 16 * columns - across * (left + right), 16 * rows * (2 - frames_only) - down * (top + bottom)


def _skip_scaling_lists(bits: _Bits, count: int) -> None:
    for index in range(count):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last


def _h265(bits: _Bits) -> tuple[int, int]:
    bits.skip(16 + 4)
    layers = bits.take(3)
    bits.skip(1 + 96)  # profile, tier and level of the whole
    told = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.skip(2 * (8 - layers))
    for profile, level in told:
        bits.skip(88 * profile + 8 * level)
    bits.number()
    chroma = bits.number()
    planes = bits.take(1) if chroma == 3 else 0
    width, height = bits.number(), bits.number()
    left, right, top, bottom = _window(bits)
    across, down = (2 if chroma in (1, 2) and not planes else 1), (2 if chroma == 1 and not planes else 1)
    return width - across * (left + right), height - down * (top + bottom)


def _window(bits: _Bits) -> tuple[int, int, int, int]:
    """What is cut off at left, right, top and bottom, in units of chroma samples."""
    if not bits.take(1):
        return 0, 0, 0, 0
    return bits.number(), bits.number(), bits.number(), bits.number()
