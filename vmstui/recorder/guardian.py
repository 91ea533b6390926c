"""Watches a new version of the service through its first seconds and brings the old one back if it fails.

A process of its own, started by the old version just before that replaces itself (`upgrade.py`): whatever is wrong with
the new version, this one runs on code that worked. Everything it needs is loaded before it says that it is ready, since
its files may be gone a moment later; so it imports nothing of ours. It watches one process, named by a pidfd that it
took while that process was still the old version, and kills no other. It knows nothing of the workers and touches none:
the service it starts adopts them.

Under systemd it stands in for the service as the main process of the unit meanwhile (`MAINPID=` of sd_notify(3)), so
that a new version that dies is no reason for systemd to start just that one again.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import stat
import sys
import time
from typing import Any, NamedTuple

READY_LIMIT_S = 30.0
"""In the plan: from the change of versions until the new one answers that it has taken over."""
PROBATION_S = 10.0
"""In the plan: whoever ends so soon after that, and not on purpose, is rolled back, too."""
START_LIMIT_S = 30.0
POLL_S = 0.25
ANSWER_LIMIT_S = 1.0
PAUSES_S = (0.0, 1.0, 5.0)
"""Before each attempt to start the old version again."""
WORD_FD = 3
BEATS_PER_WATCHDOG = 4
BARRIER_LIMIT_S = 2.0


class Failure(NamedTuple):
    """Why the new version failed, and the monotonic instant since when nobody looks after the workers."""

    reason: str
    since_s: float


def main() -> int:
    """The plan is the one argument, as JSON; the word of the watched service comes on descriptor 3."""
    plan = json.loads(sys.argv[1])
    watched = os.pidfd_open(plan["pid"])
    if os.fork():
        os._exit(0)  # nobody's child but that of whoever looks after orphans here: init, or systemd
    word = socket.socket(fileno=WORD_FD)
    word.send(f"{os.getpid()}\n".encode())
    word.setblocking(False)
    return Guardian(plan, watched, word).guard()


class Guardian:
    """Guards one upgrade."""

    def __init__(self, plan: dict[str, Any], watched: int, word: socket.socket) -> None:
        self._plan = plan
        self._watched = watched
        self._word = word
        self._manager = Manager(dict(os.environ))

    def guard(self) -> int:
        """Returns the exit status once it is not needed any more."""
        if self._manager.listens:
            signal.signal(signal.SIGTERM, self._pass_on)  # by it systemd asks the service to leave
        outcome = self._watch()
        if isinstance(outcome, int):
            return outcome
        words = self._last_words()
        reason = f"{outcome.reason}: {words}" if words else outcome.reason
        return 0 if self._bring_back(Failure(reason, outcome.since_s)) else 1

    def _watch(self) -> Failure | int:
        """How the new version failed; or the exit status, when it did not or left on purpose."""
        poll, begun_s = select.poll(), time.monotonic()
        poll.register(self._watched, select.POLLIN)
        poll.register(self._word, select.POLLIN)
        limit_s, ready = begun_s + self._plan["ready_limit_s"], False
        while time.monotonic() < limit_s:
            happened = {descriptor for descriptor, _ in poll.poll(POLL_S * 1000)}
            self._manager.alive()
            # Its last word first: it may have come together with its end.
            if self._word.fileno() in happened:
                match self._said():
                    case ["over", pid]:  # it stays what it is, or is guarded by another one from now on
                        self._manager.main_process_is(int(pid))
                        return 0
                    case ["leaving", status]:
                        self._wait_for_end()
                        return int(status)
                    case _:
                        poll.unregister(self._word)
            if self._watched in happened:
                if ready:
                    return Failure("it ended right after it had taken over", time.monotonic())
                return Failure("it ended before it was ready", begun_s)
            if not ready and self._answer() is True:
                limit_s, ready = time.monotonic() + self._plan["probation_s"], True
        if ready:
            self._manager.main_process_is(self._plan["pid"])
            return 0
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._watched, signal.SIGKILL)
        self._wait_for_end()
        return Failure(f"it was not ready after {self._plan['ready_limit_s']:g} s", begun_s)

    def _wait_for_end(self) -> None:
        limit_s = time.monotonic() + START_LIMIT_S
        while time.monotonic() < limit_s and not select.select([self._watched], [], [], POLL_S)[0]:
            self._manager.alive()

    def _pass_on(self, number: int, frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._watched, signal.Signals(number))

    def _said(self) -> list[str]:
        with contextlib.suppress(OSError):
            return self._word.recv(64).decode().split()
        return []

    def _answer(self) -> bool | None:
        """Whether the service that answers came out of this upgrade and has taken over; None when nobody answers."""
        question = {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {}}
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(ANSWER_LIMIT_S)
                connection.connect(self._plan["socket"])
                connection.sendall(json.dumps(question).encode() + b"\n")
                with connection.makefile("rb") as stream:
                    hello = json.loads(stream.readline(65536))["result"]
            upgrade = hello.get("upgrade") or {}
            return bool(hello["ready"]) and upgrade.get("token") == self._plan["token"]
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def _last_words(self) -> str:
        """The last line the new version wrote to its standard error, where that is a file."""
        try:
            if not stat.S_ISREG(os.fstat(2).st_mode):
                return ""
            with open("/proc/self/fd/2", "rb") as file:
                file.seek(max(self._plan["words_at"], file.seek(0, os.SEEK_END) - 8192))
                lines = file.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _bring_back(self, failure: Failure) -> bool:
        """Start the old version until a service answers; False when none does."""
        plan = self._plan
        told = json.dumps({**plan["inheritance"], "rolled_back": failure.reason, "since_s": failure.since_s})
        for pause_s in PAUSES_S:
            time.sleep(pause_s)
            self._manager.alive()
            if self._answer() is not None:
                return True  # somebody else was quicker
            pid = os.posix_spawn(
                plan["argv"][0],
                plan["argv"],
                {**os.environ, plan["variable"]: told},
                setsid=True,
                setsigmask=[],
                setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
            )
            limit_s = time.monotonic() + START_LIMIT_S
            while time.monotonic() < limit_s:
                if os.waitpid(pid, os.WNOHANG)[0]:
                    break
                if self._answer():
                    self._manager.main_process_is(pid)
                    return True
                self._manager.alive()
                time.sleep(POLL_S)
            else:
                self._manager.main_process_is(pid)
                return False  # it runs: a second one would only wait for its lock
        return False


class Manager:
    """The systemd that looks after the service, if one does: sd_notify(3). Nothing here fails."""

    def __init__(self, environment: dict[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        time_us = environment.get("WATCHDOG_USEC", "")
        self._beat_s = int(time_us) / 1e6 / BEATS_PER_WATCHDOG if time_us.isdecimal() else 0.0
        self._due_s = 0.0

    @property
    def listens(self) -> bool:
        """There is one."""
        return bool(self._address)

    def main_process_is(self, pid: int) -> None:
        """Believed only if the present main process says so. Returns when it was taken in: systemd does not know whom
        the word of a process that has ended meanwhile came from."""
        if not self._address:
            return
        ours, its = os.pipe()
        try:
            self._tell(f"MAINPID={pid}")
            self._tell("BARRIER=1", its)
        finally:
            os.close(its)
        select.select([ours], [], [], BARRIER_LIMIT_S)
        os.close(ours)

    def alive(self) -> None:
        """While we are the main process, the sign of life has to come from us."""
        if self._address and self._beat_s and time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + self._beat_s
            self._tell("WATCHDOG=1")

    def _tell(self, message: str, *descriptors: int) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.setblocking(False)
            with contextlib.suppress(OSError):
                connection.connect(self._address)
                socket.send_fds(connection, [message.encode()], descriptors)


if __name__ == "__main__":
    sys.exit(main())
