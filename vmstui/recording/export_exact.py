"""The file of an exact export is written: what was recorded is copied, its edges are encoded anew, and all are joined.

What was joined is read back: what was copied is compared packet by packet, of the edges each frame has to be there at
its time. Where that does not work out, for whatever reason that lies in the footage or in ffmpeg, all of it is encoded
anew, and the reason is told.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import ExitStack

from vmstui.recording import cuts as cutting
from vmstui.recording.cuts import Cut
from vmstui.recording.edges import Edge, Exact, Piece
from vmstui.recording.export_file import unfinished
from vmstui.recording.export_making import Request, Tell, Tool, by_ffmpeg, encode, reporting, tags_of
from vmstui.recording.manifest import Span

_NUMBERS = (15, 14)
"""Of the parameter sets of the two edges; what is recorded has lower ones."""
_LINKED = ("h264", "h265")
ENCODED = "re-encoded as h264"


class NotJoined(Exception):
    """It did not work out like that. The text is the reason."""


def make(
    request: Request,
    cuts: Sequence[Cut],
    exact: Exact | None,
    checksums: array[int],
    times_us: array[int],
    tool: Tool,
    tell: Tell,
    made: str,
) -> tuple[str, tuple[Span, ...], list[str]]:
    """Write it. What came of it: how it was made, what was copied and what was not, and notes. Raises ExportFailed and
    OSError."""
    notes = []
    if not request.anew:
        try:
            spans = _joined(request, cuts, exact, checksums, times_us, tool, tell, made)
        except NotJoined as error:
            notes.append(f"all of it was encoded anew: {error}")
        else:
            codec = cuts[0].format.codec
            anew = any(span.encoded for span in spans)
            return f"copied, its edges re-encoded as {codec}" if anew else "copied", spans, notes
    frames, more = encode(request, cuts, tool, tell, made)
    return ENCODED, (Span(encoded=True, position_s=0.0, frames=frames),), [*notes, *more]


def _joined(
    request: Request,
    cuts: Sequence[Cut],
    exact: Exact | None,
    checksums: array[int],
    times_us: array[int],
    tool: Tool,
    tell: Tell,
    made: str,
) -> tuple[Span, ...]:
    if len({one.format for one in cuts}) > 1:
        raise NotJoined("the recording changes within the range")
    if (codec := cuts[0].format.codec) not in _LINKED:
        raise NotJoined(f"{codec} can only be decoded")
    if exact is None:
        raise NotJoined("there is no keyframe in the range from which on it could be copied")
    kept, kept_us = checksums[exact.first : exact.end], times_us[exact.first : exact.end]
    middle = exact.middle
    if exact.head is None and exact.tail is None:
        by_ffmpeg(request, middle, lambda: _copy(request, cuts, middle, tool, tell, made))
        _compare(tool, tell, made, kept, kept_us, 0, 0)
        return (Span(encoded=False, position_s=0.0, frames=len(kept)),)
    head_us, tail_us = (array("q") if edge is None else edge.times_us for edge in (exact.head, exact.tail))
    begins_us = head_us[0] if head_us else middle[0].position_us
    with ExitStack() as stack:

        def another() -> str:
            return stack.enter_context(unfinished(request.out.parent)).path

        pieces = []
        if exact.head is not None:
            pieces.append(_edge(request, exact.head, tool, tell, Piece(another(), 0, _NUMBERS[0])))
        copied = another()
        pieces.append(Piece(copied, min(kept_us) - begins_us, None))
        if exact.tail is not None:
            at_us = tail_us[0] - begins_us
            pieces.append(
                _edge(request, exact.tail, tool, tell, Piece(another(), at_us, _NUMBERS[1], exact.tail.lasts_us))
            )
        by_ffmpeg(request, middle, lambda: _copy(request, cuts, middle, tool, tell, copied))
        try:
            tool.splice(pieces, made, reporting("joining", cuts, request, tell))
        except ValueError as error:
            raise NotJoined(str(error)) from error
    expected_us = head_us + kept_us + tail_us
    _compare(tool, tell, made, kept, expected_us, len(head_us), len(tail_us))
    found = [
        Span(encoded=encoded, position_s=(times[0] - begins_us) / 1e6, frames=len(times))
        for encoded, times in ((True, head_us), (False, array("q", sorted(kept_us))), (True, tail_us))
        if times
    ]
    return tuple(found)


def _copy(request: Request, cuts: Sequence[Cut], middle: Sequence[Cut], tool: Tool, tell: Tell, out: str) -> None:
    progress = reporting("copying", middle, request, tell)
    tool.copy(cutting.parts(middle), out, tags_of(request, cuts), middle[0].format.codec, progress)


def _edge(request: Request, edge: Edge, tool: Tool, tell: Tell, piece: Piece) -> Piece:
    codec = edge.cuts[0].format.codec
    progress = reporting("encoding", edge.cuts, request, tell)
    what = (cutting.parts(edge.cuts), piece.path, codec, piece.number or 0, edge.since_s, edge.until_s, progress)
    try:
        tool.edge(*what)
        found = len(tool.packets(piece.path).pts)
    except ValueError as error:
        raise NotJoined(f"an edge could not be encoded as {codec}: {error}") from error
    if found != len(edge.times_us):
        raise NotJoined(f"of {len(edge.times_us)} frames at an edge, {found} could be decoded")
    return piece


def _compare(
    tool: Tool, tell: Tell, made: str, kept: array[int], times_us: array[int], before: int, after: int
) -> None:
    tell("comparing", 0.0)
    try:
        found = tool.packets(made)
    except ValueError as error:
        raise NotJoined(f"what was joined does not play: {error}") from error
    behind = max(before, len(found.checksum) - after)
    expected = found.checksum[:before] + kept + found.checksum[behind:]
    if difference := cutting.differs(found, expected, times_us):
        raise NotJoined(f"what was joined is not what was recorded: {difference}")
    tell("comparing", 1.0)
