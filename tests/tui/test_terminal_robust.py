"""Terminals as they are in life: they stall, are pulled to another size, and are pasted into."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.dashboard.told import Told
from tests.integration.harness import wait_until
from tests.tui.fake_fleet import FakeFleet
from tests.tui.terminal import Terminal
from tests.tui.test_terminal import FLEET, assert_restored

STALLED_S = 1.0
"""A reader that has taken nothing for so long waits for something."""
MEMORY_MIB = 40.0
TRIED = 200


class Stand:
    """A recorder on a socket, in a thread; it tells how everything is twenty times a second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = Told(FakeFleet(64, log_lines_per_s=500), 20.0)
        self.environment = {
            "VMSTUI_RUNTIME": str(folder), "VMSTUI_STATE": str(folder), "XDG_CONFIG_HOME": str(folder),
        }  # fmt: skip
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listens = threading.Event()

    def start(self) -> None:
        self._thread.start()
        assert self._listens.wait(20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(20)

    def _run(self) -> None:
        async def serve() -> None:
            path = str(self.folder / "control.sock")
            async with await asyncio.start_unix_server(self.told.serve, path, limit=1 << 20) as server:
                self._listens.set()
                await server.serve_forever()

        with contextlib.suppress(asyncio.CancelledError):
            self._task = self._loop.create_task(serve())
            self._loop.run_until_complete(self._task)

    def _end(self) -> None:
        self._task.cancel()


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    made.start()
    yield made
    made.stop()


def dashboard(stand: Stand) -> Terminal:
    return Terminal(["-m", "vmstui"], env=stand.environment)


def resident_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def stall(stand: Stand, terminal: Terminal) -> None:
    """Read nothing more from it until the recorder feels that. Whoever sits there tries some keys, each of which draws
    something: by the log alone it would take ten times as long until there is no room for what is drawn."""
    keys = itertools.repeat("jk", TRIED)

    def felt() -> bool:
        terminal.type(next(keys, ""))
        return stand.told.waited_s() > STALLED_S

    wait_until(felt, "the dashboard reads no more", terminal.screen)


def test_a_terminal_that_does_not_read_costs_no_memory_and_no_other_dashboard_and_goes_on_where_it_is(
    stand: Stand,
) -> None:
    with dashboard(stand) as stalled, dashboard(stand) as other:
        for terminal in (stalled, other):
            terminal.wait_for("not recording")
        stalled.type("la")
        stalled.wait_for("all cameras")
        before = resident_mib(stalled.process.pid)
        other_reads = threading.Event()

        def read_on() -> None:
            while not other_reads.is_set():
                other.read_for(0.1)

        reader = threading.Thread(target=read_on, daemon=True)
        reader.start()
        stall(stand, stalled)
        assert resident_mib(stalled.process.pid) - before < MEMORY_MIB
        other_reads.set()
        reader.join()
        other.type("?")
        other.wait_for("── Help")
        other.type("qq")
        assert other.wait_for_end() == 0
        stalled.type("?")
        stalled.wait_for("── Help")
        stalled.type("qqq")
        assert stalled.wait_for_end() == 0
        assert_restored(stalled)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, None])
def test_a_dashboard_whose_terminal_stalls_ends_when_it_is_told_to_or_the_terminal_is_gone(
    stand: Stand, how: signal.Signals | None
) -> None:
    with dashboard(stand) as terminal:
        terminal.wait_for("not recording")
        terminal.type("la")
        terminal.wait_for("all cameras")
        before = terminal.attributes()
        stall(stand, terminal)
        if how is None:
            terminal.hang_up()
            terminal.process.wait(30)
        else:
            terminal.kill(how)
            terminal.process.wait(30)
            assert terminal.attributes() != before, "it echoes and takes whole lines again"


def test_an_enter_that_is_typed_while_the_dashboard_is_loaded_is_an_enter(stand: Stand) -> None:
    with dashboard(stand) as terminal:
        terminal.type(":logs gate north\r")  # to the terminal this is still for whoever started it, as in a shell
        terminal.wait_for("── Log Gate North")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)


def test_a_dashboard_whose_standard_error_leads_elsewhere_says_so_and_is_not_blank(
    stand: Stand, tmp_path: Path
) -> None:
    errors = tmp_path / "errors"
    command = f"{sys.executable} -m vmstui 2>{errors}; echo left with $?"
    with Terminal(["-c", command], env=stand.environment, program="/bin/sh") as terminal:
        terminal.wait_for("left with 2")
    assert "drawn on standard error" in errors.read_text()


def test_a_storm_of_sizes_ends_in_a_whole_screen_of_the_last_one() -> None:
    chance = random.Random(5)
    with Terminal(FLEET) as terminal:
        terminal.wait_for("recording")
        for _ in range(60):
            terminal.resize(chance.randint(20, 220), chance.randint(5, 70))
        terminal.resize(50, 12)
        terminal.wait_for("needs 60x16")
        terminal.resize(120, 40)
        terminal.wait_for("── Details Gate North")
        terminal.wait_for("q leave")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)


def test_a_size_that_the_dashboard_was_not_told_of_last_is_seen_all_the_same() -> None:
    with Terminal(FLEET) as terminal:
        terminal.wait_for("recording")
        terminal.resize(50, 12, told=False)
        terminal.wait_for("needs 60x16")
        terminal.resize(120, 40, told=False)
        terminal.wait_for("── Details Gate North")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_a_paste_presses_no_keys_and_is_a_text_where_one_is_typed() -> None:
    with Terminal(FLEET) as terminal:
        terminal.wait_for("Gate North")
        terminal.type("\x1b[200~rQy\r\x1b[201~")
        terminal.type("/")
        terminal.wait_for("filter")
        terminal.type("\x1b[200~rQy\n\x1b[201~")
        terminal.wait_for("No camera matches 'rQy'")
        assert "Restart" not in terminal.screen()
        terminal.type("\x1b[27uq")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)


def test_a_dashboard_without_a_shell_is_not_stopped_for_good() -> None:
    with Terminal(FLEET) as terminal:
        terminal.wait_for("recording")
        terminal.type("\x1a")
        terminal.wait_for("There is no shell to go back to")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
