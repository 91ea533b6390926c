"""Lines of the log in a file and in a pager."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.tui.fakes import FakeRecorder, camera, log_line, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, toasts, until
from tests.tui.terminal import ALTERNATE_OFF, Terminal
from tests.tui.test_terminal import assert_restored
from vmstui.tui.log_desk import pager
from vmstui.tui.screens.ask import Ask

FLEET = ["-m", "tests.tui.fake_fleet", "--cameras", "3", "--log-lines", "200"]


async def test_what_is_shown_is_saved_under_a_proposed_name_and_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    taken = tmp_path / "lobby_20251020_075600.log"
    taken.write_text("of somebody")
    recorder = FakeRecorder(lines=[log_line(n, f"{'good' if n % 2 else 'bad'} {n}") for n in range(1, 31)])
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("l", "ampersand", *"good", "enter")
        await until(pilot, lambda: "15 of 30" in screen_text(app))
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, Ask) and "lobby_20251020_075600_2.log" in screen_text(app))
        await pilot.press(*["backspace"] * len("_2.log"), *".log", "enter")
        await until(pilot, lambda: isinstance(app.screen, Ask) and "nothing is overwritten" in app.screen.text)
        await pilot.press(*["backspace"] * len(".log"), *"_2.log", "enter")
        await until(pilot, lambda: "15 lines" in toasts(app))
    saved = tmp_path / "lobby_20251020_075600_2.log"
    assert taken.read_text() == "of somebody"
    lines = saved.read_text().splitlines()
    assert lines[0] == "2025-10-20 07:56:00 lobby info    rtsp: good 1"
    assert len(lines) == 15
    assert saved.stat().st_mode & 0o777 == 0o600


async def test_a_readonly_dashboard_saves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recorder = FakeRecorder(lines=[log_line(1)])
    async with dashboard(recorder, recorder_snapshot(camera()), readonly=True) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "line 000001" in screen_text(app))
        await pilot.press("S", "w", "i")
        await until(pilot, lambda: "following" in screen_text(app))
        assert app.screen is app.fleet
    assert not os.listdir(tmp_path)


async def test_where_no_pager_can_be_shown_that_is_said() -> None:
    async with dashboard(FakeRecorder(lines=[log_line(1)]), recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "line 000001" in screen_text(app))
        await pilot.press("o")
        await until(pilot, lambda: "A pager needs a terminal of its own." in toasts(app))


def test_the_pager_is_a_command_of_the_person_or_one_there_is() -> None:
    assert pager("most -s 'a b'") == ["most", "-s", "a b"]
    assert pager("") in (["less"], ["more"], [])
    assert pager("unfinished 'quote") == pager("")


def test_a_pager_gets_the_terminal_and_the_dashboard_comes_back_while_the_log_goes_on(tmp_path: Path) -> None:
    script = tmp_path / "pager"
    script.write_text(
        "#!/bin/sh\ncat > $0.text\necho; echo the pager has $(wc -l < $0.text) lines\n"
        'trap "" INT\nread answer < /dev/fd/1\necho "$answer" > $0.answer\n'
    )
    script.chmod(0o755)
    with Terminal(FLEET, env={"PAGER": str(script)}) as terminal:
        terminal.wait_for("recording")
        terminal.type("la")
        terminal.wait_for("Log all cameras")
        terminal.wait_for("rtsp: ")
        terminal.type("o")
        terminal.wait_for("the pager has")
        assert ALTERNATE_OFF in terminal.raw
        terminal.read_for(3.0)  # a hundred pictures that must not be drawn meanwhile
        terminal.kill(signal.SIGINT)
        terminal.type("done\n")
        terminal.wait_for("Log all cameras")
        terminal.type("f")
        terminal.wait_for("following")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert "recording goes on" in terminal.screen()
    text = Path(f"{script}.text").read_bytes()
    assert b"\x1b" not in text
    assert text.count(b"\n") > 100
    assert Path(f"{script}.answer").read_text() == "done\n"


def test_a_pager_that_is_not_there_gives_the_terminal_back() -> None:
    with Terminal(FLEET, env={"PAGER": "/nowhere/pager"}) as terminal:
        terminal.wait_for("recording")
        terminal.type("l")
        terminal.wait_for("rtsp: ")
        terminal.type("o")
        terminal.wait_for("/nowhere/pager could not be started")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_a_pager_that_is_killed_gives_screen_keys_and_terminal_back(tmp_path: Path) -> None:
    script = tmp_path / "pager"
    script.write_text(
        "#!/bin/sh\nstty raw -echo < /dev/fd/1\necho $$ > $0.pid\necho; echo the pager runs\nexec sleep 300\n"
    )
    script.chmod(0o755)
    with Terminal(FLEET, env={"PAGER": str(script)}) as terminal:
        before = terminal.attributes()
        terminal.wait_for("recording")
        terminal.type("l")
        terminal.wait_for("rtsp: ")
        terminal.type("o")
        terminal.wait_for("the pager runs")
        os.kill(int(Path(f"{script}.pid").read_text()), signal.SIGKILL)
        terminal.wait_for("f follow")
        terminal.type("?")
        terminal.wait_for("── Help")
        terminal.type("qqq")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)
        assert terminal.attributes() == before


def test_a_dashboard_that_is_ended_ends_its_pager(tmp_path: Path) -> None:
    script = tmp_path / "pager"
    script.write_text("#!/bin/sh\necho $$ > $0.pid\necho; echo the pager runs\nexec sleep 300\n")
    script.chmod(0o755)
    with Terminal(FLEET, env={"PAGER": str(script)}) as terminal:
        terminal.wait_for("recording")
        terminal.type("l")
        terminal.wait_for("rtsp: ")
        terminal.type("o")
        terminal.wait_for("the pager runs")
        terminal.kill(signal.SIGTERM)
        assert terminal.wait_for_end() == 0
        pid = int(Path(f"{script}.pid").read_text())
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
