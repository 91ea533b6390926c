"""`vmstui export CAMERA --from T --to T OUT.mp4` and `vmstui export --verify MANIFEST`: footage out of the recorder.

Runs in this process, at the lowest priority, and needs no recorder; what is done is in `recording.exporting`.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from vmstui import __version__
from vmstui.cli.ending import ended_in_order
from vmstui.cli.export_progress import JsonLines, Shown, shown_on
from vmstui.cli.export_text import lines, verified_lines
from vmstui.cli.storage import config_in_use
from vmstui.codec import to_json
from vmstui.recording.cuts import spoken
from vmstui.sanitise import clean
from vmstui.settings import default_folders, load
from vmstui.spoken import zone
from vmstui.times import TimeError, parse_time

if TYPE_CHECKING:
    from vmstui.configured import Settings
    from vmstui.ffmpeg.join import Ffmpeg
    from vmstui.footage import Lock
    from vmstui.recording.catalogue import Catalogue
    from vmstui.recording.export_making import Request
    from vmstui.recording.manifest import Manifest, Report


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What was asked for on the command line."""

    config: str | None
    camera: str
    since: str
    until: str
    out: str
    exact: bool
    anew: bool
    """Exact, and all of it re-encoded."""
    manifest: bool
    pin: str | None
    """A note; None: not pinned."""
    as_json: bool


def export(options: ExportOptions) -> int:
    """Export a range. Exit code 1 when it did not work out, 2 when it cannot be asked for like that."""
    from vmstui.cli.footage import warn_while_filling
    from vmstui.recording.catalogue import FILE_NAME, Catalogue
    from vmstui.recording.catalogue_file import CatalogueError
    from vmstui.recording.cuts import ExportRefused
    from vmstui.recording.export_making import ExportFailed
    from vmstui.recording.exporting import check_names

    settings = load(config_in_use(options.config)).settings
    where = zone(settings.timezone)
    path = Path(default_folders().state) / FILE_NAME
    try:
        since, until = _times(options, datetime.now(UTC), where)
        out = Path(os.path.abspath(options.out))
        check_names(out, with_manifest=options.manifest)
        with Catalogue.open(path, readonly=True) as catalogue:
            warn_while_filling(catalogue)
            request = _request(options, settings, catalogue, since, until, out, where)
            with ended_in_order(), _pinned(path, options, request) as lock:
                report = _made(options, settings, catalogue, request)
        _note(path, report)
        _print(report, lock, options, where)
    except (TimeError, ExportRefused) as error:
        print(clean(str(error)), file=sys.stderr)
        return 2
    except (ExportFailed, CatalogueError) as error:
        print(clean(str(error)), file=sys.stderr)
        return 1
    return 0


def verify(manifest: str, *, as_json: bool) -> int:
    """Compare the files of a manifest with it. Exit code 1 when the export, or a segment it was made from, is not what
    it was."""
    from vmstui.recording.manifest import ManifestError
    from vmstui.recording.manifest import verify as verified

    try:
        found = verified(Path(manifest))
    except ManifestError as error:
        print(clean(str(error)), file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps({**_record(found), "holds": found.holds}))
    else:
        print("\n".join(map(clean, verified_lines(found))))
    return 0 if found.holds else 1


# --------------------------------------------------------------------------------------------------------------------
# What is asked for
# --------------------------------------------------------------------------------------------------------------------


def _times(options: ExportOptions, now: datetime, where: tzinfo | None) -> tuple[datetime, datetime]:
    times = []
    for name, text in (("--from", options.since), ("--to", options.until)):
        try:
            times.append(parse_time(text, now, where))
        except TimeError as error:
            raise TimeError(f"{name}: {error}") from None
    since, until = times
    if since >= until:
        raise TimeError(f"--to: found {spoken(until, where)}, accepted a time after --from ({spoken(since, where)})")
    if since >= now:
        raise TimeError(f"--from: found {spoken(since, where)}, accepted a time in the past")
    return since, min(until, now)


def _request(
    options: ExportOptions,
    settings: Settings,
    catalogue: Catalogue,
    since: datetime,
    until: datetime,
    out: Path,
    where: tzinfo | None,
) -> Request:
    from vmstui.recording.cuts import ExportRefused
    from vmstui.recording.export_making import Request
    from vmstui.recording.layout import generation_spool, spooled_generations
    from vmstui.recording.spool import leftovers

    names = {camera.id: camera.name for camera in settings.cameras}
    if options.camera not in names and options.camera not in catalogue.cameras():
        known = ", ".join(sorted({*names, *catalogue.cameras()})) or "none: none is configured and none was recorded"
        raise ExportRefused(f"CAMERA: found {options.camera!r}, accepted {known}")
    recordings = Path(settings.recordings)
    spools = (
        generation_spool(recordings, options.camera, generation)
        for generation in spooled_generations(recordings, options.camera)
    )
    return Request(
        camera=options.camera,
        camera_name=names.get(options.camera, options.camera),
        since=since,
        until=until,
        out=out,
        zone=where,
        exact=options.exact or options.anew,
        anew=options.anew,
        keep_free_bytes=_keep_free_bytes(settings, out.parent),
        records_on=any(leftovers(spool) for spool in spools),
    )


