"""Another version of the service in the place of this one: same process, same lock, same socket, same workers.

In this order, and each step can still be taken back until the last one:

1. The new version is tried as a process of its own (`trial.py`). What fails here is refused, and nothing has changed.
2. A guardian is started (`guardian.py`): should the new version die or not get ready, it brings this one back.
3. Publications and starts that are under way come to their end; new ones wait. So do questions of clients.
4. execve(2). Workers stay our children, so that the end of one in that moment is still told by the kernel; the state
   folder stays locked and the socket open, so that neither a second service nor a client notices a gap.

What the new version has to know is in the state folder, as for one that comes after a crash; only the log lines that
are in memory are carried over by themselves (`memory.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, replace
from pathlib import Path

from vmstui import __version__
from vmstui.codec import CodecError, from_json
from vmstui.light_dataclass import dataclass
from vmstui.logged import LogLevel
from vmstui.own_process import PACKAGE_ROOT, own_python
from vmstui.recorder import guardian
from vmstui.recorder.arrival import wait_for_child
from vmstui.recorder.inheritance import VARIABLE, Inheritance, say_over
from vmstui.recorder.memory import kept
from vmstui.recorder.service import Service
from vmstui.recorder.trial import Trial, unreadable_notes
from vmstui.settings import SettingsError, diff, load

TRIAL_LIMIT_S = 30.0
GUARDIAN_LIMIT_S = 10.0
CALM_LIMIT_S = 5.0
"""Patience with publications and starts under way; then they are cut in half, which they survive."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Held back while nobody can answer them: the new version gets them as soon as it can."""


class UpgradeRefused(Exception):
    """Nothing has changed; the text is the reason."""


Quiet = Callable[[], AbstractAsyncContextManager[int]]
"""Makes a moment in which no client waits for anything, and gives the socket that they come to."""


@dataclass(frozen=True, slots=True)
class Target:
    """The version to change to, and the name of this upgrade."""

    python: str
    package_root: str | None
    """Folder the package is taken from; None leaves that to the interpreter."""
    token: str


@dataclass(frozen=True, slots=True)
class _Guard:
    """A guardian that is ready, and our end of the line to it."""

    pid: int
    word: socket.socket


