"""An ffmpeg that dies, is missing or is told to stop says nothing about a file, and costs no footage its place."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.peers import require
from vmstui.ffmpeg.decode import decode_media
from vmstui.ffmpeg.inspect import Unplayable, inspect_media
from vmstui.ffmpeg.packets import list_packets
from vmstui.ffmpeg.reading import Told
from vmstui.footage import Segment, SegmentVerdict
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.fill import ingest
from vmstui.recording.verify import Looks, Surroundings, take_over, verify

START = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
DYING = {
    "killed": "kill -9 $$",
    "without its library": "echo 'ffmpeg: error while loading shared libraries: libx.so.9: no such file' >&2; exit 127",
    "killed halfway": f'{shlex.quote(EMBEDDED_FFMPEG)} "$@" | head -n 20; kill -9 $$',
    "told to stop": f'{shlex.quote(EMBEDDED_FFMPEG)} "$@" | head -n 20; exit 255',
    "killed behind a shell": f'{shlex.quote(EMBEDDED_FFMPEG)} "$@" | head -n 20; exit 137',
    "fails at itself": "echo '[error] Unrecognized option c.' >&2; exit 8",
    "without memory": "echo '[error] file:x: Cannot allocate memory' >&2; exit 1",
    "not allowed": "echo '[error] file:x: Permission denied' >&2; exit 1",
    "silent": "exit 0",
}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "Lobby" / "2025-10-20").mkdir(parents=True)
    return folder


@pytest.fixture
def file(recordings: Path) -> Path:
    path = recordings / "Lobby" / "2025-10-20" / "Lobby_20251020_120000.mp4"
    command = [
        EMBEDDED_FFMPEG,
        "-v",
        "error",
        "-nostdin",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=10:duration=5",
    ]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, "-movflags", "frag_keyframe+empty_moov", str(path)], check=True)
    return path


def _fake(folder: Path, script: str) -> str:
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def _catalogued(path: Path) -> Segment:
    found = inspect_media(EMBEDDED_FFMPEG, str(path))
    return Segment(
        "lobby", 1, str(path), START, found.duration_s, path.stat().st_size, found.codec, found.width, found.height,
        SegmentVerdict.GOOD, "", found.frames, found.fps, True, 0,
    )  # fmt: skip


@pytest.mark.parametrize("how", DYING)
def test_a_good_file_stays_good_and_where_it_is(tmp_path: Path, recordings: Path, file: Path, how: str) -> None:
    fake = _fake(tmp_path, DYING[how])
    segment = _catalogued(file)
    with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
        catalogue.add([segment])
        looks = Looks(lambda path: inspect_media(fake, path), lambda path: decode_media(fake, path, 60.0))
        verified = verify(segment, looks)
        take_over(catalogue, Surroundings(recordings), verified)
        assert verified.error
        assert catalogue.segments("lobby", None, None) == (segment,)
    assert file.exists()


@pytest.mark.parametrize("how", [how for how in DYING if how != "silent"])
def test_neither_decoding_nor_a_list_of_packets_takes_it_for_an_answer(tmp_path: Path, file: Path, how: str) -> None:
    fake = _fake(tmp_path, DYING[how])
    with pytest.raises(OSError, match="could not be looked at"):
        decode_media(fake, str(file), 60.0)
    with pytest.raises(OSError, match="could not be looked at"):
        list_packets(fake, str(file))


@pytest.mark.parametrize("how", ["missing", "not executable"])
def test_a_missing_ffmpeg_is_no_missing_recording(tmp_path: Path, recordings: Path, file: Path, how: str) -> None:
    program = tmp_path / "ffmpeg"
    if how == "not executable":
        program.write_bytes(b"")
    segment = _catalogued(file)
    with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
        catalogue.add([segment])
        verified = verify(segment, Looks(lambda path: inspect_media(str(program), path)))
        take_over(catalogue, Surroundings(recordings), verified)
        assert "cannot be run" in verified.error
        assert catalogue.segments("lobby", None, None) == (segment,)
    with pytest.raises(OSError, match="cannot be run"):
        list_packets(str(program), str(file))


def test_what_no_ffmpeg_could_look_at_is_unread_and_not_skipped(tmp_path: Path, recordings: Path, file: Path) -> None:
    def filled(ffmpeg: str) -> tuple[int, int]:
        with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
            folders = {"Lobby": "lobby"}
            found = ingest(catalogue, recordings, folders, lambda path: inspect_media(ffmpeg, path), UTC, lambda _: ())
            return found.new, found.unread

    assert filled(str(tmp_path / "none")) == (0, 1)
    for script in DYING.values():
        assert filled(_fake(tmp_path, script)) == (0, 1)
    assert filled(EMBEDDED_FFMPEG) == (1, 0)
    assert file.exists()


def _cut(raw: bytes, at: bytes) -> bytes:
    return raw[: raw.index(at) - 4]


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "text": lambda raw: b"not a film",
    "zeros": lambda raw: bytes(4096),
    "no head": lambda raw: bytes(2000) + raw[2000:],
    "nothing but its head": lambda raw: _cut(raw, b"moof"),
    "no stream": lambda raw: raw[:40],
    "amid the first fragment": lambda raw: raw[:1000],
}


@pytest.mark.peer
@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("ffmpeg", [EMBEDDED_FFMPEG, "ffmpeg"])
def test_a_file_that_is_broken_still_is_by_every_ffmpeg(file: Path, ffmpeg: str, how: str) -> None:
    require("ffmpeg")
    segment = _catalogued(file)
    file.write_bytes(BROKEN[how](file.read_bytes()))
    verified = verify(segment, Looks(lambda path: inspect_media(ffmpeg, path)))
    assert (verified.after.verdict, verified.error) == (SegmentVerdict.BROKEN, "")
    assert verified.after.reason.startswith("does not play: ")


def test_one_failed_look_is_not_enough_for_a_verdict(tmp_path: Path, file: Path) -> None:
    once = tmp_path / "once"
    broken = "echo '[error] file:x: Invalid data found when processing input' >&2; exit 1"
    script = f"[ -e {shlex.quote(str(once))} ] || {{ : > {shlex.quote(str(once))}; {broken}; }}"
    fake = _fake(tmp_path, f'{script}\nexec {shlex.quote(EMBEDDED_FFMPEG)} "$@"')
    assert verify(_catalogued(file), Looks(lambda path: inspect_media(fake, path))).well
    assert once.exists()


def test_a_reading_error_counts_where_the_disk_does_not_give_the_file(file: Path) -> None:
    said = b"[in#0/mov @ 0x1] [error] Error during demuxing: Input/output error"
    Told(str(file), b"", said, 251).check_reason()
    with pytest.raises(OSError, match="Input/output error"):
        Told("/proc/self/mem", b"", said, 251).check_reason()  # of which the kernel does not give the first byte


def test_a_real_ffmpeg_that_is_told_to_stop_gives_no_verdict(tmp_path: Path, file: Path) -> None:
    fake = _fake(
        tmp_path, f'{shlex.quote(EMBEDDED_FFMPEG)} -re "$@" & child=$!; sleep 1; kill -TERM $child; wait $child'
    )
    with pytest.raises(OSError, match="told to stop"):
        inspect_media(fake, str(file))
    with pytest.raises(Unplayable):
        inspect_media(EMBEDDED_FFMPEG, "/dev/null")
