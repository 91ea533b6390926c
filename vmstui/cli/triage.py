"""`vmstui triage [FILE|-]`: what an ffmpeg log from anywhere says, what it means and what to do. Needs no recorder.

The log streams through: memory stays the same however long it is. Passwords are masked before anything else, those of
the configuration by their value, others by their shape.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from textwrap import wrap
from typing import BinaryIO

from vmstui.cli.findings_text import BAD, counted, explained, is_bad, listed, named
from vmstui.cli.printing import text_width
from vmstui.codec import to_json
from vmstui.findings import Finding, Seen, Severity
from vmstui.settings import find_path, load_secrets
from vmstui.spoken import fit, plural, short_count, span
from vmstui.triage.foreign import local_year
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.log import LogTriage, lines_of
from vmstui.triage.masking import Masker
from vmstui.triage.messages_file import MESSAGES_FILE, load_knowledge
from vmstui.triage.paste import entries

WELL, NOT_WELL, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
CHUNK_BYTES = 1 << 16
UNKNOWN_SHOWN = 20
"""Kinds of unknown messages in the text; JSON and `--unknown` have them all."""
_GZIP = b"\x1f\x8b"
_WITH_GZIP_HEADER = 31
"""`wbits` of zlib."""
_TEXT = bytes({*range(0x20, 0x7F), *range(0x80, 0x100), *b"\t\n\v\f\r\x1b"})
_BINARY_SHARE = 0.05
"""Random bytes have twice as many control characters, text next to none."""


class NotText(Exception):
    """What was given is no log."""


@dataclass(frozen=True, slots=True)
class TriageOptions:
    """What was asked for."""

    config: str | None
    file: str | None
    as_json: bool
    unknown: bool


def triage(options: TriageOptions) -> int:
    """Print what the log says. 0: nothing worse than benign; 1: something is; 2: it cannot be read; 130: that is
    what it said until Ctrl-C."""
    if options.file is None and sys.stdin.isatty():
        print("which log? vmstui triage FILE, or … | vmstui triage", file=sys.stderr)
        return WRONG_USE
    if options.config is not None and not os.path.exists(options.config):
        print(f"{options.config}: no such configuration", file=sys.stderr)
        return WRONG_USE
    knowledge = load_knowledge(options.config)
    log = LogTriage(knowledge, Masker(_secrets(options.config)), year=local_year())
    is_whole = True
    try:
        for line in lines_of(_chunks(options.file)):
            log.feed(line)
    except KeyboardInterrupt:  # the way to end `docker logs -f | vmstui triage`
        is_whole = False
    except (OSError, EOFError, zlib.error, NotText) as error:
        print(f"{options.file or 'standard input'}: {_why(error)}", file=sys.stderr)
        return WRONG_USE
    findings = log.findings()
    if options.unknown:
        unknown = [finding for finding in findings if not finding.message]
        print(entries(unknown) if unknown else f"# every line is known: nothing to add to {MESSAGES_FILE}", end="\n")
    elif options.as_json:
        print(json.dumps(_as_json(log, findings, knowledge), indent=2))
    else:
        width = text_width()
        print("\n".join(_text(log, findings, knowledge, width)))
    if not is_whole:
        return INTERRUPTED
    return NOT_WELL if any(is_bad(finding, finding.worst) for finding in findings) or log.not_kept_errors else WELL


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return str(error) if isinstance(error, NotText) else f"damaged gzip file: {error}"


def _chunks(file: str | None) -> Iterator[bytes]:
    """The log in pieces, unpacked where it is gzipped, as rotated logs are. Raises `NotText` for what is no log."""
    if file in (None, "-"):
        yield from _text_of(_read(sys.stdin.buffer))
        return
    with open(os.fspath(file or ""), "rb") as stream:
        yield from _text_of(_read(stream))


def _read(stream: BinaryIO) -> Iterator[bytes]:
    # `read1`: a log that is followed is handed on as it comes.
    while chunk := stream.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
        yield chunk


def _text_of(chunks: Iterator[bytes]) -> Iterator[bytes]:
    head = next(chunks, b"")
    if len(head) < len(_GZIP):  # a pipe may give a single byte
        head += next(chunks, b"")
    chunks = chain([head], chunks)
    if head.startswith(_GZIP):
        chunks = _unpacked(chunks)
        head = next(chunks, b"")
        chunks = chain([head], chunks)
    if _is_binary(head):
        raise NotText("not a text log")
    yield from chunks


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What gzip packed, also in several parts. Raises `zlib.error` or `EOFError` where it is damaged."""
    part = zlib.decompressobj(_WITH_GZIP_HEADER)
    for chunk in chunks:
        packed = chunk
        while packed:
            if part.eof:
                packed = packed.lstrip(b"\0")  # padding between or behind parts
                if not packed:
                    break
                part = zlib.decompressobj(_WITH_GZIP_HEADER)
            if text := part.decompress(packed, CHUNK_BYTES):
                yield text
            packed = part.unused_data if part.eof else part.unconsumed_tail
    if rest := part.flush():
        yield rest
    if not part.eof:
        raise EOFError("it ends in the middle")


