"""Footage is locked: what a person may ask for, whether by command or on the dashboard."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from vmstui.footage_accounts import LockedFootage
from vmstui.recording.catalogue import Catalogue
from vmstui.sanitise import clean
from vmstui.settings.problems import nearest

MAX_NOTE = 500


class LockRefused(ValueError):
    """It cannot be locked like that; the text says what was found and what is accepted."""


def lock(
    catalogue: Catalogue,
    configured: Iterable[str],
    camera: str,
    since: datetime,
    until: datetime,
    note: str,
    by: str,
    now: datetime,
) -> LockedFootage:
    """Keep the footage of [since, until) from retention, also what is only recorded later. `configured` are the ids of
    the cameras there are; one that is not any more has to have footage.

    Raises LockRefused, and what the catalogue raises.
    """
    if until <= since:
        raise LockRefused(f"until: found {until.isoformat()}, accepted a time after {since.isoformat()}")
    if len(note) > MAX_NOTE:
        raise LockRefused(f"note: found {len(note)} characters, accepted at most {MAX_NOTE}")
    cameras = sorted({*configured, *catalogue.cameras()})
    if camera not in cameras:
        hint = nearest(camera, cameras) or f"one of: {', '.join(cameras)}"
        raise LockRefused(f"camera: found {camera!r}, accepted {hint}")
    made = catalogue.lock(camera, since, until, clean(note), clean(by), now)
    return LockedFootage(made, *catalogue.amount(camera, since, until))


def unlock(catalogue: Catalogue, number: int, now: datetime) -> None:
    """Give a lock back. Raises LockRefused if there is none of that number, and what the catalogue raises."""
    if not catalogue.unlock(number, now):
        there = ", ".join(str(one.id) for one in catalogue.locks(None)) or "none: nothing is locked"
        raise LockRefused(f"lock: found {number}, accepted {there}")
