"""The shell around the machine, with real processes: whatever goes wrong, there is a next one."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from pathlib import Path

import pytest

from vmstui.model import CameraState, EventKind
from vmstui.recorder import machine as m
from vmstui.recorder.process import Exit, Process, spawn, take_lock
from vmstui.recorder.supervised import StartFailed, Supervised


class Sleeper(Supervised):
    """Runs `sleep`, and fails where a test says so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(m.RELAY_POLICY)
        self.folder = folder
        self.fail_to_launch: list[Exception] = []
        self.fail_to_end: list[Exception] = []
        self.notes: list[str] = []
        self.pids: asyncio.Queue[int] = asyncio.Queue()

    async def launch(self) -> Process:
        if self.fail_to_launch:
            raise self.fail_to_launch.pop()
        return spawn(
            ["/bin/sleep", "60"],
            marker=uuid.uuid4().hex,
            environment=os.environ,
            stdout=self.folder / "out",
            stderr=self.folder / "err",
            lock_fd=take_lock(self.folder / "lock"),
        )

    def attached(self, process: Process) -> None:
        self.pids.put_nowait(process.pid)

    def detached(self) -> None:
        return

    def ended(self, exit_: Exit, uptime_s: float) -> m.Ended:
        if self.fail_to_end:
            raise self.fail_to_end.pop()
        return m.Ended(m.Retry.LADDER, str(exit_), 0.0, uptime_s, recorded=True, segments=0)

    def note(
        self, kind: EventKind, text: str, *, rule: str = "", measured: str = "", threshold: str = "", outcome: str = ""
    ) -> None:
        self.notes.append(text)


async def next_pid(sleeper: Sleeper) -> int:
    return await asyncio.wait_for(sleeper.pids.get(), 20)


async def finish(sleeper: Sleeper) -> None:
    sleeper.dispatch(m.Stop())
    async with asyncio.timeout(20):
        await sleeper.settled.wait()
    assert sleeper.machine.state is CameraState.STOPPED


async def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    sleeper = Sleeper(tmp_path)
    sleeper.dispatch(m.Start())
    first = await next_pid(sleeper)
    os.kill(first, signal.SIGKILL)
    assert await next_pid(sleeper) != first
    await finish(sleeper)


async def test_files_of_a_dead_process_that_cannot_be_read_do_not_cost_its_successor(tmp_path: Path) -> None:
    sleeper = Sleeper(tmp_path)
    sleeper.dispatch(m.Start())
    first = await next_pid(sleeper)
    sleeper.fail_to_end.append(OSError(5, "Input/output error"))
    os.kill(first, signal.SIGKILL)
    assert await next_pid(sleeper) != first
    await finish(sleeper)


@pytest.mark.parametrize("error", [StartFailed(m.Retry.LADDER, "refused"), ValueError("a mistake of ours")])
async def test_a_start_that_fails_is_tried_again_and_told(tmp_path: Path, error: Exception) -> None:
    sleeper = Sleeper(tmp_path)
    sleeper.fail_to_launch.append(error)
    sleeper.dispatch(m.Start())
    await next_pid(sleeper)
    assert any(str(error) in note for note in sleeper.notes)
    await finish(sleeper)


async def test_letting_go_leaves_the_process_alone(tmp_path: Path) -> None:
    sleeper = Sleeper(tmp_path)
    sleeper.dispatch(m.Start())
    pid = await next_pid(sleeper)
    sleeper.let_go()
    os.kill(pid, 0)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitpid, pid, 0)
