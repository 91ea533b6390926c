"""A reload touches only what changed, and what `config diff` said it would: held against `/proc`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.integration.harness import Recorder, read_json, wait_until
from vmstui.control.call import call
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraSnapshot, CameraState, EventKind

MakeCameras = Callable[..., SimulatedCameras]
PROFILES = """retention: {{min_free: 16M}}
live: {{listen: '127.0.0.1:0'}}
profiles:
  {name}:
    recording: {{codec: source, encoder: copy}}
    live: {{codec: h264, encoder: copy}}"""


def ticks(pid: int) -> int:
    """When a process started: with its pid, the one identity that is never used again."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def workers(recorder: Recorder) -> dict[str, tuple[int, int]]:
    """Pid and start of each camera's one worker, by the marks in the environments of all processes."""
    found: dict[str, tuple[int, int]] = {}
    for pid in recorder.left_running():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except ProcessLookupError:
            continue  # it ended just now
        mark = next(entry for entry in environment if entry.startswith(b"VMSTUI_PROCESS="))
        name = mark.decode().split(":")[1]
        assert name not in found, f"two workers of {name}"
        found[name] = (pid, ticks(pid))
    return found


def write(recorder: Recorder, profile: str, cameras: dict[str, list[str]]) -> None:
    """A configuration whose cameras all want the profile of that name, each with further lines."""
    recorder.configure([], head=PROFILES.format(name=profile))
    lines = ["cameras:"]
    for name, more in cameras.items():
        lines += [f"  - id: {name}", f"    profile: {profile}", *(f"    {line}" for line in more)]
    recorder.config.write_text(recorder.config.read_text().replace("cameras: []", "\n".join(lines)))


def foretold(recorder: Recorder) -> dict[str, tuple[str, list[str], str | None]]:
    """What `config diff` says about each camera."""
    done = recorder.command("config", "diff", "--json")
    assert done.returncode == 0, done.stderr
    return told(done.stdout)


def told(answer: str) -> dict[str, tuple[str, list[str], str | None]]:
    return {entry["id"]: (entry["touch"], entry["why"], entry["cost"]) for entry in read_json(answer)["cameras"]}


def alone_again(recorder: Recorder, before: dict[str, tuple[int, int]], name: str) -> None:
    """Wait until a camera is recorded by another worker than before, and by that one only."""

    def is_new(camera: CameraSnapshot) -> bool:
        new = camera.pid is not None and camera.pid != before.get(name, (0, 0))[0]
        return new and camera.state is CameraState.RECORDING and camera.beside_pid is None

    recorder.wait_for("recorded by another worker alone", is_new, name)


