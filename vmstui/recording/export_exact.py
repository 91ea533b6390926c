"""The file of an exact export is written: what was recorded is copied, its edges are encoded anew, and all are joined.

What was joined is read back: what was copied is compared packet by packet, of the edges each frame has to be there at
its time. Where that does not work out, for whatever reason that lies in the footage or in ffmpeg, all of it is encoded
anew, and the reason is told.
"""

from __future__ import annotations

from array import array
from contextlib import ExitStack

from vmstui.recording import cuts as cutting
from vmstui.recording.cuts import Pictures
from vmstui.recording.edges import Edge, Exact, Piece
from vmstui.recording.export_file import unfinished
from vmstui.recording.export_making import Job, copied, encode, reporting
from vmstui.recording.manifest import Span

_NUMBERS = (15, 14)
"""Of the parameter sets of the two edges; what is recorded has lower ones."""
_LINKED = ("h264", "h265")
ENCODED = "re-encoded as h264"


class NotJoined(Exception):
    """It did not work out like that. The text is the reason."""


def make(job: Job, exact: Exact | None) -> tuple[str, tuple[Span, ...], list[str]]:
    """Write it. What came of it: how it was made, what was copied and what was not, and notes. Raises ExportFailed and
    OSError."""
    notes = []
    if not job.request.anew:
        try:
            spans = _joined(job, exact)
        except NotJoined as error:
            notes.append(f"all of it was encoded anew: {error}")
        else:
            codec = job.cuts[0].format.codec
            anew = any(span.encoded for span in spans)
            return f"copied, its edges re-encoded as {codec}" if anew else "copied", spans, notes
    frames, more = encode(job)
    return ENCODED, (Span(encoded=True, position_s=0.0, frames=frames),), [*notes, *more]


def _joined(job: Job, exact: Exact | None) -> tuple[Span, ...]:
    cuts = job.cuts
    if len({one.format for one in cuts}) > 1:
        raise NotJoined("the recording changes within the range")
    if (codec := cuts[0].format.codec) not in _LINKED:
        raise NotJoined(f"{codec} can only be decoded")
    if exact is None:
        raise NotJoined("there is no keyframe in the range from which on it could be copied")
    kept, kept_us = job.checksums[exact.first : exact.end], job.times_us[exact.first : exact.end]
    middle = exact.middle
    if exact.head is None and exact.tail is None:
        copied(job, middle, job.out)
        _compare(job, kept, kept_us, 0, 0)
        return (Span(encoded=False, position_s=0.0, frames=len(kept)),)
    head_us, tail_us = (array("q") if edge is None else edge.times_us for edge in (exact.head, exact.tail))
    begins_us = head_us[0] if head_us else middle[0].position_us
    with ExitStack() as stack:

        def another() -> str:
            return stack.enter_context(unfinished(job.request.out.parent)).path

        pieces = []
        if exact.head is not None:
            pieces.append(_edge(job, exact.head, Piece(another(), 0, _NUMBERS[0])))
        between = another()
        pieces.append(Piece(between, min(kept_us) - begins_us, None))
        if exact.tail is not None:
            at_us = tail_us[0] - begins_us
            pieces.append(_edge(job, exact.tail, Piece(another(), at_us, _NUMBERS[1], exact.tail.lasts_us)))
        copied(job, middle, between)
        try:
            job.tool.splice(pieces, job.out, reporting(job, "joining", cuts))
        except ValueError as error:
            raise NotJoined(str(error)) from error
    expected_us = head_us + kept_us + tail_us
    _compare(job, kept, expected_us, len(head_us), len(tail_us))
    found = [
        Span(encoded=encoded, position_s=(times[0] - begins_us) / 1e6, frames=len(times))
        for encoded, times in ((True, head_us), (False, array("q", sorted(kept_us))), (True, tail_us))
        if times
    ]
    return tuple(found)


def _edge(job: Job, edge: Edge, piece: Piece) -> Piece:
    codec = edge.cuts[0].format.codec
    pictures = Pictures(cutting.parts(edge.cuts), edge.since_s, edge.until_s)
    try:
        job.tool.edge(pictures, piece.path, codec, piece.number or 0, reporting(job, "encoding", edge.cuts))
        found = len(job.tool.packets(piece.path).pts)
    except ValueError as error:
        raise NotJoined(f"an edge could not be encoded as {codec}: {error}") from error
    if found != len(edge.times_us):
        raise NotJoined(f"of {len(edge.times_us)} frames at an edge, {found} could be decoded")
    return piece


def _compare(job: Job, kept: array[int], times_us: array[int], before: int, after: int) -> None:
    job.tell("comparing", 0.0)
    try:
        found = job.tool.packets(job.out)
    except ValueError as error:
        raise NotJoined(f"what was joined does not play: {error}") from error
    behind = max(before, len(found.checksum) - after)
    expected = found.checksum[:before] + kept + found.checksum[behind:]
    if difference := cutting.differs(found, expected, times_us):
        raise NotJoined(f"what was joined is not what was recorded: {difference}")
    job.tell("comparing", 1.0)
