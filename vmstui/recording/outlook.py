"""The projection of the storage from what is catalogued and what the disk says now, and its sentences for a person.

Costs some milliseconds per camera, and blocks as the catalogue and the disk do. Called by the recorder, in a thread,
and by the command `storage`, which needs no recorder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from vmstui.configured import Settings
from vmstui.footage import Lock
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.catalogue_rows import StoredFile
from vmstui.recording.projection import WINDOW, Stored, project, settled
from vmstui.recording.retention import Policy, Rule, first_to_go
from vmstui.recording.retention_pass import Within, measure
from vmstui.spoken import decimal_size as spoken
from vmstui.storage import CameraStorage, StorageProjection

_ALL = 2**31
_NAMED = 3


class _Stretch(NamedTuple):
    since: datetime
    until: datetime


def outlook(
    catalogue: Catalogue, settings: Settings, policy: Policy, root: int, now: datetime, *, certain: bool = False
) -> StorageProjection:
    """How long the footage below the open recordings folder will stay. With `certain` only cameras count whose rate was
    measured over a day: it will stay no longer than that. Raises CatalogueError and OSError.
    """
    footage = Within(catalogue, Path(settings.recordings))
    records = {camera.id: camera.enabled for camera in settings.cameras}
    to_go = first_to_go(footage)
    stored = [
        _stored(catalogue, footage, camera, to_go.get(camera), now, records=records.get(camera, False))
        for camera in sorted({*records, *footage.cameras()})
    ]
    if certain:
        stored = [one if settled(one, now) else replace(one, recent_s=0.0) for one in stored]
    return project(stored, policy, measure(root), now)


def shortfalls(projection: StorageProjection) -> tuple[str, ...]:
    """Which promises will be broken, by how much, and what is in the way: a sentence for each reason."""
    by_reason: dict[tuple[str, str], list[CameraStorage]] = {}
    for camera in projection.broken:
        of_one = camera.camera if camera.rule == Rule.CAMERA_SIZE else ""
        by_reason.setdefault((camera.rule, of_one), []).append(camera)
    return tuple(_shortfall(rule, cameras, projection.locked_bytes) for (rule, _), cameras in by_reason.items())


def _shortfall(rule: str, cameras: list[CameraStorage], locked_bytes: int) -> str:
    worst = cameras[0]
    names = ", ".join(camera.camera for camera in cameras[:_NAMED])
    more = f" and {len(cameras) - _NAMED} more" if len(cameras) > _NAMED else ""
    days = f"{worst.days or 0:.1f} of {worst.promised_days:g} promised days will be kept"
    missing = spoken(max(camera.missing_bytes for camera in cameras))
    why = {
        Rule.CAMERA_SIZE: f"its retention.max_size is {missing} too small",
        Rule.SIZE: f"retention.max_size is {missing} too small",
        Rule.FREE: f"the disk is {missing} too small",
        Rule.INODES: "the file system has too few inodes",
    }[Rule(rule)]
    locked = f" ({spoken(locked_bytes)} are locked)" if locked_bytes and rule != Rule.INODES else ""
    return f"{names}{more}: {days}, as {why}{locked}"


def _stored(
    catalogue: Catalogue, footage: Within, camera: str, to_go: StoredFile | None, now: datetime, *, records: bool
) -> Stored:
    files, size_bytes = footage.total(camera)
    oldest = next(footage.oldest(camera), None)
    newest = next(iter(footage.newest(camera, 1)), None)
    stretches = _stretches(footage.locks(camera))
    held = [
        catalogue.amount(camera, stretch.since, min(stretch.until, now)) for stretch in stretches if stretch.since < now
    ]
    ahead = tuple(
        (max((stretch.since - now).total_seconds(), 0.0), (stretch.until - now).total_seconds())
        for stretch in stretches
        if stretch.until > now
    )
    recent = footage.recent(camera, now - WINDOW, _ALL)
    first = next(iter(catalogue.segments(camera, now - WINDOW, None, limit=1)), None) if recent.count else None
    return Stored(
        camera,
        records,
        files,
        size_bytes,
        oldest.started_at if oldest is not None else None,
        newest.ended_at if newest is not None else None,
        to_go.started_at if to_go is not None else None,
        to_go.ended_at if to_go is not None else None,
        min(sum(count for count, _ in held), files),
        min(sum(held_bytes for _, held_bytes in held), size_bytes),
        ahead,
        recent.count,
        recent.size_bytes,
        recent.duration_s,
        first.started_at if first is not None else None,
    )


def _stretches(locks: Iterable[Lock]) -> list[_Stretch]:
    """What is locked, each moment once."""
    found: list[_Stretch] = []
    for lock in sorted(locks, key=lambda lock: lock.since):
        if found and lock.since <= found[-1].until:
            found[-1] = _Stretch(found[-1].since, max(found[-1].until, lock.until))
        else:
            found.append(_Stretch(lock.since, lock.until))
    return found
