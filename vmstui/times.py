"""Times as a person writes them: `2025-10-20T07:54`, `07:54` (today), `yesterday 07:54`, `-2h`, `now`.

A time without an offset is local: of the configured zone, else of the machine. In the night in which clocks go back a
local time comes twice and the earlier one is meant; an offset names the later one (`2025-10-26T02:30+01:00`). One that
clocks were put forward over does not exist and is refused, with the offsets that say what may have been meant. Pure:
the caller passes the clock. Used by every command that takes a time, and by the dashboard.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

ACCEPTED = (
    "2025-10-20T07:54 (also with seconds, and with Z or an offset like +02:00), 2025-10-20 (its midnight), 07:54 or "
    "07:54:30 (today), yesterday 07:54, -2h (ago; also s, m, d), now"
)
"""What can be written, in words for help and errors."""

_AGO = re.compile(r"-(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?", re.ASCII)
_WRITTEN = re.compile(
    r"(?:(?P<day>\d{4}-\d\d-\d\d|today|yesterday)(?:$|[T ](?=\d)))?"
    r"(?:(?P<clock>\d\d?:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?P<offset>Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)


class TimeError(ValueError):
    """A time that cannot be understood. The text says what was found and what is accepted."""


def parse_time(text: str, now: datetime, zone: tzinfo | None) -> datetime:
    """The instant that is meant, in UTC. `now` is aware; `zone` None is the zone of the machine.

    Raises TimeError.
    """
    written = " ".join(text.split())
    try:
        return _instant(written, now, zone).astimezone(UTC)
    except TimeError:
        raise
    except (ValueError, OverflowError):
        raise TimeError(f"found {text!r}, accepted {ACCEPTED}") from None


def _instant(text: str, now: datetime, zone: tzinfo | None) -> datetime:
    if text.lower() == "now":
        return now
    if ago := _AGO.fullmatch(text):
        days, hours, minutes, seconds = (int(number or 0) for number in ago.groups())
        return now - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    found = _WRITTEN.fullmatch(text)
    if not text or found is None:
        raise ValueError
    day = _day((found["day"] or "today").lower(), now.astimezone(zone).date())
    clock = found["clock"] or "00:00"
    local = datetime.combine(day, time.fromisoformat(f"0{clock}" if clock[1] == ":" else clock))
    if found["offset"]:
        return local.replace(tzinfo=_offset(found["offset"].upper()))
    return _in_zone(local, zone)


def _day(word: str, today: date) -> date:
    if word == "today":
        return today
    if word == "yesterday":
        return today - timedelta(days=1)
    return date.fromisoformat(word)


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    length = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(length if text[0] == "+" else -length)


def _in_zone(local: datetime, zone: tzinfo | None) -> datetime:
    # PEP 495: where a local time comes twice these are its two instants; where it does not exist, what it would be by
    # the offset before clocks were put forward and by the one after. Else they are the same.
    readings = sorted(_utc(local.replace(fold=fold), zone) for fold in (0, 1))
    if readings[0].astimezone(zone).replace(tzinfo=None) == local:
        return readings[0]
    accepted = (
        f"{local.replace(tzinfo=timezone(local - reading.replace(tzinfo=None))).isoformat(timespec='minutes')} "
        f"(which is {reading.astimezone(zone):%H:%M})"
        for reading in readings
    )
    where = f"in {zone}" if zone is not None else "in the time zone of this machine"
    raise TimeError(
        f"found {local:%Y-%m-%d %H:%M}, which does not exist {where}: clocks were put forward over it; "
        f"accepted {' or '.join(accepted)}"
    )


def _utc(local: datetime, zone: tzinfo | None) -> datetime:
    # `astimezone()` of a naive time goes by the rules of the machine, and heeds `fold` as well.
    return (local.astimezone() if zone is None else local.replace(tzinfo=zone)).astimezone(UTC)