def test_what_diff_says_is_what_reload_and_sighup_do(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated(5, username=None, password=None)
    (recorder.folder / "other").write_text("another")
    os.chmod(recorder.folder / "other", 0o600)
    url = {f"cam{n}": [f"url: {sources.url(f'cam{n}')}"] for n in range(1, 6)}
    login = ["username: admin", "password: {file: password}"]
    first = {
        "cam1": url["cam1"],
        "cam2": [*url["cam2"], *login, "restart: stop_first"],
        "cam3": [*url["cam3"], *login],
        "cam4": url["cam4"],
    }
    write(recorder, "lobby", first)
    recorder.start()
    for name in first:
        recorder.wait_recording(name)
    before = workers(recorder)
    second = {
        "cam5": url["cam5"],  # added
        "cam1": [*url["cam1"], "name: Gate"],  # changed
        "cam2": [*url["cam2"], *(line.replace("password}", "other}") for line in login), "restart: stop_first"],
        "cam3": [*url["cam3"], *login],
    }  # cam4 is gone, and all cameras want the same by another name
    write(recorder, "hall", second)
    shown = recorder.command("config", "diff")
    assert shown.returncode == 0, shown.stderr
    for line in (
        "+ camera cam5",
        "- camera cam4",
        "~ camera cam1: name: cam1 -> Gate",
        "~ camera cam3: profile: lobby -> hall",
        "cam1: would restart, seamless: nothing is lost (name)",
        "cam2: would restart, stop first: about 1-3 s are lost (password)",
        "cam4: would end",
        "cam5: would start",
        "1 camera untouched",
    ):
        assert line in shown.stdout.splitlines(), shown.stdout
    expected = foretold(recorder)
    assert expected == {
        "cam5": ("starts", [], None),
        "cam1": ("restarts", ["name"], "seamless"),
        "cam2": ("restarts", ["password"], "stop first"),
        "cam3": ("untouched", [], None),
        "cam4": ("ends", [], None),
    }
    assert workers(recorder) == before, "to ask changes nothing"
    assert recorder.camera("cam3").profile == "lobby"

    done = recorder.command("config", "reload", "--json")
    assert told(done.stdout) == expected
    for name in ("cam1", "cam2", "cam5"):
        alone_again(recorder, before, name)
    wait_until(lambda: "cam4" not in workers(recorder), "the worker of cam4 is ended")
    after = workers(recorder)
    assert sorted(after) == ["/relay", "cam1", "cam2", "cam3", "cam5"]
    assert {name for name in after if after[name] == before.get(name)} == {"/relay", "cam3"}
    assert recorder.camera("cam3").profile == "hall"
    assert recorder.command("config", "diff").stdout == "no difference\n"

    # And back again, by a signal: the same is done without being asked over the socket.
    write(recorder, "lobby", first)
    expected = foretold(recorder)
    restarted = [name for name, (touch, _, _) in expected.items() if touch == "restarts"]
    assert restarted == ["cam1", "cam2"]
    before = after
    assert recorder.service is not None
    recorder.service.send_signal(signal.SIGHUP)
    wait_until(lambda: recorder.camera("cam3").profile == "lobby", "the signal is heeded")
    for name in (*restarted, "cam4"):
        alone_again(recorder, before, name)
    wait_until(lambda: "cam5" not in workers(recorder), "the worker of cam5 is ended")
    after = workers(recorder)
    assert {name for name in after if after[name] == before.get(name)} == {"/relay", "cam3"}
    summary = "restarts cam1, cam2; starts cam4; ends cam5; 1 camera untouched"
    assert any(text.endswith(summary) for text in recorder.log(None)), "the log tells who asks nothing"


def test_a_reload_leaves_waits_and_stops_alone_and_an_invalid_file_changes_nothing(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated(3)
    (recorder.folder / "wrong").write_text("wrong")
    os.chmod(recorder.folder / "wrong", 0o600)

    def cameras(password: str, name: str = "cam3") -> dict[str, list[str]]:
        """`password` is that of cam2, `name` that of cam3."""
        own = {"cam1": ("password", "cam1"), "cam2": (password, "cam2"), "cam3": ("password", name)}
        return {
            camera: [f"url: {sources.url(camera)}", "username: admin", f"password: {{file: {file}}}", f"name: {title}"]
            for camera, (file, title) in own.items()
        }

    write(recorder, "lobby", cameras("wrong"))
    recorder.start()
    recorder.wait_recording("cam1")
    recorder.wait_recording("cam3")
    waiting = recorder.wait_for("waiting", lambda camera: camera.state is CameraState.AUTH_FAILED, "cam2")
    before = workers(recorder)

    def nothing_happened() -> bool:
        now = recorder.camera("cam2")
        assert waiting.next_start_at is not None
        assert now.next_start_at is not None
        same_wait = abs((now.next_start_at - waiting.next_start_at).total_seconds()) < 2
        return workers(recorder) == before and now.state is CameraState.AUTH_FAILED and same_wait

    # A file with errors: the same errors as `config check` tells, by every way.
    good = recorder.config.read_text()
    recorder.config.write_text(good.replace("segment:", "segmnt:").replace("codec: h264", "codec: h999"))
    check = recorder.command("config", "check")
    errors = check.stdout.splitlines()[:-1]
    assert len(errors) == 2
    for command in ("diff", "reload"):
        refused = recorder.command("config", command)
        assert (refused.returncode, refused.stderr.splitlines()) == (2, errors)
    assert recorder.service is not None
    recorder.service.send_signal(signal.SIGHUP)
    wait_until(lambda: any("not reloaded, nothing changed" in text for text in recorder.log(None)), "the log tells")
    assert nothing_happened()

    # Who looks at live streams needs a login from now on: that concerns the relay and no worker, and no wait.
    login = "live: {listen: '127.0.0.1:0', username: guard, password: {file: password}}"
    write(recorder, "lobby", cameras("wrong"))
    recorder.config.write_text(recorder.config.read_text().replace("live: {listen: '127.0.0.1:0'}", login))
    shown = recorder.command("config", "diff").stdout.splitlines()
    assert shown[-2:] == ["live relay: would restart, recording goes on", "3 cameras untouched"]
    call(recorder.socket, "reload")
    wait_until(lambda: workers(recorder).get("/relay") not in (None, before["/relay"]), "another relay")
    before["/relay"] = workers(recorder)["/relay"]
    assert nothing_happened()

    # In the middle of a stop, and of a restart: neither is undone or done twice.
    write(recorder, "lobby", cameras("wrong", name="Hall"))
    call(recorder.socket, "stop", {"cameras": ["cam3"]})
    call(recorder.socket, "restart", {"cameras": ["cam1"], "mode": "stop_first"})
    answer = call(recorder.socket, "reload")
    assert told(json.dumps(answer))["cam3"] == ("untouched", [], None)
    alone_again(recorder, before, "cam1")
    recorder.wait_for("stopped", lambda camera: camera.state is CameraState.STOPPED, "cam3")
    assert (recorder.camera("cam1").generation, recorder.camera("cam3").generation) == (2, 1)
    assert sorted(workers(recorder)) == ["/relay", "cam1"]

    # The wait is over once its reason is cured.
    write(recorder, "lobby", cameras("password", name="Hall"))
    assert foretold(recorder)["cam2"] == ("restarts", ["password"], "not recording")
    call(recorder.socket, "reload")
    recorder.wait_recording("cam2")
    kinds = [event.kind for event in recorder.details("cam3").events]
    assert (kinds.count(EventKind.START), kinds.count(EventKind.STOP), EventKind.EXIT in kinds) == (1, 1, False)
