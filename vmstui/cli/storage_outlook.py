"""For `vmstui storage`: how fast the disk fills, how long footage stays, what acts next, which promises will break."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from vmstui.cli.footage import guard, open_catalogue
from vmstui.cli.table import table
from vmstui.codec import Json, to_json
from vmstui.configured import Settings
from vmstui.recorder.keeper import policy
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.guard import WrongFolder
from vmstui.recording.outlook import outlook, shortfalls
from vmstui.spoken import decimal_size, span, zone
from vmstui.storage import CameraStorage, StorageProjection

HEADER = ("CAMERA", "MB/H", "RECORDED", "SINCE", "WILL STAY", "PROMISED", "ENDED BY", "NEXT TO ACT")
RIGHT = frozenset((1, 2, 4, 5))


def projected(settings: Settings) -> StorageProjection | str:
    """The projection, or why there is none."""
    keeper = guard()
    if keeper.known(settings.recordings) is None:
        return "nothing was recorded yet"
    try:
        with open_catalogue() as catalogue:
            if catalogue.fresh:
                return "the catalogue is not filled yet (the recorder does that)"
            with keeper.inside(settings.recordings, settings.recordings_mount) as root:
                return outlook(catalogue, settings, policy(settings), root, datetime.now(UTC))
    except (CatalogueError, WrongFolder, OSError) as error:
        return str(error)


def as_json(found: StorageProjection | str) -> Json:
    """With what follows from it in words; only the reason where there is none."""
    if isinstance(found, str):
        return {"unknown": found}
    data = to_json(found)
    assert isinstance(data, dict)
    told: list[Json] = list(shortfalls(found))
    return data | {"provisional": found.provisional, "promises_kept": not found.broken, "shortfalls": told}


def lines(found: StorageProjection | str, timezone: str) -> Iterator[str]:
    """For a person."""
    if isinstance(found, str):
        yield f"how long footage stays is not known: {found}"
        return
    where = zone(timezone)
    about = "~" if found.provisional else ""
    locked = f", of them {decimal_size(found.locked_bytes)} locked" if found.locked_bytes else ""
    daily = decimal_size(found.bytes_per_s * 86400)
    yield f"recorded     {decimal_size(found.size_bytes)}{locked}; {about}{daily} a day"
    yield f"full         {_full(found, where)}"
    if found.acts_at is not None:
        rule = f"{found.first_rule} ({found.first_camera})" if found.first_camera else found.first_rule
        yield f"next to act  {rule}, {_when(found.acts_at, found.at, where)}"
    if found.cameras:
        yield ""
        yield from table(HEADER, [_row(camera, found.at, where) for camera in found.cameras], RIGHT).split("\n")
    notes = list(_notes(found))
    if notes:
        yield ""
        yield from notes


def _row(camera: CameraStorage, now: datetime, where: tzinfo | None) -> tuple[str, ...]:
    about = "~" if camera.provisional else ""
    return (
        camera.camera,
        f"{about}{camera.bytes_per_s * 3600 / 1e6:,.1f}" if camera.days is not None else "-",
        decimal_size(camera.size_bytes) if camera.size_bytes else "-",
        f"{camera.oldest_at.astimezone(where):%Y-%m-%d %H:%M}" if camera.oldest_at is not None else "-",
        f"{about}{camera.days:,.1f} days" if camera.days is not None else "-",
        f"{camera.promised_days:g} days" if camera.promised_days is not None else "-",
        camera.rule or "-",
        f"{camera.first_rule}, {_in(camera.acts_at, now)}" if camera.acts_at is not None else "-",
    )


def _full(found: StorageProjection, where: tzinfo | None) -> str:
    if found.held_at is not None:
        when = _when(found.held_at, found.at, where)
        return f"{when}: so much is locked that nothing can make room, and recording will be held"
    if found.full_at is None:
        why = "nothing is recorded" if found.bytes_per_s <= 0 else "other rules act before"
        return f"not as things are: {why}"
    floor = f"{decimal_size(found.floor_bytes)} are kept free"
    return f"{_when(found.full_at, found.at, where)}: {floor}, then the oldest goes for what is new"


def _notes(found: StorageProjection) -> Iterator[str]:
    if found.provisional:
        yield "~ provisional: measured over less than a day, so nights or days are missing in it"
    if found.silent:
        yield f"not counted, as nothing of it was recorded in the last 24 hours: {', '.join(found.silent)}"
    gone = [camera.camera for camera in found.cameras if not camera.records]
    if gone:
        yield f"not configured or not enabled, so that its footage only goes: {', '.join(gone)}"
    for sentence in shortfalls(found):
        yield f"{'as far as is known: ' if found.provisional else 'warning: '}{sentence}"


def _when(at: datetime, now: datetime, where: tzinfo | None) -> str:
    return f"{at.astimezone(where):%a %Y-%m-%d %H:%M}, {_in(at, now)}" if at > now else "now"


def _in(at: datetime, now: datetime) -> str:
    return f"in {span((at - now).total_seconds())}" if at > now else "now"
