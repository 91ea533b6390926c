"""Workers that die, do not die, hide or cannot be started: there is never a second one, and always a next one."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.watch import Watch
from tests.integration.harness import REPOSITORY, Recorder, wait_until
from vmstui.control.call import call
from vmstui.ffmpeg.abilities import choose
from vmstui.footage import SegmentVerdict
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState, EventKind

SCRIPT = REPOSITORY / "tests" / "faults" / "odd_worker.sh"


@pytest.fixture(scope="module")
def program(abilities: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The script in the place of ffmpeg, and a folder with what the recorder found it to be able to do."""
    folder = tmp_path_factory.mktemp("odd")
    shutil.copy(SCRIPT, folder / "ffmpeg")
    cache = tmp_path_factory.mktemp("odd-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REAL_FFMPEG", abilities[1])
        choose(str(folder / "ffmpeg"), cache)
    return folder / "ffmpeg", cache


@dataclass
class Odd:
    """A recorder whose workers misbehave when told to."""

    recorder: Recorder
    watch: Watch
    program: Path
    faults: Path

    def behave(self, how: str) -> None:
        (self.faults / "behaviour").write_text(how)

    def command(self, method: str) -> None:
        more = {"mode": "stop_first"} if method == "restart" else {}
        call(self.recorder.socket, method, {"cameras": ["cam1"], **more})

    def starts(self) -> list[float]:
        path = self.faults / "starts"
        return [float(line) for line in path.read_text().split()] if path.exists() else []

    def ends(self) -> list[str]:
        kinds = (EventKind.EXIT, EventKind.STOP)
        return [event.measured for event in self.recorder.details().events if event.kind in kinds]

    def records(self) -> int:
        return int(wait_until(self.watch.recording, "one worker records", self.recorder._explain))


@pytest.fixture
def odd(
    watched: tuple[Recorder, Watch], source: SimulatedCameras, program: tuple[Path, Path], abilities: tuple[Path, str]
) -> Odd:
    recorder, watch = watched
    faults = recorder.folder / "faults"
    faults.mkdir()
    recorder.environment |= {"FAULTS": str(faults), "REAL_FFMPEG": abilities[1]}
    shutil.copytree(program[1], recorder.folder / "state" / "cache", dirs_exist_ok=True)
    recorder.configure([("cam1", source.url("cam1"))])
    recorder.config.write_text(recorder.config.read_text().replace("ffmpeg: embedded", f"ffmpeg: {program[0]}"))
    return Odd(recorder, watch, program[0], faults)


def test_every_end_is_told_and_followed_and_at_once_again_and_again_is_slowed_down(odd: Odd) -> None:
    told = {
        "exit 0": "exit code 0",
        "exit 123": "exit code 123",
        "exit 255": "exit code 255",
        "signal SEGV": "SIGSEGV",
        "signal ABRT": "SIGABRT",
        "exit 1": "exit code 1",
    }
    odd.behave("exit 0")
    odd.recorder.start()
    for how, expected in told.items():
        odd.behave(how)
        before = len(odd.starts())
        odd.command("start")  # a person may always try at once
        wait_until(lambda expected=expected: any(expected in end for end in odd.ends()), how, odd.recorder._explain)  # type: ignore[misc]
    wait_until(lambda: len(odd.starts()) >= before + 4, "it is tried again")
    gaps = [after - earlier for earlier, after in itertools.pairwise(odd.starts()[before:][:4])]
    for gap_s, ladder_s in zip(gaps, (1, 2, 5), strict=True):
        assert gap_s >= 0.8 * ladder_s - 0.1, gaps
    assert len(odd.recorder.log()) < 12 * len(odd.starts()), "no flood"
    wait_until(lambda: not odd.watch.workers(), "the last of them has ended, too")
    odd.behave("")
    odd.command("start")
    odd.records()


def test_a_worker_that_ignores_every_signal_gets_each_once_and_is_killed(odd: Odd) -> None:
    odd.behave("deaf")
    odd.recorder.start()
    odd.recorder.wait_for("a worker", lambda camera: camera.pid)
    wait_until(odd.starts, "it is up")
    odd.behave("")
    odd.command("restart")
    pid = odd.records()
    assert (odd.faults / "signals").read_text().split() == ["INT", "TERM"]
    assert any("SIGINT, SIGTERM, SIGKILL" in end for end in odd.ends())
    # One that is stopped is woken to take the first.
    os.kill(pid, signal.SIGSTOP)
    odd.command("stop")
    wait_until(lambda: not odd.watch.workers(), "the stopped worker ends", limit_s=7)
    segments = wait_until(odd.recorder.segments, "its segment is published")
    assert segments[-1].verdict is SegmentVerdict.GOOD


def test_while_something_of_a_dead_worker_holds_its_lock_no_second_one_starts(odd: Odd) -> None:
    odd.behave("grandchild")
    odd.recorder.start()
    pid = odd.records()
    child = int((odd.faults / "grandchild").read_text())
    odd.behave("")
    os.kill(pid, signal.SIGKILL)
    camera = odd.recorder.wait_for("it is told", lambda camera: "holds the lock" in camera.reason)
    assert camera.pid is None
    before = len(odd.starts())
    time.sleep(2)  # in which nothing must happen
    assert len(odd.starts()) == before == 1
    os.kill(child, signal.SIGKILL)
    odd.records()


def test_a_worker_that_hides_in_a_session_of_its_own_is_found_and_stays_the_only_one(odd: Odd) -> None:
    odd.behave("daemon")
    odd.watch.hiding = True
    odd.recorder.start()
    camera = odd.recorder.wait_recording()
    assert odd.records() == camera.pid
    assert len(odd.starts()) == 1
    texts = [event.text for event in odd.recorder.details().events if event.kind is EventKind.ADOPT]
    assert any("found again" in text for text in texts)
    odd.behave("")
    odd.command("restart")
    wait_until(lambda: odd.watch.recording() not in (None, camera.pid), "it is replaced", odd.recorder._explain)


def test_a_program_that_cannot_be_started_is_named_and_tried_again(odd: Odd) -> None:
    odd.recorder.start()
    odd.records()
    whole = odd.program.read_bytes()

    def gone() -> Callable[[], object]:
        odd.program.unlink()
        return lambda: shutil.copy(SCRIPT, odd.program)

    def forbidden() -> Callable[[], object]:
        odd.program.chmod(0o644)
        return lambda: odd.program.chmod(0o755)

    def no_program() -> Callable[[], object]:
        odd.program.write_bytes(b"\x7fELF of another machine")
        return lambda: odd.program.write_bytes(whole)

    def being_written() -> Callable[[], object]:
        return odd.program.open("r+b").close

    for spoil, reason in (
        (gone, "No such file or directory"),
        (forbidden, "Permission denied"),
        (no_program, "Exec format error"),
        (being_written, "Text file busy"),
    ):
        mend = spoil()
        try:
            odd.command("restart")
            camera = odd.recorder.wait_for(reason, lambda camera, reason=reason: reason in camera.reason)  # type: ignore[misc]
            assert (camera.state, camera.pid) == (CameraState.BACKOFF, None)
            assert str(odd.program) in camera.reason
        finally:
            mend()
    odd.command("start")
    odd.records()
