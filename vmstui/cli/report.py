"""`vmstui report [--since 24h] [--html] -o FILE`: what the recorder measured, written down as its owner would.

Asks the recorder that runs, reads its files beside it, and writes one file, which is never one that was there before.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from vmstui.control.errors import RecorderError
from vmstui.sanitise import clean

NAME_MAX = 255
"""Bytes of a file name (limits.h)."""
STDOUT = "-"
_AGO = re.compile(r"(?:\d{1,6}[dhms])+", re.ASCII)
_HTML = (".html", ".htm")
LONGEST_S = 30 * 86_400.0
LEAST_S = 60.0


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What the command line says."""

    config: str | None
    since: str
    html: bool
    out: str


def report(options: ReportOptions) -> int:
    """Write it. Raises RecorderLost where no recorder runs, RecorderError for what cannot be asked for or written."""
    _check(options.out)
    from vmstui.cli.asked import InUse
    from vmstui.cli.report_gathering import gather
    from vmstui.report.contents import report as made

    now, zone = datetime.now(UTC), InUse(options.config).zone
    gathered = gather(options.config, since(options.since, now, zone), now, zone, _progress)
    _progress("")
    contents = made(gathered)
    if options.html or options.out.lower().endswith(_HTML):
        from vmstui.report.html import html

        text = html(contents, zone)
    else:
        from vmstui.report.markdown import markdown

        text = markdown(contents, zone)
    if options.out == STDOUT:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.flush()
        return 0
    _write(options.out, text)
    print(f"report written: {options.out}", file=sys.stderr)
    for trouble in gathered.troubles:
        print(f"not whole: {clean(trouble)}", file=sys.stderr)
    return 0


def since(text: str, now: datetime, zone: tzinfo | None) -> datetime:
    """The instant that `--since` means. Raises RecorderError."""
    from vmstui.times import parse_time

    written = text.strip()
    try:
        at = parse_time(f"-{written}" if _AGO.fullmatch(written) else written, now, zone)
    except ValueError as error:
        raise RecorderError(f"--since: {error}; also 24h, 7d, 90m") from None
    span_s = (now - at).total_seconds()
    if span_s < LEAST_S:
        raise RecorderError(f"--since: found {text}, accepted a time at least a minute ago")
    if span_s > LONGEST_S + 60:
        raise RecorderError(f"--since: found {text}, accepted at most 30d: samples are not kept for longer")
    return at


def _check(out: str) -> None:
    """Before anything is asked: it would be a pity about the work."""
    if out == STDOUT:
        return
    if not out or len(os.fsencode(os.path.basename(out))) > NAME_MAX:
        raise RecorderError(f"-o: found a name of {len(os.fsencode(out))} bytes, accepted 1 to {NAME_MAX}, or - alone")
    if os.path.lexists(out):
        raise RecorderError(f"{out} is there already, and nothing is ever overwritten: name another file")
    folder = os.path.dirname(out) or "."
    if not os.path.isdir(folder):
        raise RecorderError(f"{out} cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise RecorderError(f"{out} cannot be written: not allowed in the folder {folder}")


def _write(out: str, text: str) -> None:
    """All of it or nothing, and never over another file. Raises RecorderError."""
    try:
        file = open(out, "xb")  # noqa: SIM115 - what cannot be opened must not be removed
    except FileExistsError:
        raise RecorderError(f"{out} is there by now, and nothing is ever overwritten: name another file") from None
    except OSError as error:
        raise RecorderError(f"{out} cannot be written: {error.strerror}") from None
    try:
        with file:
            file.write(text.encode("utf-8", "replace"))
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(out).unlink()
        raise RecorderError(f"{out} cannot be written: {error.strerror}") from None


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        from vmstui.sanitise import clean

        print(f"\r\033[K{clean(text)[:100]}", end="", file=sys.stderr, flush=True)