def _keep_free_bytes(settings: Settings, folder: Path) -> int:
    """On the disk of the recordings an export may cost old footage, as everything there does, but never a new one."""
    from vmstui.recorder.resources import RESUME_FACTOR, full_bytes

    with contextlib.suppress(OSError):
        if os.stat(settings.recordings).st_dev == os.stat(folder).st_dev:
            return int(full_bytes(settings) * RESUME_FACTOR)
    return 0


@contextlib.contextmanager
def _pinned(path: Path, options: ExportOptions, request: Request) -> Iterator[Lock | None]:
    """Locked from before the first file is read; given back if it comes to nothing."""
    from vmstui.recording.catalogue import Catalogue

    if options.pin is None:
        yield None
        return
    note = clean(options.pin) or f"exported to {clean(request.out.name)}"
    with Catalogue.open(path) as catalogue:
        lock = catalogue.lock(request.camera, request.since, request.until, note, _who(), datetime.now(UTC))
    try:
        yield lock
    except BaseException:
        with Catalogue.open(path) as catalogue:
            catalogue.unlock(lock.id)
        raise


# --------------------------------------------------------------------------------------------------------------------
# Doing it
# --------------------------------------------------------------------------------------------------------------------


def _made(options: ExportOptions, settings: Settings, catalogue: Catalogue, request: Request) -> Report:
    from vmstui.recording.exporting import export

    tool = _tool(settings, exact=request.exact)
    manifest = _manifest(request, tool.version) if options.manifest else None
    os.nice(19)  # whatever it starts inherits that
    shown: Shown = JsonLines(sys.stdout) if options.as_json else shown_on(sys.stderr)
    with shown:
        return export(request, catalogue, tool, shown.tell, manifest)


def _tool(settings: Settings, *, exact: bool) -> Ffmpeg:
    from vmstui.ffmpeg.binary import NoUsableFfmpeg, find_binaries
    from vmstui.ffmpeg.join import Ffmpeg, can_encode
    from vmstui.recording.export_making import ExportFailed

    try:
        binaries = find_binaries(settings.ffmpeg)
    except NoUsableFfmpeg as error:
        raise ExportFailed(str(error)) from error
    if not exact:
        return Ffmpeg(binaries[0].path, binaries[0].version)
    for binary in binaries:
        if can_encode(binary.path):
            return Ffmpeg(binary.path, binary.version)
    tried = ", ".join(binary.path for binary in binaries)
    raise ExportFailed(f"--exact needs an ffmpeg with libx264, which {tried} is not: set ffmpeg: embedded, or copy")


def _manifest(request: Request, ffmpeg: str) -> Manifest:
    from vmstui.recording.manifest import FORMAT, Manifest, Report

    nothing = Report(
        camera=request.camera,
        camera_name=request.camera_name,
        asked_from=request.since,
        asked_until=request.until,
        got_from=request.since,
        got_until=request.until,
        path=str(request.out),
        method="",
        size_bytes=0,
        duration_s=0.0,
        frames=0,
        files=(),
        gaps=(),
    )
    return Manifest(FORMAT, datetime.now(UTC), _who(), socket.gethostname(), __version__, ffmpeg, nothing)


def _note(path: Path, report: Report) -> None:
    """In the history of footage; a catalogue that cannot be written to makes the export no worse."""
    from vmstui.footage import StoredEvent, StoredEventKind
    from vmstui.recording.catalogue import Catalogue
    from vmstui.recording.catalogue_file import CatalogueError

    told = f"{report.got_from.isoformat()} to {report.got_until.isoformat()} by {_who()}, {report.method}"
    event = StoredEvent(
        datetime.now(UTC), report.camera, StoredEventKind.EXPORTED, told, report.path, report.size_bytes
    )
    with contextlib.suppress(CatalogueError), Catalogue.open(path) as catalogue:
        catalogue.add_event(event)


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        user = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER")
    return clean(f"{user} ({behind})" if behind else user)


# --------------------------------------------------------------------------------------------------------------------
# What is told
# --------------------------------------------------------------------------------------------------------------------


def _print(report: Report, lock: Lock | None, options: ExportOptions, where: tzinfo | None) -> None:
    from vmstui.recording.manifest import manifest_path, sha256_of

    beside = manifest_path(Path(report.path)) if options.manifest else None
    own = sha256_of(str(beside)) if beside is not None else ""
    if options.as_json:
        more = {"lock": to_json(lock), "manifest": str(beside) if beside else None, "manifest_sha256": own or None}
        print(json.dumps({"result": {**_record(report), **more}}))
        return
    print("\n".join(map(clean, lines(report, where))))
    if lock is not None:
        print(clean(f"locked     lock {lock.id}: retention leaves the footage alone"))
    if beside is not None:
        print(clean(f"manifest   {beside}"))
        print(f"           SHA-256 {own}: note it down elsewhere")


def _record(value: object) -> dict[str, object]:
    record = to_json(value)
    assert isinstance(record, dict)
    return dict(record)
