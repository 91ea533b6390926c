"""How long footage will stay, in the words of the header and of the details: pure, from what the recorder projected."""

from __future__ import annotations

from datetime import datetime, tzinfo

from vmstui.storage import CameraStorage, StorageProjection
from vmstui.tui import glyphs
from vmstui.tui.format import decimal_size, short_span, span
from vmstui.tui.lines import Line, Role

SOON_S = 86400.0
"""A disk that will hold up recording so soon wants to be looked at now."""


def headline_part(storage: StorageProjection) -> tuple[int, Line] | None:
    """For the header, with its rank; None where nothing can be said."""
    if storage.held_at is not None:
        left_s = (storage.held_at - storage.at).total_seconds()
        words = f" {glyphs.BAD} disk full in {short_span(left_s)} "
        return 1, ((words, Role.PILL_BAD if left_s < SOON_S else Role.PILL_WARN),)
    days, kept = kept_days(storage)
    if not days:
        return None
    return (2, ((f"disk {days}", Role.TEXT),)) if kept else (1, ((f"{glyphs.WARN} disk {days}", Role.WARN),))


def kept_days(storage: StorageProjection) -> tuple[str, bool]:
    """How long footage stays, `11.4 days` or `3 of 14 days`, and whether that is as long as was promised; empty where
    nothing is known."""
    about = "~" if storage.provisional else ""
    if storage.broken:
        worst = storage.broken[0]
        return f"{about}{_days(worst.days or 0.0)} of {worst.promised_days:g} days", False
    kept = sorted(camera.days for camera in storage.cameras if camera.days is not None)
    if not kept:
        return "", True
    shortest, longest = _days(kept[0]), _days(kept[-1])
    return f"{about}{shortest if shortest == longest else f'{shortest}{glyphs.DASH}{longest}'} days", True


def camera_facts(camera: CameraStorage, now: datetime, where: tzinfo | None) -> tuple[list[str], str]:
    """For the details: what is stored and what will become of it; and what is wrong with that, empty if nothing is."""
    facts = []
    about = "~" if camera.provisional else ""
    if camera.days is not None:
        facts.append(f"{about}{camera.bytes_per_s * 3600 / 1e6:,.1f} MB/h")
    if camera.oldest_at is not None:
        facts.append(f"{decimal_size(camera.size_bytes)} since {camera.oldest_at.astimezone(where):%Y-%m-%d %H:%M}")
    if camera.locked_bytes:
        facts.append(f"{decimal_size(camera.locked_bytes)} locked")
    if camera.days is None:
        facts.append("nothing was recorded in the last 24 hours" if camera.records else "only goes")
    else:
        facts.append(f"stays {about}{_days(camera.days)} days, ended by {camera.rule}")
    if camera.acts_at is not None:
        left_s = (camera.acts_at - now).total_seconds()
        facts.append(f"next: {camera.first_rule}, {f'in {span(left_s)}' if left_s > 0 else 'now'}")
    if camera.provisional:
        facts.append("~ measured over less than a day")
    if camera.kept:
        return facts, ""
    missing = f", {decimal_size(camera.missing_bytes)} too little" if camera.missing_bytes else ""
    promised = f"{camera.promised_days:g} days are promised"
    return facts, f"{promised}, {about}{_days(camera.days or 0.0)} will stay: {camera.rule}{missing}"


def _days(days: float) -> str:
    """`11.4`, and no fraction where there is none, or where it does not matter."""
    return f"{days:,.0f}" if days >= 100 or abs(days - round(days)) < 0.05 else f"{days:.1f}"
