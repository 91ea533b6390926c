"""`vmstui lock`, `unlock` and `locks`: what retention has to leave alone, with a note why."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from vmstui.cli.footage import Refused, open_catalogue, told, warn_while_filling
from vmstui.cli.storage import config_in_use
from vmstui.cli.table import table
from vmstui.codec import Json, to_json
from vmstui.footage import Lock
from vmstui.person import person
from vmstui.recording import locking
from vmstui.recording.catalogue import Catalogue
from vmstui.settings import load
from vmstui.spoken import day_and_clock, plural
from vmstui.spoken import decimal_size as spoken
from vmstui.spoken import zone as zone_of
from vmstui.times import parse_time


def lock(config: str | None, camera: str, *, since: str, until: str, note: str, as_json: bool) -> int:
    """Lock what lies between two times, also what is only recorded later."""
    return told(lambda: _lock(config, camera, since, until, note, as_json))


def unlock(number: int) -> int:
    """Give a lock back."""
    return told(lambda: _unlock(number))


def locks(config: str | None, *, as_json: bool) -> int:
    """List them."""
    return told(lambda: _locks(config, as_json))


def _lock(config: str | None, camera: str, since: str, until: str, note: str, as_json: bool) -> int:
    settings = load(config_in_use(config)).settings
    zone, now = zone_of(settings.timezone), datetime.now(UTC)
    begins, ends = parse_time(since, now, zone), parse_time(until, now, zone)
    if ends <= begins:
        found = f"{day_and_clock(begins, zone)} to {day_and_clock(ends, zone)}"
        raise Refused(f"--to: found {found}, accepted a time after --from")
    with open_catalogue(readonly=False) as catalogue:
        warn_while_filling(catalogue)
        configured = (one.id for one in settings.cameras)
        held = locking.lock(catalogue, configured, camera, begins, ends, note, person(), now)
    made, count, size_bytes = held.lock, held.segments, held.size_bytes
    if as_json:
        print(json.dumps(_json(made, count, size_bytes)))
        return 0
    print(f"lock {made.id}: {camera}, {day_and_clock(begins, zone)} to {day_and_clock(ends, zone)}")
    if count:
        print(f"{plural(count, 'segment')}, {spoken(size_bytes)}, stay until: vmstui unlock {made.id}")
    else:
        print("there is no footage of that time; what will be recorded then stays")
    return 0


def _unlock(number: int) -> int:
    with open_catalogue(readonly=False) as catalogue:
        locking.unlock(catalogue, number, datetime.now(UTC))
    print(f"lock {number} is given back")
    return 0


def _locks(config: str | None, as_json: bool) -> int:
    zone = zone_of(load(config_in_use(config)).settings.timezone)
    with open_catalogue() as catalogue:
        warn_while_filling(catalogue)
        held = [(lock, *_holds(catalogue, lock)) for lock in catalogue.locks(None)]
    if as_json:
        for one in held:
            print(json.dumps(_json(*one)))
        return 0
    if not held:
        print("nothing is locked")
        return 0
    rows = [
        (
            str(lock.id),
            lock.camera,
            day_and_clock(lock.since, zone),
            day_and_clock(lock.until, zone),
            str(count),
            spoken(size_bytes),
            lock.by,
            lock.note,
        )
        for lock, count, size_bytes in held
    ]
    print(table(("id", "camera", "from", "to", "segments", "size", "by", "note"), rows, frozenset({0, 4, 5})))
    return 0


def _holds(catalogue: Catalogue, lock: Lock) -> tuple[int, int]:
    """How many segments there are of the time of a lock, and their bytes."""
    return catalogue.amount(lock.camera, lock.since, lock.until)


def _json(lock: Lock, count: int, size_bytes: int) -> Json:
    described = to_json(lock)
    assert isinstance(described, dict)
    return described | {"segments": count, "size_bytes": size_bytes}
