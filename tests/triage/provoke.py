"""Faults provoked with a real ffmpeg, and what the triage makes of what it says.

With `VMSTUI_SEEN_LINES=FILE` every run also writes there which message was seen in which line of which ffmpeg; the file
`tests/unit/seen_lines.json` was made so (`python -m tests.triage.seen FILE`).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from tests.integration.live_support import LIMIT_S
from vmstui.ffmpeg.loglines import parse_line
from vmstui.findings import Finding, Severity
from vmstui.sanitise import clean
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.log import LogTriage, lines_of
from vmstui.triage.masking import Masker
from vmstui.triage.messages_file import shipped_messages

CRITICAL, DEGRADED, BENIGN = Severity.CRITICAL, Severity.DEGRADED, Severity.BENIGN
KNOWLEDGE = Knowledge(tuple(shipped_messages().values()))
HEAD = ("-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "repeat+level+warning")
"""As workers have it."""
SOURCE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=4")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-g", "20", "-pix_fmt", "yuv420p")
NULL = ("-f", "null", "-")
SEGMENTS = ("-c", "copy", "-f", "segment", "-segment_time", "1")
FILE_BYTES = 20_000
"""No file may grow beyond this, for a disk that is full."""
SEEN = "VMSTUI_SEEN_LINES"
_AT = b"2026-01-01T00:00:00Z "
"""Put before lines whose number in a time counts."""


def small_files() -> None:
    """Before a run: its disk is full soon."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@contextlib.contextmanager
def answering(reply: str) -> Iterator[int]:
    """A camera that says the same to everything, and nothing where that is empty; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    while request := connection.recv(4096):
                        number = re.search(rb"CSeq: (\d+)", request)
                        connection.sendall(reply.replace("%", number[1].decode() if number else "1").encode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def findings(
    ffmpeg: str,
    folder: Path,
    *arguments: str,
    prepare: Callable[[], None] | None = None,
    inside: Sequence[str] = (),
    timed: bool = False,
) -> tuple[Finding, ...]:
    """What the triage makes of a run; `inside` is a command that runs it. `timed` lines come within one minute, so that
    what comes too often is graded by that."""
    done = subprocess.run(
        [*inside, ffmpeg, *HEAD, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=2 * LIMIT_S,
        preexec_fn=prepare,
        check=False,
    )
    return triaged(ffmpeg, done.stderr, timed=timed)


def triaged(ffmpeg: str, said: bytes, *, timed: bool = False) -> tuple[Finding, ...]:
    """What the triage makes of what was said."""
    log = LogTriage(KNOWLEDGE, Masker(()))
    for line in lines_of([said]):
        log.feed(_AT + line if timed else line)
    if SEEN in os.environ:
        _note(ffmpeg, said)
    return log.findings()


def expect(found: tuple[Finding, ...], message: str, severity: Severity, *, may_be_new: bool = False) -> None:
    """The message is among the findings with that severity, and no error is unknown, unless it may be."""
    told = {finding.message: finding.worst for finding in found}
    assert told.get(message) is severity, found
    assert may_be_new or unknown(found) == []
    assert "hunter2" not in repr(found)


def unknown(found: tuple[Finding, ...]) -> list[str]:
    """Lines that nobody knows and that ffmpeg calls errors, or whose level nobody knows."""
    wrong = [finding for finding in found if finding.level in ("error", "fatal", "unknown")]
    return [finding.examples[0] for finding in wrong if not finding.message]


def _note(ffmpeg: str, said: bytes) -> None:
    with Path(os.environ[SEEN]).open("a", encoding="utf-8") as file:
        for raw in lines_of([said]):
            line = clean(Masker(()).mask(raw.decode("utf-8", "replace")))
            match = KNOWLEDGE.match(parse_line(line).text)
            if match is not None:
                line = re.sub(r"/tmp/[^\s']*/", "/rec/", re.sub("@ (?:0x)?[0-9a-f]+", "@ 0x1", line))
                file.write(json.dumps([version(ffmpeg), match.message.id, line]) + "\n")


@lru_cache
def version(ffmpeg: str) -> str:
    """Of an ffmpeg, such as `5.1`."""
    said = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"ffmpeg version n?(\d+\.\d+)", said)
    assert found is not None, said
    return found[1]
