"""An exact export shows the range asked for and nothing else, of which all but the edges is what was recorded."""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.integration.export_support import START, Footage, at, packets, pictures
from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S
from tests.peers import require
from vmstui.configured import OutputKind
from vmstui.ffmpeg.encoders import encoder_options
from vmstui.ffmpeg.join import Ffmpeg
from vmstui.recording.export_making import Request
from vmstui.recording.exporting import export
from vmstui.recording.manifest import Report, Span

WIDTH, HEIGHT = 96, 64
TOOL = Ffmpeg(EMBEDDED_FFMPEG, "embedded")
SINCE_S, UNTIL_S = 7.23, 40.61
"""Amid groups of pictures, over a gap of nine seconds and two ends of files."""
_COLOURS = ("-color_range", "pc", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "h264 with B-frames": ("libx264", ("-bf", "3", "-preset", "medium")),
    "h265 as it is recorded": ("libx265", encoder_options("libx265", OutputKind.RECORDING, None)[2:]),
    # What a camera sends is copied: no reordering, parameter sets within, slices, colours of its own, 10 bits.
    "h264 of a camera": (
        "libx264",
        ("-bf", "0", "-x264-params", "repeat-headers=1:slices=3", "-vf", "format=yuvj420p", *_COLOURS),
    ),
    "h265 of a camera": (
        "libx265",
        (
            *("-x265-params", "log-level=error:open-gop=0:bframes=0:repeat-headers=1:aud=1:slices=2"),
            *("-pix_fmt", "yuv420p10le", *_COLOURS),
        ),
    ),
}


