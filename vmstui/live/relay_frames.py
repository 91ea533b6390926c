"""Runs of interleaved frames as the relay passes them on: where they end, other channels, put together. Pure, no I/O.

`relay_path`, `relay_session` and `relay_splice` call it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from vmstui.live.messages import Frames


def frame_ends(block: bytes) -> tuple[int, ...]:
    """Where each whole frame of a block ends."""
    ends: list[int] = []
    position = 0
    while position < len(block):
        position += 4 + int.from_bytes(block[position + 2 : position + 4], "big")
        ends.append(position)
    return tuple(ends)


def remap(block: bytes, ends: Sequence[int], channels: Mapping[int, int]) -> tuple[bytes, tuple[int, ...]]:
    """The frames with their channels renamed, and where they end; those on channels not in the map are left out."""
    pieces: list[bytes] = []
    new_ends: list[int] = []
    start = position = 0
    for end in ends:
        channel = channels.get(block[start + 1])
        if channel is not None:
            pieces += (b"$%c" % channel, block[start + 2 : end])
            position += end - start
            new_ends.append(position)
        start = end
    return b"".join(pieces), tuple(new_ends)


def joined(blocks: Iterable[bytes]) -> Frames:
    """Frames, or runs of them, as one run."""
    block = b"".join(blocks)
    return Frames(block, frame_ends(block))


def taken_apart(frames: Frames) -> list[bytes]:
    """A run as single frames."""
    starts = (0, *frames.ends[:-1])
    return [frames.block[start:end] for start, end in zip(starts, frames.ends, strict=True)]
