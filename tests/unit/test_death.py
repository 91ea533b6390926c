"""Why a worker died, in one sentence. The lines are those that ffmpeg 5.1.9 and 9.0.2 really wrote."""

from __future__ import annotations

import signal
from functools import cache

import pytest

from tests.unit.test_ffmpeg_exits import FULL_9, GPU_5, NOISE, NVENC_9, REFUSED_5, REFUSED_9
from vmstui.ffmpeg.exits import explain_exit
from vmstui.ffmpeg.loglines import parse_line
from vmstui.triage.death import QUOTED, of_death
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.messages_file import shipped_messages

LIVE = """\
[tcp @ 0x3] [error] Connection to tcp://127.0.0.1:8554?timeout=0 failed: Connection refused
[rtsp @ 0x3] [error] method ANNOUNCE failed: 401 Unauthorized
[fifo @ 0x3] [error] Something that nobody ever saw
[out#1/fifo @ 0x3] [error] Another one of 3
"""


@cache
def knowledge() -> Knowledge:
    return Knowledge(tuple(shipped_messages().values()))


def sentence(
    log: str,
    code: int | None,
    major: int = 9,
    *,
    number: int | None = None,
    asked: bool = False,
    sent: tuple[signal.Signals, ...] = (),
    why: str = "",
    known: bool = True,
) -> str:
    lines = [parse_line(text) for text in log.splitlines()]
    cause = explain_exit(code, number, lines, major, asked)
    match = knowledge().match if known else None
    return of_death(cause, f"exit code {code}" if code is not None else "", lines, match, sent, why)


@pytest.mark.parametrize(
    ("log", "code", "major", "expected"),
    [
        (REFUSED_5, 1, 5, "nothing answers at the camera's address: Connection refused (exit code 1)"),
        (REFUSED_9, 145, 9, "nothing answers at the camera's address: Connection refused (exit code 145)"),
        (FULL_9, 228, 9, "the recording cannot be written: No space left on device (exit code 228)"),
        (GPU_5, 1, 5, "the GPU driver is missing: Cannot load libcuda.so.1 (exit code 1)"),
        (
            NVENC_9.format(cause="OpenEncodeSessionEx failed: incompatible client key (21): (no details)"),
            234,
            9,
            "the GPU's limit of NVENC sessions is reached: OpenEncodeSessionEx failed: incompatible client key (21): "
            "(no details) (exit code 234)",
        ),
        ("", 0, 9, "the camera ended the stream (exit code 0)"),
        ("", 1, 5, "ffmpeg ended with exit code 1 and told no reason"),
    ],
)
def test_what_the_table_of_exits_knows_is_the_sentence(log: str, code: int, major: int, expected: str) -> None:
    assert sentence(log, code, major) == expected
    if log:
        assert sentence(NOISE + log, code, major) == expected


def test_what_it_does_not_know_is_explained_by_the_table_of_messages() -> None:
    log = "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x1] [error] moov atom not found\n"
    cause = knowledge().messages["moov_missing"].cause.partition(". ")[0].removesuffix(".")
    assert sentence(log, 1, 5) == f"ffmpeg ended with exit code 1: {cause}: moov atom not found"


def test_noise_explains_nothing() -> None:
    log = "[h264 @ 0x2] [error] non-existing PPS 0 referenced\n[h264 @ 0x2] [error] decode_slice_header error\n"
    told = sentence(log, 1, 5)
    assert told.startswith("ffmpeg ended with exit code 1: non-existing PPS 0 referenced")
    assert "not explained" not in told


def test_errors_that_nobody_knows_are_quoted_each_kind_once_and_two_at_the_most() -> None:
    strange = "".join(f"[x @ 0x1] [error] Flux capacitor {number} out of tune\n" for number in range(30))
    log = f"[x @ 0x1] [error] Warp core ejected\n[x @ 0x1] [error] Gravity lost\n{strange}{REFUSED_9}"
    told = sentence(log, 145)
    assert told == (
        "nothing answers at the camera's address: Connection refused (exit code 145); "
        "before that, and not explained: “Gravity lost” and “Flux capacitor 29 out of tune”"
    )
    assert told.count("“") == QUOTED


def test_what_is_not_at_hand_hides_nothing() -> None:
    log = "[x @ 0x1] [error] moov atom not found\n[x @ 0x1] [error] Warp core ejected\n"
    told = sentence(log, 1, 5, known=False)
    assert "moov atom not found" in told
    assert "Warp core ejected" in told


@pytest.mark.parametrize("code", [0, 1, 145])
def test_the_live_output_never_explains_a_death(code: int) -> None:
    assert sentence(LIVE, code) == sentence("", code)
    assert sentence(LIVE + REFUSED_9, code) == sentence(REFUSED_9, code)


def test_who_sent_signals_is_told() -> None:
    sent = (signal.SIGINT, signal.SIGTERM)
    told = sentence(REFUSED_9, 255, asked=True, sent=sent, why="open segment does not grow: 24 s (limit 20 s)")
    assert told == (
        "ended as it was told to (vmstui sent SIGINT, SIGTERM): open segment does not grow: 24 s (limit 20 s)"
    )
    assert sentence("", None, number=9).startswith("killed by SIGKILL that vmstui did not send")
    assert sentence("", 255) == "ended by a signal that vmstui did not send (exit code 255)"


def test_a_line_of_a_megabyte_stays_a_sentence() -> None:
    assert len(sentence(f"[x @ 0x1] [error] {'strange ' * 100_000}\n{REFUSED_9}", 145)) < 400
