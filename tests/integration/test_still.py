"""One picture of a recording: the last keyframe of a file, also of one that is being written, or what was at a time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import av
import pytest

from tests.integration.harness import wait_until
from tests.integration.live_support import EMBEDDED_FFMPEG
from vmstui.ffmpeg.fragments import Fragment, find_fragments
from vmstui.ffmpeg.still import Form, NoPicture, Wanted, take_still
from vmstui.tui.bitmap import read_ppm

FLAGS = {"hybrid": "hybrid_fragmented", "fragmented": "frag_keyframe+empty_moov+default_base_moof"}
SIZE = (320, 180)
LENGTH_S = 9.0


def encoding(
    path: Path, flags: str, length_s: float, encoder: str = "libx264", more: tuple[str, ...] = ()
) -> list[str]:
    """The command that makes a test picture move, with a keyframe every other second."""
    command = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-y", *(("-readrate", "6") if length_s > LENGTH_S else ())]
    command += ["-f", "lavfi", "-i", f"testsrc2=size={SIZE[0]}x{SIZE[1]}:rate=10:duration={length_s}", *more]
    command += ["-threads", "1", "-c:v", encoder, "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"]
    if encoder == "libx265":
        command += ["-x265-params", "log-level=error:open-gop=0:keyint=20:min-keyint=20:scenecut=0", "-tag:v", "hvc1"]
    return [*command, "-movflags", flags, "-flush_packets", "1", "-f", "mp4", str(path)]


def video(path: Path, flags: str, more: tuple[str, ...] = ()) -> Path:
    """Nine seconds in a file that was closed."""
    subprocess.run(encoding(path, flags, LENGTH_S, more=more), check=True)
    return path


def left_open(path: Path, flags: str, encoder: str) -> Path:
    """As a file is that is being written: ffmpeg is ended amid it and has no say in that."""
    with subprocess.Popen(encoding(path, flags, 600.0, encoder)) as process:
        try:
            wait_until(lambda: path.exists() and len(fragments(path)) >= 4, "four groups of pictures")
        finally:
            process.kill()
    return path


def fragments(path: Path) -> tuple[Fragment, ...]:
    with open(path, "rb") as file:
        found = find_fragments(file)
    return found.whole if found is not None else ()


def frames(path: Path) -> list[tuple[float, bool, bytes]]:
    """Every picture by PyAV: when it is shown, whether it is a keyframe, and its pixels."""
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.key_frame, pixels(frame)) for frame in container.decode(video=0)]


def pixels(frame: av.VideoFrame) -> bytes:
    """Three bytes per pixel, without what PyAV pads rows with."""
    plane = frame.reformat(format="rgb24").planes[0]
    raw = bytes(plane)
    return b"".join(raw[plane.line_size * y : plane.line_size * y + frame.width * 3] for y in range(frame.height))


def likeness(one: bytes, other: bytes) -> float:
    """Mean difference of a byte; two neighbouring frames of the test picture differ by more than 1."""
    assert len(one) == len(other)
    return sum(abs(a - b) for a, b in zip(one[::7], other[::7], strict=True)) / len(one[::7])


def same(picture: bytes, shown: list[tuple[float, bool, bytes]]) -> float:
    """When the frame was shown that a PPM is a picture of."""
    rgb = read_ppm(picture).rgb
    nearest = min(shown, key=lambda frame: likeness(rgb, frame[2]))
    assert likeness(rgb, nearest[2]) < 1.0
    return nearest[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stills")


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
@pytest.mark.parametrize("kind", sorted(FLAGS))
def test_of_a_file_that_is_being_written_the_last_keyframe(folder: Path, kind: str, encoder: str) -> None:
    """And of one that ends amid a group of pictures, the last one that is whole."""
    path = left_open(folder / f"{kind}-{encoder}.mp4", FLAGS[kind], encoder)
    path.write_bytes(path.read_bytes()[: fragments(path)[-1].end])
    shown = frames(path)
    keyframes = [at for at, key, _ in shown if key]
    assert same(take_still(EMBEDDED_FFMPEG, str(path), Wanted(Form.PPM)), shown) == keyframes[-1]
    at = take_still(EMBEDDED_FFMPEG, str(path), Wanted(Form.PPM, at_s=5.3))
    assert same(at, shown) == keyframes[2], "the keyframe before that time"
    torn = folder / f"torn-{kind}-{encoder}.mp4"
    torn.write_bytes(path.read_bytes()[:-100])
    assert same(take_still(EMBEDDED_FFMPEG, str(torn), Wanted(Form.PPM)), shown) == keyframes[-2]


def test_of_a_closed_file_the_last_keyframe_or_the_very_picture_of_a_time(folder: Path) -> None:
    path = video(folder / "closed.mp4", "faststart")
    shown = frames(path)
    assert same(take_still(EMBEDDED_FFMPEG, str(path), Wanted(Form.PPM)), shown) == 8.0
    assert same(take_still(EMBEDDED_FFMPEG, str(path), Wanted(Form.PPM, at_s=5.3)), shown) == pytest.approx(5.3)
    late = take_still(EMBEDDED_FFMPEG, str(path), Wanted(Form.PPM, at_s=99.0))
    assert same(late, shown) == 8.0, "after its end, its last keyframe"


def test_a_picture_is_as_small_as_wanted_and_its_pixels_are_square(folder: Path) -> None:
    wide = video(folder / "wide.mp4", "faststart", more=("-vf", "setsar=2"))
    picture = read_ppm(take_still(EMBEDDED_FFMPEG, str(wide), Wanted(Form.PPM, (80, 60))))
    assert (picture.width, picture.height) == (80, 23)
    tall = read_ppm(take_still(EMBEDDED_FFMPEG, str(wide), Wanted(Form.PPM, (640, 20))))
    assert tall.height == 20
    with av.open(io.BytesIO(take_still(EMBEDDED_FFMPEG, str(wide), Wanted(Form.PNG)))) as png:
        assert (png.streams.video[0].width, png.streams.video[0].height) == (640, 180)


@pytest.mark.parametrize("kind", ["empty", "noise", "a head alone", "text", "boxes without end"])
def test_a_file_without_a_picture_is_told_in_a_sentence(folder: Path, kind: str) -> None:
    path = folder / f"{kind}.mp4"
    head = video(folder / "whole.mp4", FLAGS["fragmented"]).read_bytes()[:1500]
    noise = os.urandom(20_000)
    endless = b"\x00\x00\x00\x08moof" * 30_000
    path.write_bytes({"empty": b"", "noise": noise, "a head alone": head, "text": b"hello\n"}.get(kind, endless))
    with pytest.raises(NoPicture) as refused:
        take_still(EMBEDDED_FFMPEG, str(path), Wanted())
    assert str(refused.value).isprintable()
    with pytest.raises(FileNotFoundError):
        take_still(EMBEDDED_FFMPEG, str(folder / "none.mp4"), Wanted())


def test_a_picture_is_never_written_over_another(folder: Path, tmp_path: Path) -> None:
    path = video(folder / "once.mp4", "faststart")
    config = tmp_path / "vmstui.yaml"
    config.write_text(f"recordings: {tmp_path}\nffmpeg: {EMBEDDED_FFMPEG}\ncameras: []\n")
    environment = {**os.environ, "VMSTUI_STATE": str(tmp_path / "state")}

    def still(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "vmstui", "--config", str(config), "still", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)

    out = tmp_path / "a.png"
    done = still(str(path), "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == still(str(path)).stdout, "the same into a pipe"
    before = out.read_bytes()
    again = still(str(path), "-o", str(out))
    assert (again.returncode, out.read_bytes()) == (2, before)
    assert b"nothing is overwritten" in again.stderr
    unknown = still("lobby")
    assert (unknown.returncode, unknown.stdout) == (2, b"")
    assert b"found 'lobby', accepted a file, or a camera" in unknown.stderr
