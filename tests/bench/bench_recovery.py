"""How fast things are back: a killed worker, a killed and a frozen relay, a killed service. Not run by pytest.

    python -m tests.bench.bench_recovery [--json FILE] [--rounds 5]

Real processes, seen from outside: a worker by its start time in `/proc`, a live stream by frames that ffmpeg reads
from it again. The live server must be back within 5 s of being there again, a worker within 1 s of its death.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.integration.harness import Recorder, cameras, make_cache, wait_until
from vmstui.configured import OutputKind

WORKER_BUDGET_S = 1.0
LIVE_BUDGET_S = 5.0


def main() -> int:
    """Measure, print, and exit with 1 if a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-") as name:
        results = measure(Path(name), options.rounds)
    for what, values in results.items():
        print(f"{what:<58}median {statistics.median(values):6.3f}  max {max(values):6.3f}")
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2))
    within = max(results["worker killed -> next one runs, s"]) <= WORKER_BUDGET_S
    within &= all(max(values) <= LIVE_BUDGET_S for what, values in results.items() if "live" in what)
    print("within budget" if within else "OVER BUDGET")
    return 0 if within else 1


def measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Every recovery, so many times."""
    ffmpeg = make_cache(folder / "cache")
    recorder = Recorder(folder / "recorder", folder / "cache")
    with cameras(ffmpeg, folder / "cameras") as sources:
        recorder.configure([("cam1", sources.url("cam1"))])
        try:
            recorder.start()
            recorder.wait_recording()
            wait_for_live(ffmpeg, recorder)
            return {
                "worker killed -> next one runs, s": repeat(rounds, lambda: kill_worker(recorder)),
                "relay killed -> another runs, s": (killed := relay_rounds(ffmpeg, recorder, signal.SIGKILL, rounds))[
                    0
                ],
                "relay runs again -> live frames read, s (killed)": killed[1],
                "relay frozen -> another runs, s": (frozen := relay_rounds(ffmpeg, recorder, signal.SIGSTOP, rounds))[
                    0
                ],
                "relay runs again -> live frames read, s (frozen)": frozen[1],
                "service killed, started -> worker taken over, s": repeat(rounds, lambda: kill_service(recorder)),
            }
        finally:
            recorder.stop()


def repeat(rounds: int, one: Callable[[], float]) -> list[float]:
    """So many figures."""
    return [one() for _ in range(rounds)]


def kill_worker(recorder: Recorder) -> float:
    """Seconds until the replacement was started. A restart by hand first, so that every round is a first death."""
    assert recorder.command("restart", "cam1", "--wait").returncode == 0
    before = recorder.camera()
    assert before.pid is not None
    killed_at = time.time()
    os.kill(before.pid, signal.SIGKILL)
    after = recorder.wait_for("a new worker", lambda camera: camera.generation > before.generation and camera.pid)
    assert after.pid is not None
    return started_at(after.pid) - killed_at


def relay_rounds(ffmpeg: str, recorder: Recorder, number: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds until another relay runs, and from then until live frames can be read."""
    gone, back = [], []
    for _ in range(rounds):
        time.sleep(12)  # a relay that ran for 10 s counts as healthy: every round is a first failure
        worker = recorder.camera().pid
        relay = recorder.snapshot().relay.pid
        assert relay is not None
        at = time.time()
        os.kill(relay, number)
        other = wait_until(lambda old=relay: other_relay(recorder, old), "another relay runs")  # type: ignore[misc]
        gone.append(started_at(other) - at)
        wait_for_live(ffmpeg, recorder)
        back.append(time.time() - started_at(other))
        assert recorder.camera().pid == worker
    return gone, back


def other_relay(recorder: Recorder, old: int) -> int | None:
    """Pid of the relay once it is another one."""
    pid = recorder.snapshot().relay.pid
    return pid if pid != old else None


def kill_service(recorder: Recorder) -> float:
    """Seconds from the start of a service until it shows the camera as recorded again."""
    recorder.kill_service()
    begun = time.time()
    recorder.start()
    recorder.wait_recording()
    return time.time() - begun


def wait_for_live(ffmpeg: str, recorder: Recorder) -> None:
    """Until a player gets frames."""
    live = recorder.camera().output(OutputKind.LIVE)
    assert live is not None
    argv = [ffmpeg, "-nostdin", "-loglevel", "quiet", "-rtsp_transport", "tcp", "-i", live.address]
    argv += ["-frames:v", "2", "-c", "copy", "-f", "null", "-"]

    def plays() -> bool:
        try:
            return subprocess.run(argv, timeout=20, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    wait_until(plays, "the live stream plays")


def started_at(pid: int) -> float:
    """Wall-clock start of a process, from the kernel's ticks since boot."""
    raw = Path(f"/proc/{pid}/stat").read_bytes()
    ticks = int(raw[raw.rindex(b")") + 2 :].split()[19])
    boot = time.time() - float(Path("/proc/uptime").read_text().split()[0])
    return boot + ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