class Upgrader:
    """Upgrades one service, one attempt at a time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._under_way = False

    async def upgrade(self, target: Target, socket_path: Path, quiet: Quiet) -> None:
        """Does not return when it succeeds. Raises UpgradeRefused."""
        if self._under_way:
            raise UpgradeRefused("another upgrade is under way")
        self._under_way = True
        try:
            await asyncio.to_thread(self._taken_over)
            trial = await asyncio.to_thread(self._try, target)
            given = Inheritance(target.token, __version__, trial.version, time.monotonic(), due=self._due())
            given = replace(given, configuration=await asyncio.to_thread(self._taken_over))
            given = replace(given, lock_fd=self._service.lock_fd)
            self._service.say(LogLevel.INFO, f"upgrade from {__version__} to {trial.version} ({target.python}) begins")
            guard = await self._start_guardian(given, socket_path)
            given = replace(given, guardian_fd=guard.word.fileno())
            try:
                await self._replace(target, trial, given, guard.pid, quiet)
            finally:  # still here: it was refused after all
                say_over(given, os.getpid())
                guard.word.close()
        except UpgradeRefused as error:
            self._service.say(LogLevel.ERROR, f"upgrade refused, nothing changed: {error}")
            raise
        finally:
            self._under_way = False

    def _due(self) -> tuple[str, ...]:
        return tuple(name for name, camera in self._service.fleet.cameras.items() if camera.succession.due)

    # -- 1 -----------------------------------------------------------------------------------------------------------

    def _try(self, target: Target) -> Trial:
        """In a thread. What the trial of the new version says."""
        service = self._service
        argv = [*_argv(target.python, service.settings.path), "--trial"]
        code, output, errors = _run(argv, _environment(target.package_root))
        last = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "")
        if code != 0:
            raise UpgradeRefused(f"the trial of {target.python} failed ({code}): {last or 'it said nothing'}")
        try:
            trial = from_json(Trial, json.loads(output.splitlines()[-1]))
        except (LookupError, ValueError, CodecError):
            raise UpgradeRefused(
                f"the trial of {target.python} answered with something else: {output[-200:]!r}"
            ) from None
        known = set(unreadable_notes(service.context.state_folder))
        lost = [note for note in trial.unreadable if note not in known]
        if lost:
            raise UpgradeRefused(
                f"version {trial.version} cannot read {len(lost)} notes of this one, such as {lost[0]}"
            )
        if trial.ffmpeg and service.context.abilities is not None:
            raise UpgradeRefused(f"version {trial.version} finds {trial.ffmpeg}")
        return trial

    def _taken_over(self) -> str:
        """In a thread. The digest of the configuration, which is the one the workers run on; else it is refused: they
        would be replaced by whoever reads it anew."""
        settings = self._service.settings
        try:
            loaded = load(settings.path)
        except SettingsError as error:
            raise UpgradeRefused(str(error)) from None
        if diff(settings, loaded.settings):
            raise UpgradeRefused(
                f"{settings.path} has changed since it was loaded: `vmstui config reload` takes that over first"
            )
        return loaded.digest

    # -- 2 -----------------------------------------------------------------------------------------------------------

    async def _start_guardian(self, given: Inheritance, socket_path: Path) -> _Guard:
        """Returns once it is ready."""
        plan = {
            "pid": os.getpid(),
            "socket": str(socket_path),
            "token": given.token,
            "argv": _argv(own_python(), self._service.settings.path),
            "variable": VARIABLE,
            "inheritance": asdict(replace(given, lock_fd=-1, socket_fd=-1)),
            "words_at": _size_of_errors(),
            "ready_limit_s": guardian.READY_LIMIT_S,
            "probation_s": guardian.PROBATION_S,
        }
        ours, its = socket.socketpair()
        try:
            pid = _spawn_guardian(plan, its.fileno())
        except OSError as error:
            ours.close()
            raise UpgradeRefused(f"the guardian of this version cannot be started: {error.strerror}") from None
        finally:
            its.close()
        wait_for_child(pid)
        ours.setblocking(False)
        try:
            said = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(ours, 64), GUARDIAN_LIMIT_S)
            return _Guard(int(said), ours)
        except (OSError, TimeoutError, ValueError):
            ours.close()
            text = "the guardian of this version does not start: is its installation still there?"
            raise UpgradeRefused(text) from None

    # -- 3 and 4 -----------------------------------------------------------------------------------------------------

    async def _replace(self, target: Target, trial: Trial, given: Inheritance, guardian_pid: int, quiet: Quiet) -> None:
        service = self._service
        undisturbed = service.context.undisturbed
        try:
            await undisturbed.close(CALM_LIMIT_S)
            try:  # again, as late as can be: what is edited from here on, the new version sees by the digest
                async with asyncio.timeout(CALM_LIMIT_S):
                    given = replace(given, configuration=await asyncio.to_thread(self._taken_over))
            except TimeoutError:
                text = f"{service.settings.path} cannot be read within {CALM_LIMIT_S:g} s"
                raise UpgradeRefused(text) from None
            await service.historian.flush()
            await service.triager.flush()
            async with quiet() as listener:
                await _no_thread_hangs()
                if service.leaving or service.stopping.is_set():
                    raise UpgradeRefused("the recorder is being ended")
                given = replace(given, since_s=time.monotonic(), due=self._due(), socket_fd=listener)
                with kept(service.logbook, service.fleet) as memory_fd:
                    self._exec(target, trial, replace(given, memory_fd=memory_fd), guardian_pid)
        finally:
            undisturbed.open()

    def _exec(self, target: Target, trial: Trial, given: Inheritance, guardian_pid: int) -> None:
        argv = _argv(target.python, self._service.settings.path)
        environment = {**_environment(trial.package_root), VARIABLE: given.to_text()}
        sys.stdout.flush()
        sys.stderr.flush()
        # The guardian of an upgrade just before this one may still be there, and be the main process towards systemd.
        if not say_over(self._service.inheritance, guardian_pid):
            guardian.Manager(_environment(None)).main_process_is(guardian_pid)
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        for descriptor in given.descriptors():
            os.set_inheritable(descriptor, True)
        try:
            os.execve(argv[0], argv, environment)
        except OSError as error:
            for descriptor in given.descriptors():
                os.set_inheritable(descriptor, False)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            raise UpgradeRefused(f"cannot run {argv[0]}: {error.strerror}") from None


async def _no_thread_hangs() -> None:
    """execve(2) waits for the end of all threads: one that hangs in a dead disk would take us along."""
    limit_s = time.monotonic() + CALM_LIMIT_S
    while stuck := stuck_threads():
        if time.monotonic() > limit_s:
            raise UpgradeRefused(f"{stuck} threads of the service hang in the kernel (a dead disk or mount?)")
        await asyncio.sleep(0.02)


def _size_of_errors() -> int:
    try:
        return os.fstat(2).st_size
    except OSError:
        return 0  # no standard error


def _spawn_guardian(plan: Mapping[str, object], word_fd: int) -> int:
    return os.posix_spawn(
        own_python(),
        [own_python(), "-P", "-m", guardian.__name__, json.dumps(plan)],
        _environment(PACKAGE_ROOT),
        file_actions=[(os.POSIX_SPAWN_DUP2, word_fd, guardian.WORD_FD)],
        setsid=True,
        setsigmask=[],
    )


def stuck_threads(tasks: Path = Path("/proc/self/task")) -> int:
    """How many of our threads are in uninterruptible sleep now; for an instant, any that uses a disk is."""
    count = 0
    for stat in tasks.glob("*/stat"):
        with contextlib.suppress(OSError):
            raw = stat.read_bytes()
            count += raw[raw.rindex(b")") + 2 :][:1] == b"D"
    return count


def _argv(python: str, config: str) -> list[str]:
    return [python, "-P", "-m", "vmstui", "--config", config, "up", "--foreground"]


def _environment(package_root: str | None) -> dict[str, str]:
    """The environment we were started with, for a version of the service whose package lies there.

    Not `os.environ`: what was meant for the service alone and taken out of it at the start must be there again.
    """
    entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    pairs = (os.fsdecode(entry).partition("=") for entry in entries if b"=" in entry)
    carried = {name: value for name, _, value in pairs if name != VARIABLE}
    given = [entry for entry in carried.get("PYTHONPATH", "").split(os.pathsep) if entry not in ("", PACKAGE_ROOT)]
    path = os.pathsep.join([package_root, *given] if package_root is not None else given)
    return {**carried, "PYTHONPATH": path}


def _run(argv: list[str], environment: dict[str, str]) -> tuple[str | int, str, str]:
    """Exit code or what else became of it, output and errors; with all it started it is gone afterwards."""
    try:
        child = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            close_fds=False,  # see recorder/bare_thread.py
        )
    except OSError as error:
        raise UpgradeRefused(f"cannot run {argv[0]}: {error.strerror}") from None
    try:
        output, errors = child.communicate(timeout=TRIAL_LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output, errors = child.communicate()
        return f"no end within {TRIAL_LIMIT_S:g} s", output, errors
    return child.returncode, output, errors
