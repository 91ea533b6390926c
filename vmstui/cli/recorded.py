"""`vmstui gaps`: what was not recorded, and why; and the catalogue made anew. Neither needs a running recorder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path

from vmstui.cli.asked import Asked, InUse, asked_range, check_camera, opened
from vmstui.cli.footage import guard
from vmstui.cli.recorder_socket import socket_path
from vmstui.cli.segments import NONE_CLOSED
from vmstui.cli.storage import config_in_use
from vmstui.cli.table import table
from vmstui.codec import from_json, to_json
from vmstui.configured import Settings
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.footage import Gap
from vmstui.footage_accounts import Account, percent_text
from vmstui.model import Event, RecorderSnapshot
from vmstui.recorder.downtime import read_alive
from vmstui.recorder.history import EVENTS_KEPT, History
from vmstui.recorder.slots import slots_are_free
from vmstui.recording.account import account
from vmstui.recording.browse import midnight_of
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.gaps import Downtime
from vmstui.recording.guard import WrongFolder
from vmstui.recording.ledger import midnight
from vmstui.recording.naming import zone_of
from vmstui.recording.ongoing import LastFootage, Present, going_on
from vmstui.sanitise import clean
from vmstui.settings import default_folders, load
from vmstui.spoken import day_and_clock, length

NOT_WELL = 1


def gaps(config: str | None, asked: Asked, *, days: bool, as_json: bool) -> int:
    """Print what was lost, and the share that was recorded, of each of the `days` if wanted; exit code 1 when anything
    was lost."""
    settings = load(config_in_use(config)).settings
    zone = zone_of(settings.timezone)
    now = datetime.now(UTC)
    using = InUse(config)
    since, until = asked_range(asked, using)
    since = since or midnight(now, zone)
    until = until or now
    with opened() as catalogue:
        check_camera(asked.camera, using, catalogue)
        cameras = [asked.camera] if asked.camera is not None else list(catalogue.cameras())
        ongoing = [gap for gap in ongoing_gaps(settings, catalogue, now) if gap.camera in cameras]
        ongoing = [gap for gap in ongoing if gap.started_at < until and gap.ended_at > since]
        found = (*catalogue.gaps(asked.camera, since, until), *ongoing)
        accounts = []
        for camera in cameras:
            own = [gap for gap in found if gap.camera == camera]
            for begin, end in _days(since, until, zone) if days else [(since, until)]:
                within = (gap for gap in own if gap.started_at < end and gap.ended_at > begin)
                one = account(camera, catalogue.segments(camera, begin, end), within, begin, end)
                accounts += [one] if one is not None else []
    if as_json:
        lines = [{"gap": to_json(gap), "ongoing": gap in ongoing} for gap in found]
        lines += [{"account": to_json(one), "percent": one.percent} for one in accounts]
        for line in lines:
            print(json.dumps(line))
    else:
        if found and not days:
            print(_gaps_table(found, ongoing, zone))
            print()
        print(_accounts_table(accounts, zone, days=days) if accounts else NONE_CLOSED)
    return NOT_WELL if any(gap.lost for gap in found) else 0


def ongoing_gaps(settings: Settings, catalogue: Catalogue, now: datetime) -> list[Gap]:
    """Since the last closed segment of each configured camera: what is not recorded until now, or until what is being
    written began."""
    try:
        snapshot = from_json(RecorderSnapshot, call(socket_path(), "snapshot"))
        shown = {camera.id: Present.of(camera) for camera in snapshot.cameras}
    except RecorderLost:
        shown = {}
    state = Path(default_folders().state)
    gaps: list[Gap] = []
    for camera in settings.cameras:
        last = next((one for one in reversed(catalogue.recorded_last(camera.id, 1)) if one.plays), None)
        present = shown.get(camera.id)
        if last is None or (present is None and _worker_lives(state, camera.id)):
            continue  # a worker records on without a service, which will publish it
        down: list[Downtime] = []
        if present is None and (alive := read_alive(state)) is not None:
            down = [Downtime(alive.at, now, new_boot=False)]  # as if one came up now: nobody could start anything
        events = History(state / "cameras" / camera.id / "events.jsonl", Event, EVENTS_KEPT)
        read = partial(events.read, EVENTS_KEPT)
        gaps += going_on(camera.id, LastFootage(last.generation, last.ended_at), present, now, read, down)
    return gaps


def _worker_lives(state: Path, camera: str) -> bool:
    return not slots_are_free(state / "cameras" / camera)


def _days(since: datetime, until: datetime, zone: tzinfo | None) -> Iterator[tuple[datetime, datetime]]:
    """Those of a zone that a time touches, as far as it does."""
    day = since.astimezone(zone).date()
    while (begin := midnight_of(day, zone)) < until:
        day += timedelta(days=1)
        yield max(begin, since), min(midnight_of(day, zone), until)


def _accounts_table(accounts: Sequence[Account], zone: tzinfo | None, *, days: bool) -> str:
    header = ["CAMERA", "OF WHAT IT SHOULD", "RECORDED", "LOST", "NOT WANTED"]
    rows = [
        [clean(one.camera), percent_text(one.percent), *map(length, (one.recorded_s, one.lost_s, one.off_s))]
        for one in accounts
    ]
    if days:
        header[1:1] = ["DAY"]
        for row, one in zip(rows, accounts, strict=True):
            row[1:1] = [f"{one.since.astimezone(zone):%a %Y-%m-%d}"]
    return table(header, rows, frozenset(range(1 + days, len(header))))


def _gaps_table(found: tuple[Gap, ...], ongoing: list[Gap], zone: tzinfo | None) -> str:
    rows = [
        (
            clean(gap.camera),
            day_and_clock(gap.started_at, zone),
            length(gap.length_s),
            gap.cause.value,
            clean(gap.detail) + (" (until now)" if gap in ongoing else ""),
        )
        for gap in found
    ]
    return table(("CAMERA", "SINCE", "LENGTH", "CAUSE", "WHY"), rows, frozenset((2,)))


def rebuild_catalogue(config: str | None) -> None:
    """Fill the catalogue from the recordings, and take out what is not there any more."""
    from vmstui.ffmpeg.abilities import choose
    from vmstui.ffmpeg.binary import NoUsableFfmpeg
    from vmstui.ffmpeg.inspect import MediaInfo, inspect_media
    from vmstui.recording.fill import forget_vanished, ingest
    from vmstui.settings.names import camera_folder

    settings = load(config_in_use(config)).settings
    state, zone = Path(default_folders().state), zone_of(settings.timezone)
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
            gone = forget_vanished(catalogue, recordings)
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
    told = f"catalogue: {found.new} segments found that were not in it, {gone} taken out that are not there any more"
    print(f"{told}{unread}", file=sys.stderr)
