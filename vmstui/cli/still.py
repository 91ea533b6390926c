"""`vmstui still CAMERA` and `vmstui still FILE`: one picture, of what is being recorded now, of a time, or of a file.

A PNG into a file or a pipe; on a terminal it is drawn (`drawing`). Needs no recorder. Runs in this process at the
lowest priority; what is done is in `ffmpeg.still`. The dashboard starts it for what `p` shows.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from vmstui.cli.footage import NOT_WELL, WRONG_USE, Refused, open_catalogue
from vmstui.cli.storage import config_in_use
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.sanitise import clean
from vmstui.settings import load
from vmstui.times import TimeError, parse_time
from vmstui.tui.format import day_and_clock
from vmstui.tui.format import zone as zone_of

if TYPE_CHECKING:
    from vmstui.configured import Settings
    from vmstui.ffmpeg.still import Wanted


PATIENCE = timedelta(seconds=30)
"""What was sent up to a moment ago may not be in the file yet."""


@dataclass(frozen=True, slots=True)
class StillOptions:
    """What was asked for on the command line."""

    config: str | None
    source: str
    """Id of a camera, or a file."""
    at: str | None
    out: str | None
    form: str | None
    """As the dashboard wants it; None: a PNG, or for this terminal."""
    fit: tuple[int, int] | None
    ascii_only: bool
    graphics: str | None
    """How it is drawn on a terminal; None: as the environment says, or else as the terminal can."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture may be found."""

    path: str
    at_s: float | None
    told: str
    """What it is, for a person."""


def still(options: StillOptions) -> int:
    """Take it. Exit code 1 when there is none to be had, 2 when it cannot be asked for like that."""
    from vmstui.ffmpeg.binary import NoUsableFfmpeg
    from vmstui.ffmpeg.still import NoPicture

    try:
        settings = load(config_in_use(options.config)).settings
        if options.out is not None and os.path.lexists(options.out):
            raise Refused(f"{options.out} exists, and nothing is overwritten: choose another name")
        places = _places(options, settings)
        return _taken(options, settings, places)
    except (Refused, TimeError) as error:
        print(clean(str(error)), file=sys.stderr)
        return WRONG_USE
    except (NoPicture, NoUsableFfmpeg, CatalogueError, OSError) as error:
        words = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        print(clean(words), file=sys.stderr)
        return NOT_WELL


def _taken(options: StillOptions, settings: Settings, places: list[Place]) -> int:
    from vmstui.ffmpeg.binary import find_binaries
    from vmstui.ffmpeg.still import Form, Wanted

    ffmpeg = find_binaries(settings.ffmpeg)[0].path
    os.nice(19)
    if options.out is None and options.form is None and sys.stdout.isatty():
        return _drawn(options, ffmpeg, places)
    picture, place = _first(ffmpeg, places, lambda at_s: Wanted(Form(options.form or Form.PNG), options.fit, at_s))
    if options.out is not None:
        with open(options.out, "xb") as file:
            file.write(picture)
        print(clean(f"{options.out}: {place.told}"))
    else:
        sys.stdout.buffer.write(picture)
        sys.stdout.buffer.flush()
        if options.form is not None:
            print(clean(place.told), file=sys.stderr)
    return 0


def _drawn(options: StillOptions, ffmpeg: str, places: list[Place]) -> int:
    from vmstui.cli.drawing import canvas
    from vmstui.ffmpeg.still import Wanted
    from vmstui.tui.graphics import UnknownGraphics

    try:
        with canvas(options.graphics, ascii_only=options.ascii_only) as drawn:
            picture, place = _first(ffmpeg, places, lambda at_s: Wanted(drawn.form, drawn.fit, at_s))
    except UnknownGraphics as error:
        raise Refused(str(error)) from None
    print(drawn.draw(picture))
    print(clean(place.told))
    return 0


