"""`vmstui segments` and `vmstui gaps`: what was recorded and what was not. Neither needs a running recorder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from vmstui.cli.footage import guard
from vmstui.cli.lifecycle import socket_path
from vmstui.cli.storage import config_in_use
from vmstui.cli.table import table
from vmstui.codec import from_json, to_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.footage import Gap, Segment, SegmentVerdict
from vmstui.model import CameraState, Event, RecorderSnapshot, Settings
from vmstui.recorder.downtime import read_alive
from vmstui.recorder.history import EVENTS_KEPT, History
from vmstui.recording.account import account, spoken
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.gaps import Downtime, explained
from vmstui.recording.guard import WrongFolder
from vmstui.recording.naming import zone_of
from vmstui.sanitise import clean
from vmstui.settings import default_folders, load
from vmstui.times import parse_time
from vmstui.tui.format import size

NOT_WELL = 1
SHORTEST_ONGOING_S = 15.0
"""A worker that starts takes some seconds; what it lost is told once its first segment is closed."""
_SIGNS = {
    SegmentVerdict.GOOD: "",
    SegmentVerdict.PARTIAL: "partial",
    SegmentVerdict.SUSPECT: "suspect",
    SegmentVerdict.BROKEN: "broken",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which footage: of one camera or of all, and of what time."""

    camera: str | None
    since: str | None
    until: str | None


def segments(config: str | None, asked: Asked, *, count: int, rebuild: bool, as_json: bool) -> int:
    """Print them, oldest first; exit code 1 when one of them is not good."""
    settings = load(config_in_use(config)).settings
    zone = file_zone(settings)
    if rebuild:
        _rebuild(settings, zone)
    since, until = asked_range(asked, zone)
    with _opened() as catalogue:
        check_camera(asked.camera, settings, catalogue)
        limit = None if asked.since else count
        found = catalogue.segments(asked.camera, since, until, limit=limit, newest_first=True)[::-1]
    if as_json:
        for segment in found:
            print(json.dumps(to_json(segment)))
    else:
        print(_segments_table(found, zone) if found else "no segments")
    return 0 if all(segment.verdict is SegmentVerdict.GOOD for segment in found) else NOT_WELL


def gaps(config: str | None, asked: Asked, *, as_json: bool) -> int:
    """Print what was lost, and the share that was recorded; exit code 1 when anything was lost."""
    settings = load(config_in_use(config)).settings
    zone = file_zone(settings)
    now = datetime.now(UTC)
    since, until = asked_range(asked, zone)
    since = since or _today(now, zone)
    until = until or now
    with _opened() as catalogue:
        check_camera(asked.camera, settings, catalogue)
        cameras = [asked.camera] if asked.camera is not None else list(catalogue.cameras())
        ongoing = [gap for gap in _ongoing(settings, catalogue, now) if gap.camera in cameras]
        ongoing = [gap for gap in ongoing if gap.started_at < until and gap.ended_at > since]
        found = (*catalogue.gaps(asked.camera, since, until), *ongoing)
        accounts = []
        for camera in cameras:
            of_camera = (gap for gap in found if gap.camera == camera)
            one = account(camera, catalogue.segments(camera, since, until), of_camera, since, until)
            accounts += [one] if one is not None else []
    if as_json:
        lines = [{"gap": to_json(gap), "ongoing": gap in ongoing} for gap in found]
        lines += [{"account": to_json(one), "percent": one.percent} for one in accounts]
        print("\n".join(json.dumps(line) for line in lines))
    else:
        if found:
            print(_gaps_table(found, ongoing, zone))
            print()
        rows = [
            (clean(one.camera), spoken(one.percent), _length(one.recorded_s), _length(one.lost_s), _length(one.off_s))
            for one in accounts
        ]
        header = ("CAMERA", "OF WHAT IT SHOULD", "RECORDED", "LOST", "NOT WANTED")
        print(table(header, rows, frozenset((1, 2, 3, 4))) if rows else "nothing was recorded in that time")
    return NOT_WELL if any(gap.lost for gap in found) else 0


def _segments_table(found: tuple[Segment, ...], zone: tzinfo | None) -> str:
    rows = [
        (
            clean(segment.camera),
            _local(segment.started_at, zone),
            _length(segment.duration_s),
            size(segment.size_bytes),
            f"{segment.codec} {segment.width}x{segment.height}" if segment.codec else "",
            _SIGNS[segment.verdict],
            clean(segment.path) + (f"  ({clean(segment.reason)})" if segment.reason else ""),
        )
        for segment in found
    ]
    header = ("CAMERA", "START", "LENGTH", "SIZE", "VIDEO", "VERDICT", "FILE")
    return table(header, rows, frozenset((2, 3)))