def _is_binary(block: bytes) -> bool:
    """Whether no log begins like this. A log may begin with NULs, where it was rotated while it was written."""
    shown = block.strip(b"\0")
    if not shown:
        return bool(block)
    return b"\0" in shown and len(shown.translate(None, _TEXT)) > len(shown) * _BINARY_SHARE


def _secrets(config: str | None) -> tuple[str, ...]:
    """Passwords of the configuration, as far as there is one that can be read. Tells where there may be more."""
    try:
        os.stat(find_path(config))
    except FileNotFoundError:
        return ()
    except OSError:
        pass  # said with what is wrong below
    secrets, problems = load_secrets(config)
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        but = f", but for {plural(len(secrets), 'password')} that can be read" if secrets else ""
        told = f"configuration not readable ({problems[0]}{more}): passwords are masked by shape only{but}"
        print(told, file=sys.stderr)
    return secrets


def _as_json(log: LogTriage, findings: tuple[Finding, ...], knowledge: Knowledge) -> dict[str, object]:
    known = []
    for finding in findings:
        if finding.message:
            message = knowledge.messages[finding.message]
            told = to_json(finding)
            assert isinstance(told, dict)
            known.append({**told, "cause": message.cause, "action": message.action, "source": message.source})
    return {
        "lines": log.lines,
        "first_at": _iso(log.first_s),
        "last_at": _iso(log.last_s),
        "findings": known,
        "unknown": [to_json(finding) for finding in findings if not finding.message],
        "unknown_not_kept": log.not_kept,
    }


def _iso(at_s: float | None) -> str | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat()


def _text(log: LogTriage, findings: tuple[Finding, ...], knowledge: Knowledge, width: int) -> Iterator[str]:
    known = [finding for finding in findings if finding.message]
    unknown = [finding for finding in findings if not finding.message]
    bad = [finding for finding in known if finding.worst in BAD]
    yield from wrap(_summary(log, findings), width)
    for finding in bad:
        yield ""
        yield from _explained(finding, knowledge, width)
    if unknown:
        yield ""
        yield f"UNKNOWN: {plural(len(unknown), 'kind')} of lines that no entry matches (vmstui triage --unknown)"
        for finding in unknown[:UNKNOWN_SHOWN]:
            counted = f"  {finding.level:<7} x{finding.count:<6} line {finding.first.number}: "
            yield fit(counted + finding.examples[0], width).rstrip()
        if len(unknown) > UNKNOWN_SHOWN:
            yield f"  and {len(unknown) - UNKNOWN_SHOWN} more kinds (--json)"
    if log.not_kept:
        yield f"{log.not_kept:,} more unknown lines, {log.not_kept_errors:,} of them errors, were only counted"
    for finding in known:
        if finding.worst is Severity.BENIGN:
            yield ""
            yield from _explained(finding, knowledge, width)
    noted = [finding for finding in known if finding.worst is Severity.INFO]
    yield from listed("info", (f"{named(finding)} x{finding.count}" for finding in noted), width)


def _summary(log: LogTriage, findings: tuple[Finding, ...]) -> str:
    over = ""
    if log.first_s is not None and log.last_s is not None:
        over = f" over {span(log.last_s - log.first_s)}"
    told = ", ".join(counted(finding.worst if finding.message else None for finding in findings))
    return f"{log.lines:,} lines{over}: {told or 'nothing found'}"


def _explained(finding: Finding, knowledge: Knowledge, width: int) -> Iterator[str]:
    message = knowledge.messages[finding.message]
    peak = finding.peak_per_min or 0.0
    rate = f", up to {short_count(peak)} a minute" if peak > 1 else ""
    first, last = _where(finding.first), _where(finding.last)
    places = first if finding.count == 1 else f"{first} to {last}"
    meaning = message.cause, message.action
    yield from explained(finding, finding.worst, meaning, width, frequency=rate, places=places)


def _where(seen: Seen) -> str:
    at = f" ({seen.at.astimezone():%Y-%m-%d %H:%M:%S})" if seen.at is not None else ""
    return f"line {seen.number}{at}"
