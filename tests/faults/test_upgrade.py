"""Another version of the service takes over while cameras are recorded: nobody and nothing may notice.

The new version is this one, started by a wrapper script that does what a test wants to happen at that instant.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import PATIENCE_S, REPOSITORY, Recorder, alive, read_json, wait_until
from tests.integration.test_recorder import gaps_between, recording
from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderLost
from vmstui.footage import SegmentVerdict
from vmstui.live.simulated import SimulatedCameras
from vmstui.logged import LogPage
from vmstui.model import EventKind

MakeCameras = Callable[..., SimulatedCameras]


def version(folder: Path, instead: str = "", trial: str = "") -> str:
    """A new version: an interpreter that first runs these lines of Python, in its trial or in the place of the service.

    Not of shell: a shell takes the exit status of every child for itself, also of those it did not start.
    """
    script = folder / f"python{len(list(folder.glob('python*')))}"
    lines = (
        f"#!{sys.executable}",
        "import os, signal, sys",
        f"exec({trial!r} if '--trial' in sys.argv else {instead!r})",
        f"os.environ['PYTHONPATH'] = {str(REPOSITORY)!r}",
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])",
    )
    script.write_text("\n".join(lines))
    script.chmod(0o755)
    return str(script)


def guardians(recorder: Recorder) -> list[int]:
    """Guardians of this recorder's upgrades that still run."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                argv = Path("/proc", entry, "cmdline").read_text(errors="replace")
            except OSError:
                continue
            if "vmstui.recorder.guardian" in argv and str(recorder.socket) in argv and alive(int(entry)):
                found.append(int(entry))
    return found


@contextmanager
def writing(path: Path) -> Iterator[list[str]]:
    """Meanwhile lines are appended to a worker's log as ffmpeg does it."""
    over, written = threading.Event(), list[str]()

    def write() -> None:
        with path.open("a", buffering=1) as log:
            while not over.is_set():
                log.write(f"[warning] line {len(written)}\n")
                written.append(f"line {len(written)}")
                over.wait(0.002)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        over.set()
        thread.join()


