"""The manifest of an export: what it was made from, by whom and how, with SHA-256 of every file. For evidence.

A JSON file beside the export. It shows that the export is still the one that was made (its own hash) and, as long as
retention has left them, that the segments it was made from are still those (theirs). It is not signed: whoever can
write to the folder can write both anew, so its own hash is told to be kept elsewhere. Called by `exporting` and by
`vmstui export --verify`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.footage import Gap

FORMAT = "vmstui export 1"
SUFFIX = ".manifest.json"
_LARGEST_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


class ManifestError(Exception):
    """It cannot be read, or is none. The text says what was found and what is accepted."""


@dataclass(frozen=True, slots=True)
class UsedFile:
    """A segment of which something is in an export."""

    path: str
    size_bytes: int
    generation: int
    verdict: str
    started_at: datetime
    """Of the whole segment, as is its end."""
    ended_at: datetime
    used_from: datetime
    used_until: datetime
    position_s: float
    """Where in the export it begins."""
    frames: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an export, up to the next one."""

    encoded: bool
    """Anew; else it is what was recorded."""
    position_s: float
    """Where it begins."""
    frames: int


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an export."""

    camera: str
    camera_name: str
    asked_from: datetime
    asked_until: datetime
    got_from: datetime
    got_until: datetime
    path: str
    method: str
    """`copied`: the very packets that were recorded; `copied, its edges re-encoded as …`; or `re-encoded as h264`."""
    size_bytes: int
    duration_s: float
    frames: int
    files: tuple[UsedFile, ...]
    gaps: tuple[Gap, ...]
    """What was not recorded in the range asked for; time is kept, so it shows as a still picture."""
    notes: tuple[str, ...] = ()
    sha256: str = ""
    spans: tuple[Span, ...] = ()
    """In order: which of it is copied, and which is not."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole of it."""

    format: str
    made_at: datetime
    made_by: str
    host: str
    vmstui: str
    """Version."""
    ffmpeg: str
    """Version."""
    export: Report


class Match(StrEnum):
    """What a file is, compared with the manifest."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Checked:
    """One file of a manifest."""

    path: str
    match: Match
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a look at all files of a manifest found."""

    manifest: Manifest
    sha256: str
    """Of the manifest itself."""
    export: Checked
    files: tuple[Checked, ...]

    @property
    def holds(self) -> bool:
        """The export is the one that was made, and no segment it was made from is another one now; that retention
        has deleted some is in order."""
        return self.export.match is Match.SAME and all(file.match is not Match.CHANGED for file in self.files)


def manifest_path(export: Path) -> Path:
    """Where the manifest of an export is."""
    return export.with_name(export.name + SUFFIX)


def as_text(manifest: Manifest) -> str:
    """What is in the file."""
    return json.dumps(to_json(manifest), indent=2, ensure_ascii=True) + "\n"


def read(path: Path) -> tuple[Manifest, str]:
    """A manifest, and its own SHA-256. Raises ManifestError."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error
    accepted = f"accepted the {SUFFIX} file that `vmstui export --manifest` wrote"
    if len(raw) > _LARGEST_BYTES:
        raise ManifestError(f"{path}: found more than {_LARGEST_BYTES} bytes, {accepted}")
    try:
        data = json.loads(raw)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            found = data.get("format") if isinstance(data, dict) else type(data).__name__
            raise ManifestError(f"{path}: found format {found!r}, {accepted} ({FORMAT!r})")
        return from_json(Manifest, data), hashlib.sha256(raw).hexdigest()
    except (CodecError, ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: found no manifest ({error}), {accepted}") from error


def verify(path: Path, hashed: Callable[[int], None] = lambda _: None) -> Verification:
    """Hash the export, which lies beside the manifest, and what is left of the segments it was made from. `hashed` is
    told how many bytes were read since it was last called. Raises ManifestError."""
    manifest, sha256 = read(path)
    export = manifest.export
    # By its name alone: the two may have been moved together, and a path in a file from elsewhere is not to be trusted.
    beside = path.with_name(os.path.basename(export.path) or "?")
    return Verification(
        manifest,
        sha256,
        _checked(str(beside), export.size_bytes, export.sha256, hashed),
        tuple(_checked(file.path, file.size_bytes, file.sha256, hashed) for file in export.files),
    )


def sha256_of(path: str, hashed: Callable[[int], None] = lambda _: None) -> str:
    """SHA-256 of a file. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            hashed(len(chunk))
    return digest.hexdigest()


def _checked(path: str, size_bytes: int, sha256: str, hashed: Callable[[int], None]) -> Checked:
    try:
        if not os.path.isfile(path):  # nor a pipe, which would be waited for
            return Checked(path, Match.MISSING)
        found_bytes = os.path.getsize(path)
        if found_bytes != size_bytes:
            return Checked(path, Match.CHANGED, f"found {found_bytes} bytes, noted {size_bytes}")
        found = sha256_of(path, hashed)
    except (OSError, ValueError) as error:
        return Checked(path, Match.MISSING, f"cannot be read: {error}")
    if found != sha256:
        return Checked(path, Match.CHANGED, f"found SHA-256 {found}, noted {sha256}")
    return Checked(path, Match.SAME)
