"""How old footage is whose date may be wrong: the clock of a machine that comes up with the wrong time is put right
later, when there is footage of it that bears the wrong dates.

Each segment knows when it began on the clock that nobody sets (CLOCK_BOOTTIME), and of each boot it is noted in the
catalogue what that of the wall differed by when it was last looked at: with both it is known when the segment was
closed, also after the next boot. Only ever makes footage younger than its date says. Called by retention.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vmstui.recording.catalogue_rows import StoredFile

if TYPE_CHECKING:
    from vmstui.recording.catalogue import Catalogue

FACT = "boots"
KEPT = 64
"""Boots that are remembered, the newest."""
MOVED_S = 60.0
"""A clock is slewed all the time; so much is worth a new note."""

Boots = Mapping[str, float]
"""By the id of a boot, what is to be added to its clock to get that of the wall, in seconds since the epoch."""


def known(catalogue: Catalogue) -> dict[str, float]:
    """What is noted, oldest first. Raises CatalogueError."""
    try:
        noted = json.loads(catalogue.fact(FACT) or "{}")
        return {str(boot): float(offset_s) for boot, offset_s in noted.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def note(catalogue: Catalogue, boot: str, offset_s: float) -> None:
    """The clocks differ by so much now. Raises CatalogueError."""
    before = known(catalogue)
    if abs(before.pop(boot, float("inf")) - offset_s) >= MOVED_S:
        kept = [*before.items(), (boot, offset_s)][-KEPT:]
        catalogue.set_fact(FACT, json.dumps(dict(kept)))


def closed_at(file: StoredFile, boots: Boots) -> datetime:
    """When a file was closed: by its date, or later than that by the clock of its boot."""
    if file.uptime is None or file.uptime.boot not in boots:
        return file.ended_at
    try:
        began_at = datetime.fromtimestamp(file.uptime.s + boots[file.uptime.boot], UTC)
        return max(file.ended_at, began_at + (file.ended_at - file.started_at))
    except (OverflowError, ValueError, OSError):
        return file.ended_at
