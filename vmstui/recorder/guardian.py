"""Watches a new version of the service through its first seconds and brings the old one back if it fails.

A process of its own, started by the old version just before that replaces itself (`upgrade.py`): whatever is wrong with
the new version, this one runs on code that worked. Everything it needs is loaded before it says that it is ready, since
its files may be gone a moment later; so it imports nothing of ours. It watches one process, named by a pidfd that it
took while that process was still the old version, and kills no other. It knows the workers by nothing and touches none:
the service it starts adopts them.
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


def main() -> int:
    """The plan is the one argument, as JSON; the word of the watched service comes on descriptor 3."""
    plan = json.loads(sys.argv[1])
    watched = os.pidfd_open(plan["pid"])
    word = socket.socket(fileno=WORD_FD)
    word.send(b"ready\n")
    word.setblocking(False)
    failure = _watch(plan, watched, word)
    if failure is None:
        return 0
    words = _last_words(plan["words_at"])
    reason = f"{failure.reason}: {words}" if words else failure.reason
    return 0 if _bring_back(plan, Failure(reason, failure.since_s)) else 1


class Failure(NamedTuple):
    """Why the new version failed, and the monotonic instant since when nobody looks after the workers."""

    reason: str
    since_s: float


def _watch(plan: dict[str, Any], watched: int, word: socket.socket) -> Failure | None:
    """How the new version failed; None when it did not, or left on purpose."""
    begun_s = time.monotonic()
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(word, select.POLLIN)
    limit_s, ready = begun_s + plan["ready_limit_s"], False
    while time.monotonic() < limit_s:
        happened = {descriptor for descriptor, _ in poll.poll(POLL_S * 1000)}
        # Its last word first: it may have come together with its end.
        if word.fileno() in happened:
            said = _said(word)
            if b"leaving" in said:
                return None
            if not said:
                poll.unregister(word)
        if watched in happened:
            if ready:
                return Failure("it ended right after it had taken over", time.monotonic())
            return Failure("it ended before it was ready", begun_s)
        if not ready and _answer(plan["socket"], plan["token"]) is True:
            limit_s, ready = time.monotonic() + plan["probation_s"], True
    if ready:
        return None
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(watched, signal.SIGKILL)
    select.select([watched], [], [], START_LIMIT_S)
    return Failure(f"it was not ready after {plan['ready_limit_s']:g} s", begun_s)


def _said(word: socket.socket) -> bytes:
    try:
        return word.recv(64)
    except OSError:
        return b""


def _answer(path: str, token: str) -> bool | None:
    """Whether the service that answers there came out of this upgrade and has taken over; None when nobody answers."""
    question = {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {}}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_LIMIT_S)
            connection.connect(path)
            connection.sendall(json.dumps(question).encode() + b"\n")
            with connection.makefile("rb") as stream:
                hello = json.loads(stream.readline(65536))["result"]
        upgrade = hello.get("upgrade") or {}
        return bool(hello["ready"]) and upgrade.get("token") == token
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _last_words(from_byte: int) -> str:
    """The last line the new version wrote to its standard error, where that is a file."""
    try:
        if not stat.S_ISREG(os.fstat(2).st_mode):
            return ""
        with open("/proc/self/fd/2", "rb") as file:
            file.seek(max(from_byte, file.seek(0, os.SEEK_END) - 8192))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _bring_back(plan: dict[str, Any], failure: Failure) -> bool:
    """Start the old version until a service answers; False when none does."""
    told = json.dumps({**plan["inheritance"], "rolled_back": failure.reason, "since_s": failure.since_s})
    for pause_s in PAUSES_S:
        time.sleep(pause_s)
        if _answer(plan["socket"], plan["token"]) is not None:
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
            if _answer(plan["socket"], plan["token"]):
                return True
            time.sleep(POLL_S)
        else:
            return False  # it runs: a second one would only wait for its lock
    return False


if __name__ == "__main__":
    sys.exit(main())