@contextmanager
def watched(recorder: Recorder) -> Iterator[list[str]]:
    """Meanwhile somebody asks the service all the time, and somebody tries to take its place. What went wrong."""
    over, wrong = threading.Event(), list[str]()

    def ask() -> None:
        while not over.is_set():
            try:
                call(recorder.socket, "hello", timeout_s=30)
            except RecorderLost as error:
                wrong.append(str(error))
            over.wait(0.01)

    def take() -> None:
        while not over.is_set():
            descriptor = os.open(recorder.folder / "state" / "service.lock", os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                wrong.append("the state folder was free for an instant")
            except BlockingIOError:
                pass
            finally:
                os.close(descriptor)
            over.wait(0.002)

    threads = [threading.Thread(target=work) for work in (ask, take)]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        over.set()
        for thread in threads:
            thread.join()


def every_line(recorder: Recorder, of: str) -> list[str]:
    """All lines of a camera, or of the service, that the recorder holds."""
    texts, after = list[str](), 1
    while True:
        page = from_json(LogPage, call(recorder.socket, "logs", {"camera": None, "after": after, "limit": 2000}))
        texts += [line.text for line in page.lines if line.camera == of]
        if len(page.lines) < 2000:
            return texts
        after = page.next_seq


def test_an_upgrade_costs_no_frame_no_line_and_no_client_notices(recorder: Recorder, simulated: MakeCameras) -> None:
    recording(recorder, simulated, count=2)
    recorder.wait_for("a closed segment", lambda camera: camera.segments_closed >= 1)
    before = recorder.snapshot()
    with watched(recorder) as wrong, writing(Path(recorder.details().log_path)) as written:
        wait_until(lambda: "line 100" in recorder.log(), "lines are shown")
        done = recorder.command("upgrade", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
    assert wrong == []
    wait_until(lambda: recorder.log()[-1] == written[-1], "the last line is shown")
    assert [text for text in every_line(recorder, "cam1") if text.startswith("line ")] == written
    assert any("begins" in text for text in every_line(recorder, "recorder")), "what the version before said is there"
    told = read_json(done.stdout)
    assert (told["outcome"], told["pid"], told["workers"]) == ("done", before.service.pid, 2)
    after = recorder.snapshot()
    assert after.service.pid == before.service.pid
    assert after.relay.pid == before.relay.pid
    assert after.started_at > before.started_at, "the version before still runs"
    for old, new in zip(before.cameras, after.cameras, strict=True):
        assert (new.pid, new.generation, new.restarts) == (old.pid, old.generation, 0)
    for camera in before.cameras:
        recorder.wait_for("a segment after it", lambda now: now.segments_closed >= 1, camera.id)
        segments = recorder.segments(camera.id)
        assert all(segment.verdict is SegmentVerdict.GOOD for segment in segments)
        assert max(map(abs, gaps_between(segments))) < 0.5
        assert recorder.camera(camera.id).pid == camera.pid
    assert len(recorder.left_running()) == 3, "two workers and the relay: the guardian is none"
    # Whoever is told to leave while the guardian still watches is not brought back.
    down = recorder.command("down")
    assert down.returncode == 0, down.stderr
    wait_until(lambda: not guardians(recorder), "the guardian is gone")
    assert recorder.command("status").returncode == 3


def test_a_worker_that_dies_between_the_versions_is_explained_and_replaced(
    recorder: Recorder, simulated: MakeCameras, tmp_path: Path
) -> None:
    """And one that was to be replaced at the next boundary of its segments still is."""
    recording(recorder, simulated, count=2)
    died = recorder.camera("cam1").pid
    call(recorder.socket, "restart", {"cameras": ["cam2"], "at_boundary": True})
    new = version(tmp_path, instead=f"os.kill({died}, signal.SIGSEGV)")
    done = recorder.command("upgrade", "--python", new)
    assert done.returncode == 0, done.stderr
    recorder.wait_recording("cam1", generation=2)
    exits = [event for event in recorder.details("cam1").events if event.kind is EventKind.EXIT]
    assert len(exits) == 1
    assert "SIGSEGV" in exits[0].text
    assert "SIGSEGV" in exits[0].measured
    recorder.wait_recording("cam2", generation=2)
    assert died is not None
    assert not Path(f"/proc/{died}").exists(), "it stays as a zombie"


def test_a_version_that_dies_is_rolled_back_and_so_is_one_that_dies_soon_after(
    recorder: Recorder, simulated: MakeCameras, tmp_path: Path
) -> None:
    recording(recorder, simulated)
    before, first = recorder.camera(), recorder.pid()
    new = version(tmp_path, instead="sys.exit('no module named frobnicate')")
    rolled_back = recorder.command("upgrade", "--python", new)
    assert rolled_back.returncode == 1
    assert "rolled back" in rolled_back.stderr
    assert "no module named frobnicate" in rolled_back.stderr
    second = recorder.pid()
    assert not alive(first)
    assert any("rolled back" in text for text in recorder.log(None))
    assert recorder.command("upgrade", "--python", version(tmp_path)).returncode == 0
    assert recorder.pid() == second
    os.kill(second, signal.SIGKILL)
    third = wait_until(lambda: recorder.pid() not in (0, second) and recorder.pid(), "the old version is back")
    after = recorder.wait_recording()
    assert (after.pid, after.generation, after.restarts) == (before.pid, before.generation, 0)
    assert alive(third)
    wait_until(lambda: not guardians(recorder), "the guardian has done its work")


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        ("raise ImportError('no module named frobnicate')", "no module named frobnicate"),
        ("print('hello'); sys.exit()", "answered with something else"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "-11"),
    ],
)
def test_a_version_that_fails_its_trial_is_refused_and_nothing_changes(
    recorder: Recorder, tmp_path: Path, trial: str, reason: str
) -> None:
    recorder.configure([])
    pid = recorder.start()
    started_at = recorder.snapshot().started_at
    refused = recorder.command("upgrade", "--python", version(tmp_path, trial=trial))
    assert refused.returncode == 1
    assert "nothing changed" in refused.stderr
    assert reason in refused.stderr
    assert (recorder.pid(), recorder.snapshot().started_at) == (pid, started_at)
    assert guardians(recorder) == []


def test_what_would_touch_workers_or_cannot_be_run_is_refused(recorder: Recorder, tmp_path: Path) -> None:
    recorder.configure([])
    pid = recorder.start()
    missing = recorder.command("upgrade", "--python", str(tmp_path / "nothing"))
    assert missing.returncode == 2
    assert "nothing" in missing.stderr
    good = recorder.config.read_text()
    recorder.config.write_text(good.replace("length: 5s", "length: 7s"))
    changed = recorder.command("upgrade", "--json")
    assert changed.returncode == 1
    assert "config reload" in read_json(changed.stdout)["reason"]
    recorder.config.write_text("recordings: [\n")
    broken = recorder.command("upgrade")
    assert broken.returncode == 1
    assert "vmstui.yaml:" in broken.stderr
    recorder.config.write_text(good)
    vanished = recorder.command("upgrade", "--python", version(tmp_path, trial="os.unlink(sys.argv[0])"))
    assert vanished.returncode == 1
    assert "cannot run" in vanished.stderr
    assert recorder.pid() == pid
    wait_until(lambda: not guardians(recorder), "a guardian that is not needed leaves")
    assert recorder.command("upgrade").returncode == 0, "and after all that it still can"


EDITED = "from pathlib import Path; f = Path({config!r}); f.write_text(f.read_text().replace('/cam1', '/cam2'))"