def _ongoing(settings: Settings, catalogue: Catalogue, now: datetime) -> list[Gap]:
    """Since the last closed segment of each configured camera: what is not recorded until now, or until what is being
    written began. Of a camera that never recorded nothing is told: `status` says why."""
    try:
        snapshot = from_json(RecorderSnapshot, call(socket_path(), "snapshot"))
        shown = {camera.id: camera for camera in snapshot.cameras}
    except RecorderLost:
        shown = {}
    state = Path(default_folders().state)
    gaps: list[Gap] = []
    for camera in settings.cameras:
        last = next((one for one in reversed(catalogue.recorded_last(camera.id, 1)) if one.plays), None)
        now_of_it = shown.get(camera.id)
        if last is None:
            continue
        until = now
        if now_of_it is None and _worker_lives(state, camera.id):
            continue  # a worker records on without a service, which will publish it
        if now_of_it is not None and now_of_it.state is CameraState.RECORDING:
            if now_of_it.generation == last.generation or now_of_it.open_segment is None:
                continue
            until = now_of_it.open_segment.started_at
        if (until - last.ended_at).total_seconds() < SHORTEST_ONGOING_S:
            continue
        events = History(state / "cameras" / camera.id / "events.jsonl", Event, EVENTS_KEPT).read(EVENTS_KEPT)
        if now_of_it is None:  # as if one came up now: until then, nobody could start anything
            alive = read_alive(state)
            down = [Downtime(alive.at, until, new_boot=False)] if alive is not None else []
        else:
            down = []
        gaps += explained(camera.id, last.ended_at, until, events, down)
    return gaps


def _worker_lives(state: Path, camera: str) -> bool:
    from vmstui.recorder.worker import slots_are_free  # loads a lot, and is seldom asked

    return not slots_are_free(state / "cameras" / camera)


def _gaps_table(found: tuple[Gap, ...], ongoing: list[Gap], zone: tzinfo | None) -> str:
    rows = [
        (
            clean(gap.camera),
            _local(gap.started_at, zone),
            _length(gap.length_s),
            gap.cause.value,
            clean(gap.detail) + (" (until now)" if gap in ongoing else ""),
        )
        for gap in found
    ]
    return table(("CAMERA", "SINCE", "LENGTH", "CAUSE", "WHY"), rows, frozenset((2,)))


def _length(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m" if hours else f"{minutes} m {rest:02d} s"


def _local(at: datetime, zone: tzinfo | None) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def file_zone(settings: Settings) -> tzinfo | None:
    return zone_of(settings.timezone)


def _today(now: datetime, zone: tzinfo | None) -> datetime:
    local = now.astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def asked_range(asked: Asked, zone: tzinfo | None) -> tuple[datetime | None, datetime | None]:
    now = datetime.now(UTC)
    try:
        since = parse_time(asked.since, now, zone) if asked.since is not None else None
        until = parse_time(asked.until, now, zone) if asked.until is not None else None
    except ValueError as error:
        raise RecorderError(str(error)) from None
    if since is not None and (until or now) <= since:
        raise RecorderError(f"--to must be later than --from: found {asked.since} to {asked.until or 'now'}")
    return since, until


@contextmanager
def _opened() -> Iterator[Catalogue]:
    path = Path(default_folders().state) / FILE_NAME
    try:
        with Catalogue.open(path, readonly=True) as catalogue:
            if catalogue.fresh:
                print("the catalogue is being filled: some segments may not be in it yet", file=sys.stderr)
            yield catalogue
    except CatalogueError as error:
        raise RecorderError(str(error)) from None


def check_camera(camera: str | None, settings: Settings, catalogue: Catalogue) -> None:
    known = sorted({*(one.id for one in settings.cameras), *catalogue.cameras()})
    if camera is not None and camera not in known:
        raise RecorderError(f"no camera {camera!r}; there is footage of, or configured: {', '.join(known) or 'none'}")


def _rebuild(settings: Settings, zone: tzinfo | None) -> None:
    """Fill the catalogue from the recordings, and take out what is not there any more."""
    from vmstui.ffmpeg.abilities import choose
    from vmstui.ffmpeg.binary import NoUsableFfmpeg
    from vmstui.ffmpeg.inspect import MediaInfo, inspect_media
    from vmstui.recording.fill import forget_vanished, ingest
    from vmstui.settings.names import camera_folder

    state = Path(default_folders().state)
    try:
        ffmpeg = choose(settings.ffmpeg, state / "cache").binary.path
    except NoUsableFfmpeg as error:
        raise RecorderError(str(error)) from None

    def inspect(path: str) -> MediaInfo:
        return inspect_media(ffmpeg, path)

    def events_of(camera: str) -> tuple[Event, ...]:
        return History(state / "cameras" / camera / "events.jsonl", Event, EVENTS_KEPT).read(EVENTS_KEPT)

    def progress(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{clean(text)}", end="", file=sys.stderr, flush=True)

    alive = read_alive(state)
    downtimes = alive.downtimes if alive is not None else ()
    folders = {camera_folder(camera): camera.id for camera in settings.cameras}
    recordings = Path(settings.recordings)
    try:
        # What another disk holds, or the empty folder below a mount point, says nothing about what was recorded.
        with (
            guard().inside(settings.recordings, settings.recordings_mount),
            Catalogue.open(state / FILE_NAME) as catalogue,
        ):
            found = ingest(catalogue, recordings, folders, inspect, zone, events_of, downtimes, progress=progress)
            gone = forget_vanished(catalogue)
        with guard().inside(settings.recordings, settings.recordings_mount):
            if found.whole and not found.unread:
                with Catalogue.open(state / FILE_NAME) as catalogue:
                    catalogue.filled()
    except (CatalogueError, WrongFolder) as error:
        raise RecorderError(str(error)) from None
    except OSError as error:
        raise RecorderError(f"the recordings cannot be read: {error}") from None
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    unread = f", {found.unread} that could not be looked at" if found.unread else ""
    told = f"catalogue: {found.new} segments found, {gone} that are not there any more taken out{unread}"
    print(told, file=sys.stderr)
