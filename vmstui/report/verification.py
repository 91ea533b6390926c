"""The section about what was made: recordings as they were checked, and live streams as a player saw them. Pure."""

from __future__ import annotations

from vmstui.configured import OutputKind
from vmstui.footage import Segment, SegmentVerdict
from vmstui.live_check import LiveCheck
from vmstui.report.document import Block, Bullets, Code, Inline, Section, Table, Tone, Verdict, said
from vmstui.report.gathered import Gathered, OfCamera
from vmstui.report.names import called, minute
from vmstui.spoken import codec_name, decimal_size, length

FAULTS = 20
"""Segments that are not good, told one by one."""


def verification_section(gathered: Gathered) -> Section:
    """Of recordings and of live."""
    return Section("Verification", (_recordings(gathered), _live(gathered)))


def _recordings(gathered: Gathered) -> Section:
    found = [one for one in gathered.cameras if one.recordings.count]
    if not found:
        return Section("Recordings", (said("No segment was closed in this time."),))
    header = (
        "camera",
        "segments",
        "verdicts",
        "newest",
        "video",
        "a segment",
        "size: least",
        "median",
        "most",
        "in all",
    )
    blocks: list[Block] = [
        said(
            "Each segment is opened and its packets are counted before it is published; “good” means that it plays, "
            "begins with a keyframe and is as long as it should be. ",
            "All of them are looked through again by ",
            Code("vmstui verify"),
            ", decoded frame by frame by ",
            Code("vmstui verify --deep"),
            ".",
        ),
        Table(header, tuple(_row(one, gathered) for one in found), frozenset((1, 5, 6, 7, 8, 9))),
    ]
    newest = [one.recordings.newest for one in found if one.recordings.newest is not None]
    if newest:
        files = tuple((Code(segment.path), f" ({decimal_size(segment.size_bytes)})") for segment in newest)
        blocks += [said("The newest file of each:"), Bullets(files)]
    faulty = [segment for one in found for segment in one.recordings.faulty]
    if faulty:
        faults = tuple(_fault(segment) for segment in faulty[-FAULTS:])
        blocks += [said(f"Not good, {min(FAULTS, len(faulty))} of {len(faulty)}, the newest last:"), Bullets(faults)]
    return Section("Recordings", tuple(blocks))


def _row(one: OfCamera, gathered: Gathered) -> tuple[Inline, ...]:
    found, segment = one.recordings, one.recordings.newest
    ill = sum(count for verdict, count in found.verdicts if verdict is not SegmentVerdict.GOOD)
    counts = ", ".join(f"{count} {verdict.value}" for verdict, count in found.verdicts)
    broken = any(verdict is SegmentVerdict.BROKEN for verdict, _ in found.verdicts)
    tone = Tone.BAD if broken else Tone.WARN if ill else Tone.GOOD
    return (
        called(one.camera),
        str(found.count),
        Verdict(counts, tone),
        minute(segment.started_at, gathered.zone) if segment is not None else "–",
        video(segment.codec, segment.width, segment.height, segment.fps) if segment is not None else "–",
        length(found.median_s),
        decimal_size(found.smallest_bytes),
        decimal_size(found.median_bytes),
        decimal_size(found.largest_bytes),
        decimal_size(found.size_bytes),
    )


def _fault(segment: Segment) -> tuple[Inline, ...]:
    reason = f": {segment.reason}" if segment.reason else ""
    return (f"{segment.verdict.value}, ", Code(segment.path), reason)


def _live(gathered: Gathered) -> Section:
    wanted = [one for one in gathered.cameras if one.camera.output(OutputKind.LIVE) is not None]
    if not wanted:
        return Section("Live streams", (said("No camera has a live stream."),))
    header = ("camera", "seen", "codec", "size", "fps", "bitrate", "first picture", "watched", "verdict")
    rows = tuple(_live_row(one, gathered) for one in wanted)
    addresses = tuple((Code(one.live.url),) for one in wanted if one.live is not None and one.live.url)
    blocks: list[Block] = [
        said(
            "As a player saw them last, from the first word to the server on; the recorder watches each now and then "
            "by itself, and at once with ",
            Code("vmstui verify --live"),
            ".",
        ),
        Table(header, rows, frozenset((4, 5, 6, 7))),
    ]
    if addresses:
        blocks.append(Bullets(addresses))
    return Section("Live streams", tuple(blocks))


def _live_row(one: OfCamera, gathered: Gathered) -> tuple[Inline, ...]:
    check = one.live
    if check is None:
        live = one.camera.output(OutputKind.LIVE)
        why = live.reason if live is not None and live.reason else "not watched yet"
        return (called(one.camera), "–", "–", "–", "–", "–", "–", "–", Verdict(why, Tone.OPEN))
    seen = check.pictures > 0
    return (
        called(one.camera),
        minute(check.at, gathered.zone),
        codec_name(check.codec) if seen else "–",
        f"{check.width}x{check.height}" if seen and check.width else "–",
        f"{check.fps:.2f}" if seen else "–",
        f"{check.bitrate_bps / 1e6:.2f} Mbit/s" if seen else "–",
        f"{check.first_picture_s:.2f} s" if check.first_picture_s is not None else "–",
        f"{check.watched_s:.1f} s" if seen else "–",
        live_verdict(check),
    )


def live_verdict(check: LiveCheck) -> Verdict:
    """One look at a stream in a few words."""
    return Verdict("accessible", Tone.GOOD) if check.well else Verdict(check.reason or "no picture", Tone.BAD)


def video(codec: str, width: int, height: int, fps: float) -> str:
    """`H.265 1920x1080, 25.0 fps`; empty where nothing is known."""
    if not codec:
        return "–"
    rate = f", {fps:.1f} fps" if fps else ""
    return f"{codec_name(codec)} {width}x{height}{rate}"