def decoded(file: Path | str, program: str = EMBEDDED_FFMPEG) -> list[bytes]:
    """Every picture that a program shows of a file, as it is, which it must not complain of."""
    command = [program, "-v", "error", "-i", f"file:{file}", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    run = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S)
    assert run.stderr == b""
    count = len(pictures(file))
    size = len(run.stdout) // count
    assert size in (WIDTH * HEIGHT * 3 // 2, WIDTH * HEIGHT * 3), "as many pictures as PyAV sees"
    return [run.stdout[place : place + size] for place in range(0, len(run.stdout), size)]


def alike_db(one: bytes, other: bytes) -> float:
    """PSNR of two pictures, of 8 or 10 bits."""
    wide = len(one) > WIDTH * HEIGHT * 3 // 2
    values = zip(*(memoryview(raw).cast("H" if wide else "B") for raw in (one, other)), strict=True)
    error = sum((a - b) ** 2 for a, b in values) / (len(one) // (1 + wide))
    return 10 * math.log10((1023 if wide else 255) ** 2 / error) if error else 99.0


@dataclass
class Made:
    footage: Footage
    out: Path
    report: Report
    recorded: list[tuple[float, bytes]]
    """All that was recorded: seconds after START, and the picture."""

    @property
    def wanted(self) -> list[tuple[float, bytes]]:
        return [(time, frame) for time, frame in self.recorded if SINCE_S <= time < UNTIL_S]


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    encoder, more = KINDS[request.param]
    footage = Footage(tmp_path_factory.mktemp("exact"))
    how = {"segment_s": 10, "fps": 10, "size": f"{WIDTH}x{HEIGHT}", "encoder": encoder, "more": more}
    footage.record(1, 0, 20, **how)  # type: ignore[arg-type]
    footage.record(2, 29, 14, **how)  # type: ignore[arg-type]
    recorded = []
    for segment in footage.segments:
        times = pictures(segment.path)
        begin_s = (segment.started_at - START).total_seconds() - times[0]
        recorded += [(begin_s + time, frame) for time, frame in zip(times, decoded(segment.path), strict=True)]
    out = footage.folder / "exact.mp4"
    return Made(footage, out, exported(footage, out), recorded)


def exported(
    footage: Footage, out: Path, tool: Ffmpeg = TOOL, *, until_s: float = UNTIL_S, anew: bool = False
) -> Report:
    span = (START + timedelta(seconds=SINCE_S), START + timedelta(seconds=until_s))
    with footage.catalogue() as catalogue:
        asked = Request("lobby", "Lobby", *span, out, exact=True, anew=anew)
        return export(asked, catalogue, tool, lambda *_: None)


def test_every_frame_of_the_range_is_shown_once_at_its_time(made: Made) -> None:
    wanted, shown = made.wanted, pictures(made.out)
    assert len(shown) == len(wanted) == made.report.frames
    begin_s = wanted[0][0]
    assert shown == pytest.approx([time - begin_s for time, _ in wanted], abs=1e-3)
    with av.open(str(made.out)) as container:
        dts = [packet.dts for packet in container.demux(video=0) if packet.dts is not None]
        assert all(after > before for before, after in pairwise(dts))


def test_what_is_copied_is_what_was_recorded_to_the_bit_and_what_is_not_looks_like_it(made: Made) -> None:
    head, middle, *tail = made.report.spans
    assert [head.encoded, middle.encoded, *(span.encoded for span in tail)] == [True, False, True][: 2 + len(tail)]
    assert head.frames == (10 - SINCE_S) * 10 // 1
    assert sum(span.frames for span in tail) <= 3
    assert middle.position_s == pytest.approx(head.frames / 10, abs=1e-3)
    assert made.report.method.startswith("copied, its edges re-encoded as h26")
    frames, wanted = decoded(made.out), [frame for _, frame in made.wanted]
    begin, end = head.frames, head.frames + middle.frames
    assert frames[begin:end] == wanted[begin:end]
    edges = [*range(begin), *range(end, len(wanted))]
    assert min(alike_db(frames[index], wanted[index]) for index in edges) > 35
    # The packets as well, of which the decoder of a camera's own software may make something else.
    recorded = {packet for segment in made.footage.segments for packet, _ in packets(segment.path)}
    written = [packet for packet, _ in packets(made.out)]
    assert all(packet in recorded for packet in written[begin:end])


def test_the_stream_has_one_description_with_the_colours_of_the_recording(made: Made) -> None:
    def described(file: Path | str) -> tuple[object, ...]:
        with av.open(str(file)) as container:
            codec = container.streams.video[0].codec_context
            return (
                codec.name, codec.width, codec.height, codec.pix_fmt, codec.color_range, codec.colorspace,
                codec.color_primaries,
            )  # fmt: skip

    assert described(made.out) == described(made.footage.segments[0].path)
    edge = next(iter(made.report.spans))
    assert edge.encoded
    with av.open(str(made.out)) as container:
        shown = {(frame.format.name, frame.color_range, frame.colorspace) for frame in container.decode(video=0)}
    assert len(shown) == 1


def test_from_wherever_a_player_seeks_it_shows_the_same(made: Made) -> None:
    with av.open(str(made.out)) as container:
        stream = container.streams.video[0]
        shown = {frame.pts: [bytes(plane) for plane in frame.planes] for frame in container.decode(stream)}
        last = max(shown)
        for place in (last, last // 3, 0, last // 2, last // 10):
            container.seek(place, stream=stream)
            found = [frame for frame, _ in zip(container.decode(stream), range(60), strict=False)]
            assert found[0].pts <= place
            for frame in found:
                assert [bytes(plane) for plane in frame.planes] == shown[frame.pts]


@pytest.mark.peer
def test_other_players_show_the_same_pictures(made: Made, tmp_path: Path) -> None:
    require("ffmpeg", "gst-launch-1.0")
    frames = decoded(made.out)
    assert decoded(made.out, "ffmpeg") == frames
    raw = tmp_path / "gst.raw"
    codec = made.footage.segments[0].codec
    pipeline = f"filesrc location={made.out} ! qtdemux ! {codec}parse ! avdec_{codec} max-errors=0"
    pipeline += f" ! filesink location={raw}"
    run = subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], capture_output=True, text=True, timeout=LIMIT_S)
    assert (run.returncode, run.stderr) == (0, "")
    assert raw.read_bytes() == b"".join(frames)


# --------------------------------------------------------------------------------------------------------------------
# Where it cannot be done like that
# --------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    footage = Footage(tmp_path_factory.mktemp("small"))
    footage.record(1, 0, 20, segment_s=10, fps=10, size=f"{WIDTH}x{HEIGHT}", encoder="libx265")
    footage.catalogue().close()
    return footage


def whole(report: Report, frames: int) -> str:
    """Why all of it was encoded anew."""
    assert report.method == "re-encoded as h264"
    assert report.spans == (Span(encoded=True, position_s=0.0, frames=frames),)
    assert len(pictures(report.path)) == report.frames == frames
    return "; ".join(report.notes)


def test_within_a_group_of_pictures_all_of_it_is_encoded_and_so_it_is_where_it_is_asked_for(
    small: Footage, tmp_path: Path
) -> None:
    report = exported(small, tmp_path / "short.mp4", until_s=9.52)
    assert whole(report, 23) == (
        "all of it was encoded anew: there is no keyframe in the range from which on it could be copied"
    )
    assert whole(exported(small, tmp_path / "all.mp4", until_s=15.02, anew=True), 78) == ""


def test_open_groups_of_pictures_are_not_torn(tmp_path: Path) -> None:
    footage = Footage(tmp_path)
    more = ("-preset", "medium", "-x264-params", "open-gop=1:keyint=40:bframes=2:scenecut=0")
    footage.record(1, 0, 20, segment_s=10, fps=10, size=f"{WIDTH}x{HEIGHT}", more=more)
    segment = footage.segments[0]
    assert all(key in (True, False) for key in TOOL.packets(segment.path).keyframe)
    reason = whole(exported(footage, tmp_path / "out.mp4", until_s=15.02), 78)
    assert reason.startswith("all of it was encoded anew: ")


def test_what_does_not_read_back_as_it_should_is_thrown_away_and_made_anew(small: Footage, tmp_path: Path) -> None:
    class Damages(Ffmpeg):
        def splice(self, pieces, out, progress):  # type: ignore[no-untyped-def]
            super().splice(pieces, out, progress)
            raw = bytearray(Path(out).read_bytes())
            copied, _ = packets(out)[40]
            raw[raw.index(copied) + len(copied) // 2] ^= 1
            Path(out).write_bytes(raw)

    class Loses(Ffmpeg):
        def edge(self, pictures, *more):  # type: ignore[no-untyped-def]
            super().edge(replace(pictures, since_s=pictures.since_s + 0.1), *more)

    class Unjoinable(Ffmpeg):
        def edge(self, pictures, out, codec, *more):  # type: ignore[no-untyped-def]
            super().edge(pictures, out, "h264", *more)

    for tool, reason in (
        (Damages, "what was joined is not what was recorded: frame "),
        (Loses, "of 27 frames at an edge, 26 could be decoded"),
        (Unjoinable, "an edge is of another codec or size than what was recorded"),
    ):
        out = tmp_path / f"{tool.__name__}.mp4"
        told = whole(exported(small, out, tool(EMBEDDED_FFMPEG, ""), until_s=15.02), 78)
        assert told.startswith(f"all of it was encoded anew: {reason}")
    assert len(list(tmp_path.iterdir())) == 3, "nothing else is left"


def test_an_ffmpeg_without_the_encoder_encodes_all_of_it_as_h264(small: Footage, tmp_path: Path) -> None:
    lacks = tmp_path / "ffmpeg"
    lacks.write_text(
        f'#!/bin/sh\ncase "$*" in *libx265*) echo "[error] Unknown encoder \'libx265\'" >&2; exit 8;; esac\n'
        f'exec "{EMBEDDED_FFMPEG}" "$@"\n'
    )
    lacks.chmod(0o755)
    told = whole(exported(small, tmp_path / "out.mp4", Ffmpeg(str(lacks), ""), until_s=15.02), 78)
    assert "an edge could not be encoded as h265: Unknown encoder 'libx265'" in told


def test_a_person_and_the_manifest_are_told_which_frames_are_not_those_that_were_recorded(small: Footage) -> None:
    out = small.folder / "told.mp4"
    asked = ("lobby", "--from", at(SINCE_S), "--to", at(15.02), "--manifest")
    run = small.export(*asked, "--exact", str(out))
    assert run.returncode == 0, run.stderr
    manifest = json.loads(Path(f"{out}.manifest.json").read_text())["export"]
    assert manifest["method"] == "copied, its edges re-encoded as h265"
    begins, copied, *ends = (span["frames"] for span in manifest["spans"])
    assert [span["encoded"] for span in manifest["spans"]] == [True, False, True][: 2 + len(ends)]
    assert begins + copied + sum(ends) == manifest["frames"] == 78
    at_end = f" and {ends[0]} at the end" if ends else ""
    assert (
        f"anew       {begins} at the beginning{at_end}; the other {copied} frames are as they were recorded"
        in run.stdout
    )
    assert Footage.verify(f"{out}.manifest.json").returncode == 0
    run = small.export(*asked, "--exact", "--exact-all", str(small.folder / "both.mp4"))
    assert run.returncode == 2
    assert "not allowed with argument --exact" in run.stderr
    run = small.export(*asked, "--exact-all", str(small.folder / "all.mp4"), "--json")
    assert json.loads(run.stdout.splitlines()[-1])["result"]["method"] == "re-encoded as h264"


def test_a_copy_of_a_codec_that_starts_on_its_keyframe_needs_no_encoder(small: Footage, tmp_path: Path) -> None:
    class Refuses(Ffmpeg):
        def edge(self, *_):  # type: ignore[no-untyped-def]
            raise AssertionError("nothing is to be encoded")

    span = (START + timedelta(seconds=5), START + timedelta(seconds=20))
    request = Request("lobby", "Lobby", *span, tmp_path / "out.mp4", exact=True)
    with small.catalogue() as catalogue:
        report = export(request, catalogue, Refuses(EMBEDDED_FFMPEG, ""), lambda *_: None)
        plain = export(replace(request, out=tmp_path / "plain.mp4", exact=False), catalogue, TOOL, lambda *_: None)
    assert report.method == plain.method == "copied"
    assert report.spans == plain.spans == (Span(encoded=False, position_s=0.0, frames=150),)
    assert packets(report.path) == packets(plain.path)