def test_a_configuration_that_is_edited_during_the_trial_is_not_taken_over_by_the_way(
    recorder: Recorder, simulated: MakeCameras, tmp_path: Path
) -> None:
    recorder.configure([("gate", simulated(2).url("cam1"))])
    recorder.start()
    before, pid = recorder.wait_recording("gate"), recorder.pid()
    started_at = recorder.snapshot().started_at
    new = version(tmp_path, trial=EDITED.format(config=str(recorder.config)))
    refused = recorder.command("upgrade", "--python", new)
    assert refused.returncode == 1, refused.stdout
    assert "config reload" in refused.stderr
    assert (recorder.pid(), recorder.snapshot().started_at) == (pid, started_at)
    assert recorder.camera("gate").pid == before.pid
    shown = recorder.command("config", "diff").stdout
    assert "gate: would restart" in shown


def test_a_configuration_that_is_edited_while_the_versions_change_is_what_is_recorded_then(
    recorder: Recorder, simulated: MakeCameras, tmp_path: Path
) -> None:
    recorder.configure([("gate", simulated(2).url("cam1"))])
    recorder.start()
    before = recorder.wait_recording("gate")
    new = version(tmp_path, instead=EDITED.format(config=str(recorder.config)))
    done = recorder.command("upgrade", "--python", new)
    assert done.returncode == 0, done.stderr
    assert recorder.details("gate").source.endswith("/cam2")
    now = recorder.wait_recording("gate", generation=before.generation + 1)
    assert now.pid != before.pid
    script = recorder.folder / "state" / "cameras" / "gate" / "input.ffconcat"
    assert "/cam2" in script.read_text()


def test_of_two_services_started_at_once_one_wins_and_the_other_names_it(recorder: Recorder) -> None:
    recorder.configure([])
    argv = [sys.executable, "-m", "vmstui", "up", "--foreground"]
    both = [
        subprocess.Popen(argv, env=recorder.environment, stderr=subprocess.PIPE, start_new_session=True)
        for _ in range(2)
    ]
    loser = wait_until(lambda: next((one for one in both if one.poll() is not None), None), "one of them gives up")
    winner = both[1 - both.index(loser)]
    recorder.service = winner
    assert loser.returncode == 1
    assert f"process {winner.pid}" in loser.stderr.read().decode()
    wait_until(lambda: recorder.pid() == winner.pid, "the other one answers")
    for one in both:
        assert one.stderr is not None
        one.stderr.close()


STAND_IN = """
import json, os, socket, sys
path, ready, sign = sys.argv[1:]
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
with open(sign + ".part", "w") as file:
    json.dump({"pid": os.getpid(), "told": os.environ.get("TOLD")}, file)
os.rename(sign + ".part", sign)
while True:
    client, _ = listener.accept()
    client.recv(4096)
    client.sendall(json.dumps({"result": {"ready": ready == "ready", "upgrade": {"token": "7"}}}).encode() + b"\\n")
    client.close()
"""


def stand_in(folder: Path, name: str, ready: str) -> list[str]:
    """A command that answers like a service and leaves a sign that it runs."""
    return [sys.executable, "-c", STAND_IN, str(folder / "control.sock"), ready, str(folder / name)]


def sign(folder: Path, name: str) -> dict[str, Any]:
    """What a stand-in left."""
    found: dict[str, Any] = wait_until(
        lambda: (folder / name).exists() and read_json((folder / name).read_text()), f"the {name} version runs"
    )
    return found


@pytest.mark.parametrize("ready", ["ready", "never ready"])
def test_the_guardian_leaves_a_good_version_alone_and_replaces_one_that_does_not_get_ready(
    tmp_path: Path, ready: str
) -> None:
    """Stand-ins on both sides: for the new version, and for the old one that is brought back."""
    new = subprocess.Popen(stand_in(tmp_path, "new", ready), start_new_session=True)
    sign(tmp_path, "new")
    plan = {
        "pid": new.pid,
        "socket": str(tmp_path / "control.sock"),
        "token": "7",
        "argv": stand_in(tmp_path, "old", "ready"),
        "variable": "TOLD",
        "inheritance": {"token": "7"},
        "words_at": 0,
        "ready_limit_s": 1.0,
        "probation_s": 0.5,
    }
    ours, its = socket.socketpair()
    started = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "vmstui.recorder.guardian", json.dumps(plan)],
        {**os.environ, "PYTHONPATH": str(REPOSITORY)},
        file_actions=[(os.POSIX_SPAWN_DUP2, its.fileno(), 3)],
    )
    try:
        assert os.waitpid(started, 0)[1] == 0
        guardian = int(ours.recv(64))
        if ready == "ready":
            wait_until(lambda: not alive(guardian), "the guardian leaves")
            assert new.poll() is None
            assert not (tmp_path / "old").exists()
        else:
            old = sign(tmp_path, "old")
            wait_until(lambda: not alive(guardian), "the guardian leaves")
            assert "not ready after 1 s" in read_json(old["told"])["rolled_back"]
            assert new.wait(PATIENCE_S) == -signal.SIGKILL
            os.kill(old["pid"], signal.SIGKILL)
    finally:
        new.kill()
        new.wait()
        ours.close()
        its.close()
