"""Binaries found, abilities tried out and remembered."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.ffmpeg_support import binary_at, embedded
from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.peers import require
from vmstui.ffmpeg import abilities as probing
from vmstui.ffmpeg.abilities import Abilities, choose, probe
from vmstui.ffmpeg.binary import Binary, NoUsableFfmpeg, embedded_path, find_binaries
from vmstui.ffmpeg.encoders import ENCODERS


def _program(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
    path.chmod(0o755)
    return str(path)


def test_the_embedded_ffmpeg_is_found_without_importing_its_package() -> None:
    code = (
        "import sys; from vmstui.ffmpeg.binary import find_binaries; [found] = find_binaries('embedded');"
        "assert 'imageio_ffmpeg' not in sys.modules; print(found.path, found.major, found.origin)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert os.path.samefile(output[0], EMBEDDED_FFMPEG)
    assert int(output[1]) >= 7
    assert output[2] == "embedded"


def test_without_any_ffmpeg_one_sentence_says_what_was_found_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("vmstui.ffmpeg.binary.embedded_path", lambda: None)
    with pytest.raises(NoUsableFfmpeg) as caught:
        find_binaries("auto")
    assert "no system ffmpeg (on PATH); no embedded ffmpeg" in str(caught.value)
    assert "install ffmpeg 5.1 or newer" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo 'ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright'", "version 4.4.2-0ubuntu0.22.04.1, which is older"),
        ("echo 'ffmpeg version 5.0.1 Copyright'", "older than 5.1"),
        ("echo hello", "is not ffmpeg"),
        ("exit 1", "is not ffmpeg"),
    ],
)
def test_a_configured_program_that_cannot_be_used_is_named_with_its_fault(
    tmp_path: Path, body: str, words: str
) -> None:
    path = _program(tmp_path / "ffmpeg", body)
    with pytest.raises(NoUsableFfmpeg, match=words):
        find_binaries(path)


def test_a_configured_path_that_is_no_program_is_named_with_its_fault(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x", encoding="ascii")
    for path, words in ((tmp_path / "missing", "nothing at"), (tmp_path / "text", "does not start")):
        with pytest.raises(NoUsableFfmpeg, match=words):
            find_binaries(str(path))
    with pytest.raises(NoUsableFfmpeg, match="not an absolute path"):
        find_binaries("ffmpeg")


@pytest.mark.parametrize(
    ("banner", "number"),
    [
        ("ffmpeg version n7.1.1-20250101 Copyright\\nlibavformat    61.  7.100 / 61.  7.100", (7, 1)),
        ("ffmpeg version N-118000-gabcdef Copyright\\nlibavformat    62.  1.100 / 62.  1.100", (8, 1)),
    ],
)
def test_versions_of_release_and_development_builds_are_understood(
    tmp_path: Path, banner: str, number: tuple[int, int]
) -> None:
    found = binary_at(_program(tmp_path / "ffmpeg", f"printf '{banner}\\n'"))
    assert (found.major, found.minor) == number


def test_the_embedded_ffmpeg_really_encodes_both_codecs_and_says_why_the_rest_does_not(tmp_path: Path) -> None:
    found = probe(embedded(), tmp_path)
    assert {"libx264", "libx265"} <= found.encoders
    assert found.hybrid_fragmented
    assert found.fifo_rtsp
    assert found.encoders.isdisjoint(name for name, _ in found.refused)
    assert found.encoders | {name for name, _ in found.refused} == set(ENCODERS)
    assert all(reason for _, reason in found.refused)


def test_what_was_found_is_remembered_until_the_devices_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = embedded()
    first = probe(binary, tmp_path)
    tries: list[Binary] = []

    def try_all(binary: Binary) -> Abilities:
        tries.append(binary)
        return first

    monkeypatch.setattr(probing, "_try_all", try_all)
    if any("did not end" in reason for _, reason in first.refused):
        pytest.skip("this machine was too slow to finish a trial, which is not remembered")
    assert probe(binary, tmp_path) == first
    assert tries == []
    identity = probing._identity(binary)
    monkeypatch.setattr(probing, "_identity", lambda binary: identity + " a new driver")
    assert probe(binary, tmp_path) == first
    assert len(tries) == 1


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"identity": 1}', "null"])
def test_a_damaged_memory_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    binary = embedded()
    first = probe(binary, tmp_path)
    monkeypatch.setattr(probing, "_try_all", lambda binary: first)
    for file in tmp_path.glob("*.json"):
        file.write_text(damage, encoding="utf-8")
    assert probe(binary, tmp_path) == first
    assert probe(binary, Path("/proc/nowhere")) == first


def test_a_gpu_whose_sessions_are_taken_is_tried_again_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = embedded()
    reason = "OpenEncodeSessionEx failed: out of memory (10): (no details)"
    monkeypatch.setattr(probing, "_try_encoder", lambda binary, name, nodes: (reason, ""))
    assert probe(binary, tmp_path).reason("h264_nvenc") == reason
    assert list(tmp_path.glob("*.json")) == []


def test_a_program_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HARDWARE_TIMEOUT_S", "SOFTWARE_TIMEOUT_S"):
        monkeypatch.setattr(probing, name, 0.2)
    version = '[ "$1" = -version ] && { echo "ffmpeg version 6.0 x"; exit; }; exec sleep 60'
    found = probe(binary_at(_program(tmp_path / "ffmpeg", version)), tmp_path / "cache")
    assert found.encoders == frozenset()
    assert found.reason("libx264") == "did not end within 0.2 s"


def test_a_program_that_cannot_publish_is_refused_in_one_sentence(tmp_path: Path) -> None:
    version = '[ "$1" = -version ] && { echo "ffmpeg version 6.0 x"; exit; }; exit 1'
    path = _program(tmp_path / "ffmpeg", version)
    with pytest.raises(NoUsableFfmpeg, match="cannot publish RTSP behind its fifo muxer"):
        choose(path, tmp_path / "cache")


@pytest.mark.peer
def test_of_two_ffmpegs_the_one_that_can_do_more_is_taken(tmp_path: Path) -> None:
    require("ffmpeg")
    system, bundled = find_binaries("auto")
    assert (system.origin, bundled.origin) == ("system", "embedded")
    assert bundled.path == embedded_path()
    counts = [probe(binary, tmp_path).count() for binary in (system, bundled)]
    expected = bundled if counts[1] > counts[0] else system
    assert choose("auto", tmp_path).binary == expected
    assert choose("system", tmp_path).binary == system
