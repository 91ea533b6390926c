"""Promises of triaging a log from anywhere: fronts of other programs, long lines, hostile text, and no password."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.findings import Origin, Severity
from vmstui.logged import LogLevel
from vmstui.triage.foreign import FrontReader
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.log import LINE_BYTES, MAX_CAMERAS, LogTriage, lines_of
from vmstui.triage.masking import Masker
from vmstui.triage.messages_file import read_messages, shipped_messages
from vmstui.triage.paste import entries, pattern_of

KNOWLEDGE = Knowledge(tuple(shipped_messages().values()))
LINE = "[rtsp @ 0x5] [error] method DESCRIBE failed: 401 Unauthorized"
AT_S = datetime(2026, 1, 12, 10, 23, 45, tzinfo=UTC).timestamp()


def triaged(raw: bytes) -> LogTriage:
    log = LogTriage(KNOWLEDGE, Masker(["s3cret value"]), zone=UTC, year=2026)
    for line in lines_of([raw]):
        log.feed(line)
    return log


@pytest.mark.parametrize(
    ("front", "at_s", "camera"),
    [
        ("", None, ""),
        ("2026-01-12T10:23:45.000000000Z ", AT_S, ""),  # docker logs -t
        ("2026-01-12T10:23:45.0Z stderr F ", AT_S, ""),  # Kubernetes
        ("2026-01-12 10:23:45,000  ", AT_S, ""),  # s6-log
        ("recorder-1  | ", None, "recorder-1"),  # docker compose
        ("recorder-1  | 2026-01-12T10:23:45Z ", AT_S, "recorder-1"),
        ("Jan 12 10:23:45 nvr ffmpeg[77]: ", AT_S, ""),  # journalctl
        ("Jan 12 10:23:45 nvr camera1.sh[77]: ", AT_S, "camera1.sh"),
        ("2026-01-12T10:23:45+0000 nvr ffmpeg[77]: ", AT_S, ""),  # journalctl -o short-iso
        ("[2026-01-12 10:23:45] ffmpeg.front_door.record        ERROR   : ", AT_S, "front_door"),  # Frigate
        (
            "2026-01-12 10:23:45.5  [2026-01-12 10:23:45] ffmpeg.gate.detect ERROR   : ",
            AT_S,
            "gate",
        ),
        ("2026/01/12 10:23:45 ", AT_S, ""),
    ],
)
def test_what_other_programs_put_before_a_line_is_taken_off_and_read(
    front: str, at_s: float | None, camera: str
) -> None:
    taken = FrontReader(UTC, 2026).take(front + LINE)
    assert (taken.at_s, taken.camera) == (at_s, camera)
    assert taken.line == (LogLevel.ERROR, "rtsp", "method DESCRIBE failed: 401 Unauthorized")


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-12 10:23:45 lobby error   in#0/concat: Error during demuxing: Connection timed out",
        '{"seq": 1, "at": "2026-01-12T10:23:45+00:00", "camera": "lobby", "generation": 1, "level": "error", '
        '"component": "in#0/concat", "text": "Error during demuxing: Connection timed out"}',
    ],
)
def test_the_lines_of_vmstui_itself_are_read(text: str) -> None:
    taken = FrontReader(UTC, 2026).take(text)
    assert (taken.at_s, taken.camera) == (AT_S, "lobby")
    assert taken.line == (LogLevel.ERROR, "in#0/concat", "Error during demuxing: Connection timed out")


def test_files_of_docker_are_read() -> None:
    text = '{"log":"[h264 @ 0x1] [error] no frame!\\n","stream":"stderr","time":"2026-01-12T10:23:45Z"}'
    taken = FrontReader(UTC, 2026).take(text)
    assert (taken.at_s, taken.line.text) == (AT_S, "no frame!")


@given(st.text(max_size=300))
def test_any_line_is_taken_without_an_error(text: str) -> None:
    FrontReader(UTC, 2026).take(text)


@given(st.lists(st.binary(max_size=60), max_size=20), st.integers(1, 40))
def test_a_log_has_the_same_lines_however_it_comes_in_pieces(parts: list[bytes], size: int) -> None:
    raw = b"\n".join(parts)
    pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
    assert list(lines_of(pieces)) == list(lines_of([raw])) == [line for line in re.split(rb"[\r\n]+", raw) if line]


def test_a_line_without_end_is_cut_and_what_comes_after_it_is_read() -> None:
    chunks = [b"x" * 3000] * 5000 + [b"\nnext\n"]
    assert [len(line) for line in lines_of(chunks)] == [LINE_BYTES, 4]
    assert [len(line) for line in lines_of([b"y" * 10_000_000 + b"\nnext"])] == [LINE_BYTES, 4]


def test_progress_that_overwrites_itself_is_many_lines_and_no_finding_to_worry_about() -> None:
    log = triaged(b"frame=  1 fps=0.0 q=0.0 size=0kB\rframe=  2 fps=0.0 q=0.0 size=0kB\r[error] no frame!\n")
    assert [(finding.message, finding.count) for finding in log.findings()] == [("no_frame", 1), ("progress", 2)]


def test_no_password_is_in_what_comes_out() -> None:
    hidden = "rtsp://admin:hun\x1b[1mter2@10.0.0.5/x and s3cret\x00 value and s3cret value"
    log = triaged(f"[error] {hidden}: nobody knows\nDid you mean file:rtsp://admin:hunter2@10.0.0.5?\n".encode())
    told = repr(log.findings()) + entries(log.findings())
    assert "hunter2" not in told
    assert "ter2" not in told
    assert "s3cret value" not in told


def test_hostile_text_is_harmless_in_what_comes_out() -> None:
    hostile = b"[error] \x1b]0;owned\x07\x1b]52;c;aGk=\x07\xe2\x80\xaeevil\x00\xff\x9b31m [/red] nobody knows this\n"
    for finding in triaged(hostile).findings():
        for text in (finding.fingerprint, finding.first.text, *finding.examples):
            assert text.isprintable()
            assert "owned" not in text


def as_docker(text: str) -> str:
    return json.dumps({"log": text + "\n", "stream": "stderr", "time": "2026-01-12T10:23:45Z"})


def as_vmstui(text: str) -> str:
    line = {"seq": 1, "at": "2026-01-12T10:23:45+00:00", "camera": text, "level": "error", "component": text}
    return json.dumps({**line, "text": text})


WRITTEN = [
    as_docker,
    as_vmstui,
    lambda text: as_docker(as_vmstui(text)),
    lambda text: as_docker(text)[:-20],  # cut off
    lambda text: "recorder-1  | " + as_docker(text),
    lambda text: "\x1b[0m" + as_docker(text),
]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("secret", ["S3cret@Pw", 'S3c"ret w', "S3cret&Pw", "S3crét\U0001f511Pw", "S3c\\ret\\u0040"])
def test_no_password_comes_out_that_json_writes_in_another_way(written: Callable[[str], str], secret: str) -> None:
    raw = (
        written(f"[error] password={secret} and {secret}: nobody knows").replace("@", "\\u0040").replace("&", "\\u0026")
    )
    log = LogTriage(KNOWLEDGE, Masker([secret]), zone=UTC, year=2026)
    log.feed(raw.encode())
    told = repr(log.findings()) + entries(log.findings())
    assert "nobody knows" in told
    assert "S3c" not in told
    assert "Pw" not in told
    assert "ret" not in told.replace("retry", "")


@pytest.mark.parametrize("written", [as_docker, as_vmstui])
def test_a_word_that_json_writes_in_another_way_still_tells_a_password(written: Callable[[str], str]) -> None:
    told = repr(
        triaged(written("[error] password=hunter2: nobody knows").replace("word", "\\u0077ord").encode()).findings()
    )
    assert "***" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("written", WRITTEN)
def test_hostile_text_that_json_writes_in_another_way_is_harmless(written: Callable[[str], str]) -> None:
    findings = triaged(written("[error] \x1b]52;c;aGk=\x07\u202eevil\x00 \ud800 nobody knows").encode()).findings()
    assert findings
    for finding in findings:
        shown = (finding.camera, finding.fingerprint, finding.first.text, *finding.examples)
        assert all(text.isprintable() for text in shown)


def test_cameras_are_told_apart_where_the_log_names_them_and_their_number_is_bounded() -> None:
    raw = "".join(f"[2026-01-12 10:23:45] ffmpeg.cam{number}.detect ERROR : {LINE}\n" for number in range(500))
    findings = triaged(raw.encode()).findings()
    assert len(findings) <= MAX_CAMERAS + 1
    assert sum(finding.count for finding in findings) == 500
    assert {finding.message for finding in findings} == {"rtsp_unauthorized"}


def test_a_banner_begins_a_run_so_that_noise_of_a_start_is_known_as_that() -> None:
    noise = "2026-01-12T10:23:{:02}Z [h264 @ 0x1] [error] no frame!\n"
    banner = "2026-01-12T10:23:45Z ffmpeg version 9.0.2 Copyright (c)\n"
    early = {finding.message: finding for finding in triaged((banner + noise.format(50)).encode()).findings()}
    assert early["no_frame"].worst is Severity.INFO
    late = triaged(noise.format(50).encode()).findings()
    assert (late[0].worst, late[0].origin) == (Severity.BENIGN, Origin.INPUT)


@given(st.lists(st.text(max_size=120), min_size=1, max_size=5))
def test_unknown_lines_become_entries_that_are_accepted_and_match_them(texts: list[str]) -> None:
    log = triaged("".join(f"[error] odd {text}\n" for text in texts).encode("utf-8", "replace"))
    unknown = [finding for finding in log.findings() if not finding.message]
    if not unknown:
        return
    messages = read_messages("messages.yaml", entries(unknown).encode(), {})
    assert len(messages) == len(unknown)
    for finding, message in zip(unknown, messages.values(), strict=True):
        found = Knowledge([message]).match(finding.examples[0])
        assert found is not None


def test_a_pattern_for_an_unknown_line_matches_the_same_with_other_numbers() -> None:
    assert pattern_of("Odd thing 17 at '/rec/a.mp4' is (quite) wrong 5") == r"Odd thing \S+ at \S+ is \(quite\) wrong"
