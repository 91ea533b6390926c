"""What is looked at: vmstui over an invented recorder, and other dashboards over what each of them is for.

The others are installed by their names: from Debian or from npm. One that is not to be had here is left out,
and the reason is told. What each shows is not the same, so that the table says who shows what.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.bench.dashboard.watching import Looked
from tests.bench.supervision.install import NotInstalled, from_npm
from tests.integration.harness import REPOSITORY

MPROCS = "0.9.6"
LINES_PER_S = 1000.0
WORKERS = 64
_WRITER = (
    "import os, sys, time\n"
    "number, wait_s, parent = 0, float(sys.argv[1]), os.getppid()\n"
    "while os.getppid() == parent:\n"
    "    number += 1\n"
    "    print(f'[rtsp @ 0x55d1c0] [warning] RTP: missed {number} packets', flush=True)\n"
    "    time.sleep(wait_s)\n"
)
_LIMIT_S = 600.0


def vmstui(
    folder: Path, name: str, *, cameras: int, log_lines: float, size: tuple[int, int], keys: tuple[str, ...] = ()
) -> Looked:
    """The command itself, beside a recorder that is invented and tells it twice a second how everything is."""
    runtime = folder / f"{cameras}-{log_lines:g}-{time.monotonic_ns()}"
    env = {"VMSTUI_RUNTIME": str(runtime), "VMSTUI_STATE": str(folder), "XDG_CONFIG_HOME": str(folder),
           "VMSTUI_CONFIG": str(folder / "vmstui.yaml"), "PYTHONPATH": str(REPOSITORY)}  # fmt: skip
    return Looked(
        name, (sys.executable, "-m", "vmstui"), "q leave", "recording", env, keys, "j", "k", size=size,
        beside=partial(_told, runtime, cameras, log_lines),
    )  # fmt: skip


def btop(folder: Path) -> Looked:
    """Processes of this machine, twice a second."""
    program, config = _from_debian("btop"), folder / "xdg" / "btop"
    config.mkdir(parents=True, exist_ok=True)
    (config / "btop.conf").write_text('update_ms = 500\nproc_sorting = "pid"\n')
    env = {"XDG_CONFIG_HOME": str(folder / "xdg"), "HOME": str(folder)}
    return Looked("btop", (program, "--utf-force"), "Command", env=env, column=100, beside=_sleepers)


def htop(folder: Path) -> Looked:
    """Processes of this machine, twice a second."""
    # Not one that repeats characters and scrolls by lines: the emulator that looks at it does neither.
    env = {"HTOPRC": str(folder / "htoprc"), "HOME": str(folder), "TERM": "linux"}
    return Looked("htop", (_from_debian("htop"), "-d", "5"), "Command", env=env, column=8, beside=_sleepers)


def mprocs(folder: Path) -> Looked:
    """Its processes, which it runs itself, and the log of the one that is selected."""
    program = from_npm(REPOSITORY / "build" / "peers", "mprocs", MPROCS) / "mprocs"
    command = [sys.executable, "-IS", "-c", _WRITER, f"{WORKERS / LINES_PER_S:.4f}"]
    processes = {f"camera_{number:02d}": {"cmd": command} for number in range(WORKERS)}
    config = folder / "mprocs.yaml"
    config.write_text(json.dumps({"procs": processes}))
    env = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "xdg")}
    return Looked(f"mprocs {MPROCS}", (_native(program), "--config", str(config)), "camera_03", env=env, column=4)


@contextlib.contextmanager
def _told(runtime: Path, cameras: int, log_lines: float) -> Iterator[None]:
    argv = [sys.executable, "-m", "tests.bench.dashboard.told", "--hz", "2", "--cameras", str(cameras)]
    argv += ["--log-lines", str(log_lines), str(runtime)]
    with _running(argv) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield


@contextlib.contextmanager
def _sleepers() -> Iterator[None]:
    """As many processes as there are cameras, which do nothing."""
    with contextlib.ExitStack() as all_of_them:
        for _ in range(WORKERS):
            all_of_them.enter_context(_running(["sleep", "600"]))
        yield


@contextlib.contextmanager
def _running(argv: list[str], env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=REPOSITORY,
        env=os.environ | (env or {}),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _from_debian(name: str) -> str:
    """Raises NotInstalled."""
    if found := shutil.which(name):
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NotInstalled(f"{name} is not installed (on Debian: apt-get install {name})")
    _done(["apt-get", "-qq", "-y", "install", name])
    if found := shutil.which(name):
        return found
    raise NotInstalled(f"{name} is not among the packages of this system")


def _native(started: Path) -> str:
    """The program itself, which the package starts by a script: its cost is wanted, not that of node."""
    package = started.resolve().parent
    found = sorted(package.glob(f"mprocs-*-linux-{os.uname().machine}-musl/mprocs"))
    if not found:
        raise NotInstalled(f"mprocs has no program for {os.uname().machine} in its package")
    return str(found[0])


def _done(argv: list[str], env: dict[str, str] | None = None) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"} | (env or {})
    try:
        ended = subprocess.run(argv, capture_output=True, env=environment, timeout=_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{' '.join(argv)}: not done within {_LIMIT_S:g} s") from None
    if ended.returncode:
        raise NotInstalled(f"{' '.join(argv)}: {ended.stderr.decode(errors='replace').strip().splitlines()[-1]}")
