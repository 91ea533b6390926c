"""What a later service must know of findings, in the state folder: `findings.jsonl`, and `acknowledged.json`.

The first has a line for each camera, followed by one for each of its findings; it is replaced as a whole, and of a
power cut that tore it only what cannot be read is lost. The second is what people said, kept at once and for certain.
Both go over versions: what a version does not know is passed over. What cannot be read is set aside, never overwritten,
and said. Bounded: of many findings those are kept that are worst.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path

from vmstui.codec import CodecError, Json, from_json, to_json
from vmstui.findings import Acknowledgement
from vmstui.recorder.log_counted import KeptPlace
from vmstui.recorder.record import write_atomically
from vmstui.triage.acknowledged import FIRST, Acknowledged
from vmstui.triage.remembered import KeptFinding, KeptTriage

FINDINGS, ACKNOWLEDGED = "findings.jsonl", "acknowledged.json"
MOST_BYTES = 4 * 1024 * 1024
"""Of the findings of all cameras."""
LEAST_OF_CAMERA = 16 * 1024
_READ_BYTES = 4 * MOST_BYTES


@dataclass(frozen=True, slots=True)
class KeptCamera:
    """One camera."""

    camera: str
    generation: int
    """Of the run that was under way."""
    places: tuple[KeptPlace, ...]
    triage: KeptTriage


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found in the file."""

    at: datetime | None = None
    """When it was written."""
    cameras: tuple[KeptCamera, ...] = ()
    trouble: str = ""
    """What could not be read, for a person; the file was set aside then."""


@dataclass(frozen=True, slots=True)
class _Head:
    at: datetime
    findings: int = 1
    """Version of the form; a number above it can still be read, line by line."""


def camera_lines(kept: KeptCamera, most_bytes: int) -> bytes:
    """A camera and its findings, as many of the worst as there is room for."""
    lines = [_line(to_json(replace(kept, triage=replace(kept.triage, findings=()))))]
    room = most_bytes - len(lines[0])
    for finding in kept.triage.findings:
        line = _line(to_json(finding))
        room -= len(line)
        if room < 0:
            break
        lines.append(line)
    return b"".join(lines)


def save_findings(state_folder: Path, at: datetime, parts: Iterable[bytes]) -> None:
    """Replace the file. Raises OSError."""
    content = b"".join((_line(to_json(_Head(at))), *parts))
    write_atomically(state_folder / FINDINGS, content, durable=False)


def load_findings(state_folder: Path) -> Kept:
    """What an earlier service wrote down; empty where there is nothing."""
    path = state_folder / FINDINGS
    try:
        kept, unreadable = read_findings(state_folder)
    except FileNotFoundError:
        return Kept()
    except OSError as error:
        return Kept(trouble=f"cannot read {path}: {error.strerror}")
    if not unreadable and kept.at is not None:
        return kept
    aside = _set_aside(path)
    return replace(
        kept, trouble=f"{unreadable} lines of {path} cannot be read, what can be is kept; set aside as {aside}"
    )


def read_findings(state_folder: Path) -> tuple[Kept, int]:
    """What of them can be read, and how many lines cannot. Raises OSError."""
    with (state_folder / FINDINGS).open("rb") as file:
        raw = file.read(_READ_BYTES)
    reading = _Reading()
    for line in raw.splitlines():
        reading.take(line)
    return Kept(reading.at, tuple(reading.cameras())), reading.unreadable


def save_acknowledged(state_folder: Path, known: Acknowledged) -> None:
    """Keep them for certain. Raises OSError."""
    data = {"next": known.next_number, "acknowledgements": to_json(known.listed)}
    write_atomically(state_folder / ACKNOWLEDGED, json.dumps(data, indent=1).encode("utf-8", "surrogatepass"))


def load_acknowledged(state_folder: Path) -> tuple[Acknowledged, str]:
    """What people said so far; and what could not be read, for a person."""
    path = state_folder / ACKNOWLEDGED
    try:
        found, trouble = read_acknowledged(state_folder)
    except FileNotFoundError:
        return Acknowledged(), ""
    except OSError as error:
        return Acknowledged(), f"cannot read {path}: {error.strerror}"
    if not trouble:
        return found, ""
    return found, f"{trouble}; set aside as {_copied(path) if found.listed else _set_aside(path)}"


def read_acknowledged(state_folder: Path) -> tuple[Acknowledged, str]:
    """What of them can be read, and what cannot, for a person. Raises OSError."""
    path = state_folder / ACKNOWLEDGED
    try:
        data = json.loads(path.read_bytes())
    except ValueError:
        data = None
    entries = data.get("acknowledgements") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        return Acknowledged(), f"{path} cannot be read"
    known: list[Acknowledgement] = []
    for entry in entries:
        with contextlib.suppress(CodecError):
            known.append(from_json(Acknowledgement, entry))
    number = data.get("next")
    found = Acknowledged(known, number if isinstance(number, int) and number >= FIRST else FIRST)
    lost = len(entries) - len(known)
    return found, f"{lost} of {len(entries)} acknowledgements in {path} cannot be read" if lost else ""


@dataclass(slots=True)
class _Reading:
    """The lines of a file so far."""

    at: datetime | None = None
    unreadable: int = 0
    _cameras: list[KeptCamera] = field(default_factory=list)
    _findings: list[KeptFinding] = field(default_factory=list)
    _whose: bool = False
    """It is known of which camera the findings that follow are."""

    def take(self, line: bytes) -> None:
        data: object = None
        try:
            data = json.loads(line)
            self._take(data if isinstance(data, dict) else {})
        except (ValueError, RecursionError):  # CodecError is a ValueError
            self.unreadable += 1
            self._whose = self._whose and isinstance(data, dict) and "fingerprint" in data

    def _take(self, data: dict[str, Json]) -> None:
        if "camera" in data:
            self._end_camera()
            self._whose = False
            self._cameras.append(from_json(KeptCamera, data))
            self._whose = True
        elif "fingerprint" in data:
            finding = from_json(KeptFinding, data)
            if not self._whose:
                raise CodecError("a finding of nobody knows which camera")
            self._findings.append(finding)
        else:
            self.at = from_json(_Head, data).at

    def cameras(self) -> Iterator[KeptCamera]:
        self._end_camera()
        yield from self._cameras

    def _end_camera(self) -> None:
        if self._cameras and self._findings:
            last = self._cameras[-1]
            self._cameras[-1] = replace(last, triage=replace(last.triage, findings=tuple(self._findings)))
        self._findings = []


def _line(data: Json) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _aside(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.aside{number}") for number in count(1))
    return next(free for free in names if not os.path.lexists(free))


def _set_aside(path: Path) -> str:
    aside = _aside(path)
    try:
        os.rename(path, aside)
    except OSError as error:
        return f"nothing ({error.strerror})"
    return aside.name


def _copied(path: Path) -> str:
    """The file stays, as what can be read of it counts."""
    aside = _aside(path)
    try:
        write_atomically(aside, path.read_bytes())
    except OSError as error:
        return f"nothing ({error.strerror})"
    return aside.name
