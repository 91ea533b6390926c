"""The shell around the machine, with real processes: whatever goes wrong, there is a next one."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from vmstui.footage import GapCause
from vmstui.model import CameraState, EventKind
from vmstui.recorder import machine_events as ev
from vmstui.recorder import unwell
from vmstui.recorder.policy import HEALTHY_SEGMENTS, RELAY_POLICY, Policy, Retry
from vmstui.recorder.process import Exit, Process, adopt, spawn, take_lock
from vmstui.recorder.supervised import StartFailed, Supervised

STUBBORN = """trap 'echo INT' INT; trap 'echo TERM' TERM; echo ready; while :; do sleep 0.01; done"""
PATIENT = Policy(stop=((signal.SIGINT, 0.3), (signal.SIGTERM, 0.3), (signal.SIGKILL, 0.3)), stall=(), healthy_s=0.1)


class Sleeper(Supervised):
    """Runs `sleep`, or what a test gives it, and fails where a test says so."""

    def __init__(
        self, folder: Path, policy: Policy = RELAY_POLICY, argv: tuple[str, ...] = ("/bin/sleep", "60")
    ) -> None:
        super().__init__(policy)
        self.folder = folder
        self.argv = argv
        self.remembered: list[ev.Past] = []
        self.fail_to_launch: list[Exception] = []
        self.fail_to_end: list[Exception] = []
        self.notes: list[str] = []
        self.ends: list[tuple[str, float]] = []
        """How each process ended, and after how long."""
        self.pids: asyncio.Queue[int] = asyncio.Queue()

    async def launch(self) -> Process:
        if self.fail_to_launch:
            raise self.fail_to_launch.pop()
        return spawn(
            self.argv,
            marker=uuid.uuid4().hex,
            environment=os.environ,
            stdout=self.folder / "out",
            stderr=self.folder / "err",
            lock_fd=take_lock(self.folder / "lock"),
        )

    def remember(self) -> None:
        self.remembered.append(self.machine.past)

    def attached(self, process: Process) -> None:
        self.pids.put_nowait(process.pid)

    def detached(self) -> None:
        return

    def ended(self, exit_: Exit, uptime_s: float) -> ev.Ended:
        if self.fail_to_end:
            raise self.fail_to_end.pop()
        self.ends.append((str(exit_), uptime_s))
        return ev.Ended(Retry.CRASH, str(exit_), 0.0, uptime_s, recorded=True, segments=0)

    def note(
        self,
        kind: EventKind,
        text: str,
        *,
        rule: str = "",
        measured: str = "",
        threshold: str = "",
        outcome: str = "",
        cause: GapCause | None = None,
    ) -> None:
        self.notes.append(text)


def orphan(sleeper: Sleeper) -> Process:
    """What it ran, as a service that comes later finds it."""
    assert sleeper.process is not None
    found = adopt(sleeper.process.identity)
    assert found is not None
    sleeper.let_go()
    return found


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (what is waited for happens in another process)
            await asyncio.sleep(0.01)


async def next_pid(sleeper: Sleeper) -> int:
    return await asyncio.wait_for(sleeper.pids.get(), 20)


async def finish(sleeper: Sleeper) -> None:
    sleeper.dispatch(ev.Stop())
    async with asyncio.timeout(20):
        await sleeper.settled.wait()
    assert sleeper.machine.state is CameraState.STOPPED


async def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    sleeper = Sleeper(tmp_path)
    sleeper.dispatch(ev.Start())
    first = await next_pid(sleeper)
    os.kill(first, signal.SIGKILL)
    assert await next_pid(sleeper) != first
    await finish(sleeper)


async def test_files_of_a_dead_process_that_cannot_be_read_do_not_cost_its_successor(tmp_path: Path) -> None:
    sleeper = Sleeper(tmp_path)
    sleeper.dispatch(ev.Start())
    first = await next_pid(sleeper)
    sleeper.fail_to_end.append(OSError(5, "Input/output error"))
    os.kill(first, signal.SIGKILL)
    assert await next_pid(sleeper) != first
    await finish(sleeper)


@pytest.mark.parametrize("error", [StartFailed(Retry.CRASH, "refused"), ValueError("a mistake of ours")])
async def test_a_start_that_fails_is_tried_again_and_told(tmp_path: Path, error: Exception) -> None:
    sleeper = Sleeper(tmp_path)
    sleeper.fail_to_launch.append(error)
    sleeper.dispatch(ev.Start())
    await next_pid(sleeper)
    assert any(str(error) in note for note in sleeper.notes)
    await finish(sleeper)


async def test_a_hold_is_noted_anew_when_it_is_somebody_elses_matter_and_not_when_its_figures_change(
    tmp_path: Path,
) -> None:
    """As of a service that has only just come, and then finds the disk full."""
    matters = [GapCause.DISK, GapCause.DISK, GapCause.SERVICE]

    class Held(Sleeper):
        def cause_of_hold(self) -> GapCause:
            return matters.pop()

    sleeper = Held(tmp_path)
    sleeper.dispatch(ev.Hold("looking", end_running=False))
    sleeper.dispatch(ev.Start())
    for hold in ("only 3 GB free", "only 2 GB free"):
        sleeper.dispatch(ev.Hold(hold, end_running=False))
    assert sleeper.notes == ["looking", "only 3 GB free"]
    assert sleeper.machine.reason == "only 2 GB free"
    await finish(sleeper)


async def test_letting_go_leaves_the_process_alone(tmp_path: Path) -> None:
    sleeper = Sleeper(tmp_path)
    sleeper.dispatch(ev.Start())
    pid = await next_pid(sleeper)
    sleeper.let_go()
    os.kill(pid, 0)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitpid, pid, 0)


async def test_no_service_sends_a_signal_that_another_one_sent(tmp_path: Path) -> None:
    """Three services, one after the other, end the same process: it gets each signal once, as at a fourth ffmpeg would
    leave its file without an end."""
    output, argv = tmp_path / "out", ("/bin/sh", "-c", STUBBORN)
    first = Sleeper(tmp_path, PATIENT, argv)
    first.dispatch(ev.Start())
    pid = await next_pid(first)
    await until(lambda: "ready" in output.read_text())
    first.dispatch(ev.Restart("configuration changed"))
    assert first.remembered[-1].signals == 1, "noted before it is sent"
    second = Sleeper(tmp_path, PATIENT, argv)
    second.adopt(orphan(first), 0, 0, 1.0, first.remembered[-1])
    assert second.machine.state is CameraState.STOPPING
    await until(lambda: "TERM" in output.read_text())
    third = Sleeper(tmp_path, PATIENT, argv)
    third.adopt(orphan(second), 0, 0, 1.0, second.remembered[-1])
    assert await next_pid(third) == pid
    assert await next_pid(third) != pid, "it was told to end, so it is replaced"
    assert output.read_text().split()[:3] == ["ready", "INT", "TERM"]
    third.dispatch(ev.Stop())
    await until(lambda: third.settled.is_set())


class Told(Sleeper):
    """Remembers whether it was settled whenever somebody was told of a change."""

    def changed(self) -> None:
        self.told = [*getattr(self, "told", []), self.settled.is_set()]


async def test_nobody_is_told_that_an_adopted_process_is_gone(tmp_path: Path) -> None:
    first = Sleeper(tmp_path)
    first.dispatch(ev.Start())
    pid = await next_pid(first)
    second = Told(tmp_path)
    second.adopt(orphan(first), 0, 0, 1.0)
    assert second.told == [False]
    os.kill(pid, signal.SIGKILL)
    await until(lambda: second.process is not None and second.process.pid != pid)
    await finish(second)


class Undead(Process):
    """A process that no signal reaches, as one that waits in the kernel for a dead disk."""

    def send(self, number: signal.Signals) -> None:
        return


async def test_what_cannot_be_killed_stays_so_over_services_and_gets_no_second(tmp_path: Path) -> None:
    first = Sleeper(tmp_path, PATIENT)
    first.dispatch(ev.Start())
    pid = await next_pid(first)
    living = orphan(first)
    stuck = Undead(living.identity, living.pidfd, own=living.own)
    second = Sleeper(tmp_path, PATIENT)
    second.adopt(stuck, 0, 0, 1.0)
    second.dispatch(ev.Stop())
    await until(lambda: second.machine.state is CameraState.UNKILLABLE)
    third = Sleeper(tmp_path, PATIENT)
    third.adopt(orphan(second), 0, 0, 1.0, second.remembered[-1])
    third.dispatch(ev.Start())
    assert third.machine.state is CameraState.UNKILLABLE
    assert (await next_pid(third), third.pids.empty()) == (pid, True)
    os.kill(pid, signal.SIGKILL)
    assert await next_pid(third) != pid
    third.dispatch(ev.Stop())
    await until(lambda: third.settled.is_set())


class Untold(Process):
    """A process whose end is told only when it is asked for the nth time, as one that its parent waits for just then
    on a kernel that keeps nothing of it."""

    asked, nth = 0, 1
    sent = 0

    def reap(self) -> Exit | None:
        self.asked += 1
        return super().reap() if self.asked >= self.nth else None

    def send(self, number: signal.Signals) -> None:
        self.sent += 1


async def adopted_untold(sleeper: Sleeper, folder: Path, nth: int) -> Untold:
    """What another one started, adopted by this one; its end is told at the nth question."""
    first = Sleeper(folder)
    first.dispatch(ev.Start())
    await next_pid(first)
    living = orphan(first)
    untold = Untold(living.identity, living.pidfd, own=living.own)
    untold.nth = nth
    sleeper.adopt(untold, 0, 0, 1.0)
    await next_pid(sleeper)
    return untold


@pytest.mark.parametrize(("nth", "told"), [(3, "killed by SIGKILL"), (1000, "exit status unknown")])
async def test_an_end_that_is_not_told_at_once_is_asked_for_again_and_not_for_ever(
    tmp_path: Path, nth: int, told: str
) -> None:
    sleeper = Sleeper(tmp_path)
    untold = await adopted_untold(sleeper, tmp_path, nth)
    os.kill(untold.pid, signal.SIGKILL)
    assert await next_pid(sleeper) != untold.pid
    assert [exit_ for exit_, _ in sleeper.ends] == [told]
    await finish(sleeper)
    if nth == 1000:
        await asyncio.to_thread(os.waitpid, untold.pid, 0)


async def test_who_is_asked_for_an_end_is_sent_nothing_and_can_be_let_go(tmp_path: Path) -> None:
    sleeper = Sleeper(tmp_path, PATIENT)
    untold = await adopted_untold(sleeper, tmp_path, 1000)
    os.kill(untold.pid, signal.SIGKILL)
    await until(lambda: untold.asked)
    sleeper.dispatch(ev.Stop())
    assert untold.sent == 0, "the pid may be that of another process by now"
    sleeper.let_go()
    asked = untold.asked
    await asyncio.sleep(0.2)
    assert (untold.asked, sleeper.ends) == (asked, [])
    await asyncio.to_thread(os.waitpid, untold.pid, 0)


async def test_health_ends_the_alarm_while_the_process_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwell, "FAILING_AFTER_S", 0.05)
    sleeper = Sleeper(tmp_path, PATIENT)
    sleeper.fail_to_launch.append(StartFailed(Retry.NETWORK, "refused"))
    sleeper.dispatch(ev.Start())
    await until(lambda: sleeper.machine.state is CameraState.FAILING)
    assert sleeper.failing_since is not None
    assert sleeper.next_start_at is not None, "it is tried again"
    await next_pid(sleeper)
    sleeper.saw_health(HEALTHY_SEGMENTS)
    assert sleeper.failing_since is not None, "not so soon"
    await until(lambda: sleeper.uptime_s() > PATIENT.healthy_s)
    sleeper.saw_health(HEALTHY_SEGMENTS - 1)
    assert sleeper.failing_since is not None, "not without footage"
    sleeper.saw_health(HEALTHY_SEGMENTS)
    assert sleeper.failing_since is None
    assert sleeper.remembered[-1] == ev.Past()
    assert any("healthy again" in note for note in sleeper.notes)
    await finish(sleeper)
