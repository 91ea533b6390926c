"""A camera's footage a page at a time, for whoever looks through it: segments, the gaps between them, locks and days.

Reads the catalogue and nothing else, a bounded part of it at a time, each through an index. Called in a thread by
`control.browsing`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from vmstui.footage import Gap, Segment
from vmstui.footage_accounts import FootageDay, FootagePage
from vmstui.recording.catalogue import Catalogue

MAX_SEGMENTS = 1000
MAX_GAPS = 1000
MAX_DAYS = 62
"""At most of each in one answer."""
_LAST = datetime(9999, 1, 1, tzinfo=UTC)


def before(catalogue: Catalogue, camera: str, at: datetime | None, limit: int, zone: tzinfo | None) -> FootagePage:
    """The newest segments that began before an instant, or of all."""
    found = catalogue.segments(camera, None, at, limit=limit + 1, newest_first=True)
    kept = found[:limit]
    return FootagePage(
        camera,
        kept,
        _gaps(catalogue, camera, kept[-1].started_at if kept else at, at),
        catalogue.locks(camera),
        _touched(catalogue, camera, kept, zone),
        older=len(found) > limit,
        newer=at is not None and catalogue.started_between(camera, at, _LAST),
        filling=catalogue.fresh,
    )


def after(catalogue: Catalogue, camera: str, at: datetime, limit: int, zone: tzinfo | None) -> FootagePage:
    """The oldest segments that begin, or go on, after an instant."""
    found = catalogue.segments(camera, at, None, limit=limit + 1)
    kept, newer = found[:limit][::-1], len(found) > limit
    first_at = kept[-1].started_at if kept else at
    return FootagePage(
        camera,
        kept,
        _gaps(catalogue, camera, min(at, first_at), found[limit].started_at if newer else None),
        catalogue.locks(camera),
        _touched(catalogue, camera, kept, zone),
        older=bool(catalogue.segments(camera, None, first_at, limit=1, newest_first=True)),
        newer=newer,
        filling=catalogue.fresh,
    )


def gaps(catalogue: Catalogue, camera: str, since: datetime, limit: int) -> tuple[Gap, ...]:
    """The newest gaps that reach into the time from an instant on, newest first."""
    return _gaps(catalogue, camera, since, None)[:limit]


def days(
    catalogue: Catalogue, camera: str, until: datetime | None, limit: int, zone: tzinfo | None
) -> tuple[FootageDay, ...]:
    """The newest days with footage of a camera, of those before an instant or of all, newest first."""
    found: list[FootageDay] = []
    while len(found) < limit:
        newest = catalogue.segments(camera, None, until, limit=1, newest_first=True)
        if not newest:
            break
        found.append(_day(catalogue, camera, newest[0].started_at.astimezone(zone).date(), zone))
        until = found[-1].began_at
    return tuple(found)


def _gaps(catalogue: Catalogue, camera: str, since: datetime | None, until: datetime | None) -> tuple[Gap, ...]:
    return catalogue.gaps(camera, since, until)[::-1][:MAX_GAPS]


def _touched(
    catalogue: Catalogue, camera: str, segments: tuple[Segment, ...], zone: tzinfo | None
) -> tuple[FootageDay, ...]:
    if not segments:
        return ()
    dates = {segment.started_at.astimezone(zone).date() for segment in segments}
    return tuple(_day(catalogue, camera, day, zone) for day in sorted(dates, reverse=True)[:MAX_DAYS])


def _day(catalogue: Catalogue, camera: str, day: date, zone: tzinfo | None) -> FootageDay:
    since, until = midnight_of(day, zone), midnight_of(day + timedelta(days=1), zone)
    recorded = catalogue.recent(camera, since, until=until)
    lost = [
        (min(gap.ended_at, until) - max(gap.started_at, since)).total_seconds()
        for gap in catalogue.gaps(camera, since, until)
        if gap.lost
    ]
    return FootageDay(since, recorded.count, recorded.duration_s, recorded.size_bytes, len(lost), sum(lost))


def midnight_of(day: date, zone: tzinfo | None) -> datetime:
    """When a day begins in a zone; None: that of this machine."""
    local = datetime.combine(day, time())
    return (local.astimezone() if zone is None else local.replace(tzinfo=zone)).astimezone(UTC)