def _first(ffmpeg: str, places: list[Place], wanted: Callable[[float | None], Wanted]) -> tuple[bytes, Place]:
    """The picture of the best place that has one. Raises NoPicture."""
    from vmstui.ffmpeg.still import NoPicture, take_still

    for number, place in enumerate(places):
        try:
            return take_still(ffmpeg, place.path, wanted(place.at_s)), place
        except (NoPicture, FileNotFoundError) as error:
            if number + 1 < len(places):
                continue  # the open file was just begun, or just closed: then there is the one before
            why = "it is not there" if isinstance(error, FileNotFoundError) else error
            raise NoPicture(f"no picture in {place.told}: {why}") from None
    raise AssertionError("no place to look at")


# --------------------------------------------------------------------------------------------------------------------
# Where to look
# --------------------------------------------------------------------------------------------------------------------


def _places(options: StillOptions, settings: Settings) -> list[Place]:
    """The best first."""
    source = options.source
    cameras = {camera.id for camera in settings.cameras}
    if source not in cameras and ("/" in source or source.endswith(".mp4") or os.path.exists(source)):
        if options.at is not None:
            raise Refused(f"--at: accepted with a camera, found the file {source}")
        return [Place(source, None, os.path.basename(source))]
    with contextlib.suppress(CatalogueError), open_catalogue() as catalogue:
        cameras |= set(catalogue.cameras())
    if source not in cameras:
        known = ", ".join(sorted(cameras)) or "none is configured and none was recorded"
        raise Refused(f"found {source!r}, accepted a file, or a camera: {known}")
    zone, now = zone_of(settings.timezone), datetime.now(UTC)
    if options.at is not None:
        at = parse_time(options.at, now, zone)
        if at > now:
            raise Refused(f"--at: found {day_and_clock(at, zone)}, accepted a time in the past")
    else:
        at = None
    open_files = list(_open_files(settings, source, at))
    catalogued: list[Place] = []
    with contextlib.suppress(*([CatalogueError] if open_files else [])):
        catalogued = list(_catalogued(source, at, zone))
    if open_files or catalogued:
        return [*open_files, *catalogued] if at is None else [*catalogued, *open_files]
    when = f"at {day_and_clock(at, zone)}" if at is not None else "yet"
    raise CatalogueError(f"there is no footage of {source} {when}")


def _open_files(settings: Settings, camera: str, at: datetime | None) -> Iterator[Place]:
    """What is being written, the newest first; of a time, only what was begun before it."""
    from vmstui.recording.birth import born_at
    from vmstui.recording.layout import generation_spool, spooled_generations

    recordings, zone = Path(settings.recordings), zone_of(settings.timezone)
    for generation in reversed(spooled_generations(recordings, camera)):
        spool = generation_spool(recordings, camera, generation)
        for path in sorted(spool.glob("[0-9]*.mp4"), reverse=True):
            told = f"{camera}, being recorded"
            if at is None:
                yield Place(str(path), None, f"{told}: its last keyframe")
                continue
            with contextlib.suppress(FileNotFoundError):  # just published
                begun_at, grew_at = born_at(path), datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if begun_at is not None and begun_at <= at <= grew_at + PATIENCE:
                    yield Place(str(path), (at - begun_at).total_seconds(), f"{told}, {day_and_clock(at, zone)}")


def _catalogued(camera: str, at: datetime | None, zone: tzinfo | None) -> Iterator[Place]:
    with open_catalogue() as catalogue:
        if at is not None:
            segments = catalogue.segments(camera, at, at + timedelta(microseconds=1), newest_first=True)
        else:
            segments = catalogue.recorded_last(camera, 1)[::-1]
    for segment in segments:
        if segment.plays:
            at_s = (at - segment.started_at).total_seconds() if at is not None else None
            shown = day_and_clock(at or segment.ended_at, zone)
            yield Place(segment.path, at_s, f"{os.path.basename(segment.path)}, {'' if at else 'up to '}{shown}")
