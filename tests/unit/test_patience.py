"""What gets on is waited for."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from vmstui.cli import starting
from vmstui.cli.patience import Patience
from vmstui.settings import Folders


def test_it_lasts_as_long_as_something_changes_and_never_for_ever() -> None:
    patience = Patience(100.0, idle_s=30.0, longest_s=300.0)
    assert all(patience.lasts(100.0 + second, second // 29) for second in range(300))
    assert not patience.lasts(400.0, 400)


def test_it_ends_where_nothing_changes() -> None:
    patience = Patience(100.0, idle_s=30.0, longest_s=300.0)
    assert patience.lasts(120.0, "starting")
    assert patience.lasts(149.0, "starting")
    assert not patience.lasts(150.0, "starting")


@pytest.fixture
def mute_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the place of a recorder, a program that writes down who it is, and does nothing from then on."""
    note = tmp_path / "pid"
    code = f"import os, signal; open({str(note)!r}, 'w').write(str(os.getpid())); signal.pause()"
    monkeypatch.setattr("vmstui.own_process.own_argv", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setattr(starting, "IDLE_S", 1.0)
    return note


def test_a_service_that_hangs_as_it_begins_is_told_and_ended_where_that_is_asked_for(
    mute_service: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = Folders(str(tmp_path / "state"), str(tmp_path / "run"))
    assert starting.start_service(str(tmp_path / "vmstui.yaml"), folders, end_mute=True) is None
    assert "the recorder does not answer, so it was ended" in capsys.readouterr().err
    if mute_service.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(mute_service.read_text()), 0)


def test_a_service_that_may_still_come_up_is_named(
    mute_service: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = Folders(str(tmp_path / "state"), str(tmp_path / "run"))
    assert starting.start_service(str(tmp_path / "vmstui.yaml"), folders) is None
    error = capsys.readouterr().err
    assert "the recorder does not answer, and may still come up (process " in error
    pid = int(error.partition("(process ")[2].partition(")")[0])
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def test_a_service_that_ends_at_once_did_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vmstui.own_process.own_argv", lambda *_: [sys.executable, "-c", "raise SystemExit('broken')"])
    folders = Folders(str(tmp_path / "state"), str(tmp_path / "run"))
    assert starting.start_service(str(tmp_path / "vmstui.yaml"), folders) is None
    error = capsys.readouterr().err
    assert "the recorder did not start" in error
    assert "broken" in error


def test_a_service_that_works_at_its_start_is_waited_for_and_it_is_said_what_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes several times as long as an idle one is waited for."""
    (tmp_path / "run").mkdir()
    socket = tmp_path / "run" / "control.sock"
    code = (
        "import json, os, socket, time\n"
        "while time.process_time() < 2.5: pass\n"
        f"server = socket.socket(socket.AF_UNIX); server.bind({str(socket)!r}); server.listen()\n"
        "stream = server.accept()[0].makefile('rwb'); stream.readline()\n"
        "answer = {'jsonrpc': '2.0', 'id': 1, 'result': {'pid': os.getpid()}}\n"
        "stream.write(json.dumps(answer).encode() + b'\\n'); stream.flush()\n"
    )
    monkeypatch.setattr("vmstui.own_process.own_argv", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setattr(starting, "IDLE_S", 1.0)
    monkeypatch.setattr(starting, "TELL_EVERY_S", 0.5)
    folders = Folders(str(tmp_path / "state"), str(tmp_path / "run"))
    pid = starting.start_service(str(tmp_path / "vmstui.yaml"), folders)
    assert pid is not None
    assert "waiting for the recorder to answer (process " in capsys.readouterr().err
    os.waitpid(pid, 0)
