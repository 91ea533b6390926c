"""Promises of `vmstui triage`: any log, no recorder, an exit code to act on, 80 columns, nothing hostile shown."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vmstui.cli import main
from vmstui.spoken import width
from vmstui.triage.messages_file import read_messages

CRITICAL = "[rtsp @ 0x5] [error] method DESCRIBE failed: 401 Unauthorized\n"
BENIGN = "[h264 @ 0x1] [error] no frame!\n"
UNKNOWN = "[x @ 0x1] [error] an odd thing happened 17 times\n"


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMSTUI_CONFIG", str(tmp_path / "vmstui.yaml"))
    monkeypatch.setenv("COLUMNS", "80")


def run(log: Path, text: str, *options: str) -> int:
    log.write_text(text)
    return main(["triage", str(log), *options])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 0),
        (BENIGN, 0),
        ("[x @ 0x1] [warning] an odd thing\n", 0),
        (UNKNOWN, 1),
        (CRITICAL, 1),
        ("[tcp @ 0x1] [error] Connection to tcp://a:1 failed: Connection refused\n", 1),
    ],
)
def test_the_exit_code_says_whether_something_is_worse_than_benign(tmp_path: Path, text: str, code: int) -> None:
    assert run(tmp_path / "log", text) == code


def test_the_worst_comes_first_with_what_it_means_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        tmp_path / "log",
        BENIGN + UNKNOWN + CRITICAL + "[out#0/segment @ 0x1] [error] Error muxing: " + "x" * 500 + "\n",
    )
    shown = capsys.readouterr().out
    places = [
        shown.index(word) for word in ("CRITICAL  rtsp_unauthorized", "means: ", "do:    ", "UNKNOWN: ", "benign  no_f")
    ]
    assert places == sorted(places)
    assert "line 3" in shown
    assert max(width(line) for line in shown.splitlines()) <= 80


def test_json_has_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "log", CRITICAL * 3 + UNKNOWN, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["lines"] == 4
    (finding,) = told["findings"]
    assert (finding["message"], finding["worst"], finding["count"]) == ("rtsp_unauthorized", "critical", 3)
    assert (finding["first"]["number"], finding["last"]["number"]) == (1, 3)
    assert finding["cause"]
    assert finding["action"]
    assert told["unknown"][0]["level"] == "error"


def test_what_is_unknown_comes_ready_to_paste_and_is_known_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "log", UNKNOWN, "--unknown")
    pasted = capsys.readouterr().out
    assert len(read_messages("messages.yaml", pasted.encode(), {})) == 1
    (tmp_path / "messages.yaml").write_text(pasted.replace("severity: degraded", "severity: benign"))
    assert run(tmp_path / "log", UNKNOWN.replace("17", "42"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["count"] == 1


def test_a_wrong_file_of_messages_is_an_error_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "messages.yaml").write_text("messages:\n  - id: no_frame\n    severity: bad\n")
    assert run(tmp_path / "log", CRITICAL) == 2
    assert "messages.yaml:3: messages[0].severity: found 'bad'" in capsys.readouterr().err


def test_a_log_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["triage", str(tmp_path / "none")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_rotated_logs_are_unpacked_and_standard_input_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(CRITICAL.encode()))
    assert main(["triage", str(tmp_path / "log.gz")]) == 1
    first = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CRITICAL.encode())))
    assert main(["triage", "-"]) == 1
    assert capsys.readouterr().out == first
    (tmp_path / "log.gz").write_bytes(gzip.compress(CRITICAL.encode())[:-9])
    assert main(["triage", str(tmp_path / "log.gz")]) == 2


def test_nothing_hostile_and_no_password_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "[error] \x1b]0;owned\x07\x1b]52;c;aGk=\x07\u202eevil\x00 [/red] rtsp://a:hunter2@h/x: odd thing\n"
    for options in ((), ("--json",), ("--unknown",)):
        run(tmp_path / "log", hostile, *options)
        shown = capsys.readouterr().out
        assert "evil" in shown
        assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(shown)
        assert "hunter2" not in shown
        assert "owned" not in shown


def test_an_error_in_the_configuration_is_told_and_the_passwords_that_can_be_read_are_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VMSTUI_NOT_SET", raising=False)
    (tmp_path / "vmstui.yaml").write_text(
        "recordings: /srv/footage\ncameras:\n"
        "  - {id: gate, url: rtsp://10.0.0.1/, username: a, password: {env: VMSTUI_NOT_SET}}\n"
        "  - {id: no id at all, url: rtsp://10.0.0.2/, username: a, password: yellow-horse}\n"
        "  - {id: yard, url: 'rtsp://a:green-horse@10.0.0.3/'}\n"
    )
    run(tmp_path / "log", "[x @ 0x1] [error] yellow-horse and green-horse are odd\n")
    shown = capsys.readouterr()
    assert "*** and *** are odd" in shown.out
    assert "horse" not in shown.out + shown.err
    assert "VMSTUI_NOT_SET" in shown.err
    assert "passwords are masked by shape only, but for 2 passwords" in shown.err
    (tmp_path / "vmstui.yaml").write_text("cameras: [\n")
    run(tmp_path / "log", UNKNOWN)
    assert "passwords are masked by shape only\n" in capsys.readouterr().err


def test_a_configuration_that_was_named_and_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").write_text(CRITICAL)
    assert main(["--config", str(tmp_path / "none.yaml"), "triage", str(tmp_path / "log")]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert "none.yaml: no such configuration" in shown.err


def given(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))


def test_a_packed_log_on_standard_input_is_unpacked_part_by_part(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = gzip.compress(BENIGN.encode() * 50_000), gzip.compress(CRITICAL.encode())
    given(monkeypatch, parts[0] + parts[1] + bytes(512))
    assert main(["triage", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["lines"] == 50_001


@pytest.mark.parametrize("damage", ["cut", "changed", "behind"])
def test_a_damaged_packed_log_is_told_as_that(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    packed = gzip.compress(CRITICAL.encode() * 100)
    middle = len(packed) // 2
    changed = packed[:middle] + bytes(byte ^ 0xFF for byte in packed[middle:])
    (tmp_path / "log.gz").write_bytes({"cut": packed[:-9], "changed": changed, "behind": packed + b"more"}[damage])
    assert main(["triage", str(tmp_path / "log.gz")]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert "log.gz: damaged gzip file: " in shown.err


@pytest.mark.parametrize(
    "raw",
    [bytes(range(256)) * 300, bytes(70_000), CRITICAL.encode("utf-16"), gzip.compress(bytes(range(256)) * 300)],
)
def test_what_is_no_text_is_not_called_well(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    given(monkeypatch, raw)
    assert main(["triage", "-"]) == 2
    assert capsys.readouterr().err == "-: not a text log\n"


def test_a_log_with_nuls_where_it_was_rotated_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, bytes(5000) + b"\n" + CRITICAL.encode())
    assert main(["triage"]) == 1


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_what_standard_output_cannot_write_is_replaced(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "log").write_text("[x @ 0x1] [error] an odd thing at Пётр\n")
    command = [sys.executable, "-m", "vmstui", "triage", str(tmp_path / "log")]
    ended = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, b"")
    assert ("at Пётр" if encoding == "utf-8" else "at ????").encode() in ended.stdout


class Followed(io.RawIOBase):
    """A pipe with one line in it, where Ctrl-C comes while more is waited for."""

    def __init__(self, line: str) -> None:
        self.rest = line.encode()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.rest:
            raise KeyboardInterrupt
        read, self.rest = self.rest, b""
        buffer[: len(read)] = read
        return len(read)


def test_ctrl_c_on_a_log_that_is_followed_tells_what_was_found_so_far(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Followed(CRITICAL))))
    assert main(["triage", "--json"]) == 130
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["message"] for finding in findings] == ["rtsp_unauthorized"]
