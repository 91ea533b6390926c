"""Promises of `vmstui logs` about runs that are over (`-p`, `-pp`): which it asks for, what it prints and refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.answering import Answering, answering
from vmstui.cli import main
from vmstui.codec import Json
from vmstui.control.errors import RecorderError
from vmstui.logged import LogLevel, LogLine, RunLog

Capture = pytest.CaptureFixture[str]
AT = datetime(2026, 11, 30, 3, 12, 5, tzinfo=UTC)
KEPT = (7, 6, 4)
"""Generations of which there is a log, newest first."""


def line(generation: int, level: LogLevel, text: str) -> LogLine:
    return LogLine(0, AT, "gate", generation, level, "rtsp", text)


def run_log(params: Mapping[str, Json]) -> RunLog:
    back = params["back"]
    assert isinstance(back, int)
    if back > len(KEPT):
        raise RecorderError(f"no log is kept of the run {back} before the present one of gate; kept: 7, 6, 4")
    generation = KEPT[back - 1]
    lines = (
        line(generation, LogLevel.INFO, f"run {generation} began"),
        line(generation, LogLevel.WARNING, f"run {generation} limped"),
        line(generation, LogLevel.ERROR, f"run {generation} died"),
    )
    return RunLog("gate", generation, lines, untimed=2, older=generation == 6, last_at=AT)


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """A recorder that keeps the logs of three runs of one camera."""
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("VMSTUI_CONFIG", str(tmp_path / "vmstui.yaml"))
    with answering(tmp_path / "run", {"run_log": run_log}) as answers:
        yield answers


@pytest.mark.parametrize(
    ("words", "generation"),
    [
        (("-p",), 7),
        (("--previous",), 7),
        (("-pp",), 6),
        (("-p", "-p"), 6),
        (("--previous", "--previous"), 6),
        (("-ppp",), 4),
    ],
)
def test_each_p_goes_one_run_further_back(
    recorder: Answering, capsys: Capture, words: tuple[str, ...], generation: int
) -> None:
    assert main(("logs", "gate", *words)) == 0
    out, err = capsys.readouterr()
    assert [text.split("rtsp: ")[1] for text in out.splitlines()] == [
        f"run {generation} {became}" for became in ("began", "limped", "died")
    ]
    assert recorder.asked == [("run_log", {"camera": "gate", "back": KEPT.index(generation) + 1, "limit": 100})]
    assert err == ("(run 6 has more lines than these)\n" if generation == 6 else "")


def test_lines_of_which_nobody_knows_when_they_came_have_no_time(recorder: Answering, capsys: Capture) -> None:
    main(("logs", "gate", "-pp"))
    starts = [text[:19] for text in capsys.readouterr().out.splitlines()]
    assert starts[:2] == [" " * 19] * 2
    assert datetime.strptime(starts[2], "%Y-%m-%d %H:%M:%S").astimezone() == AT
    main(("logs", "gate", "-pp", "--json"))
    told = [json.loads(text)["at"] for text in capsys.readouterr().out.splitlines()]
    assert told == [None, None, AT.isoformat()]


def test_of_a_run_that_is_over_only_so_many_lines_are_asked_for_and_only_bad_ones_shown(
    recorder: Answering, capsys: Capture
) -> None:
    assert main(("logs", "gate", "-p", "-n", "5000", "--level", "warning")) == 0
    assert [text.rpartition(" ")[2] for text in capsys.readouterr().out.splitlines()] == ["limped", "died"]
    assert recorder.params("run_log")["limit"] == 2000


def test_a_run_of_which_no_log_is_kept_is_refused_with_those_there_are(recorder: Answering, capsys: Capture) -> None:
    assert main(("logs", "gate", "-pppp")) != 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "kept: 7, 6, 4" in err


@pytest.mark.parametrize("words", [("-p",), ("-pp",), ("gate", "-p", "-f")])
def test_a_run_that_is_over_is_of_one_camera_and_cannot_be_followed(
    recorder: Answering, capsys: Capture, words: tuple[str, ...]
) -> None:
    assert main(("logs", *words)) == 2
    out, err = capsys.readouterr()
    assert (out, recorder.asked) == ("", [])
    assert "--previous takes the id of one camera" in err
