"""What a value may be: how its words become a typed value, what an error says is accepted, and its JSON schema.

A `Kind` is one such type. `parse` gets the text exactly as written and raises `Refused` with what was found, in words;
the sentence of what is accepted and the schema belong to the kind, so that error, reference and editor agree.
`keys` combines kinds with names; addresses and passwords, which must not be quoted, are in `addresses` and `secrets`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from vmstui.light_dataclass import dataclass
from vmstui.sanitise import is_visible
from vmstui.settings.problems import nearest, shown

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)


class Refused(Exception):
    """The text is not a value of the kind. `found` says what is wrong with it, fit to be shown."""

    def __init__(self, found: str, hint: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """One type of value."""

    accepted: str
    """What an error and the reference say, such as `yes or no`."""
    parse: Callable[[str], T_co]
    schema: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class MinFree:
    """Free space to keep: exactly one of the two is not None."""

    size_bytes: int | None = None
    percent: float | None = None


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("true", "yes", "on"):
        return True
    if lowered in ("false", "no", "off"):
        return False
    raise Refused(shown(text))


BOOLEAN: Kind[bool] = Kind("true or false", _boolean, {"type": "boolean"})


def choice(kind: type[E]) -> Kind[E]:
    """One of the words of an enumeration."""
    words = [member.value for member in kind]

    def parse(text: str) -> E:
        try:
            return kind(text)
        except ValueError:
            raise Refused(shown(text), nearest(text, words)) from None

    return Kind(", ".join(words[:-1]) + " or " + words[-1], parse, {"enum": list(words)})


_NUMBER = r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,6})?"
_DURATION = re.compile(rf"(?=.)(?:({_NUMBER})h)?(?:({_NUMBER})m)?(?:({_NUMBER})s?)?")


def duration(low_s: int, high_s: int, bounds: str) -> Kind[int]:
    """Whole seconds, from such as `3m`, `90s`, `1h30m` or plain seconds."""

    def parse(text: str) -> int:
        match = _DURATION.fullmatch(text)
        if not match:
            raise Refused(shown(text))
        hours, minutes, seconds = (float(part or 0) for part in match.groups())
        total_s = hours * 3600 + minutes * 60 + seconds
        if total_s != int(total_s) or not low_s <= total_s <= high_s:
            raise Refused(shown(text))
        return int(total_s)

    schema: dict[str, Json] = {
        "anyOf": [
            {"type": "string", "pattern": rf"^(?=.)({_NUMBER}h)?({_NUMBER}m)?({_NUMBER}s?)?$"},
            {"type": "integer", "minimum": low_s, "maximum": high_s},
        ]
    }
    return Kind(f"a duration {bounds} in whole seconds, such as 90s, 3m or 1h30m", parse, schema)


_SIZE_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(rf"({_NUMBER})([KMGT])")
_PERCENT = re.compile(rf"({_NUMBER})%")


def _min_free(text: str) -> MinFree:
    if match := _PERCENT.fullmatch(text):
        percent = float(match[1])
        if percent < 100:
            return MinFree(percent=percent)
    elif match := _SIZE.fullmatch(text):
        return MinFree(size_bytes=round(float(match[1]) * _SIZE_UNITS[match[2]]))
    raise Refused(shown(text))


MIN_FREE: Kind[MinFree] = Kind(
    "a share below 100% such as 5%, or a size with its unit such as 500M or 20G (powers of 1000)",
    _min_free,
    {"type": "string", "pattern": rf"^{_NUMBER}[KMGT%]$"},
)


def _max_size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if not match or (size_bytes := round(float(match[1]) * _SIZE_UNITS[match[2]])) < MIN_MAX_SIZE_BYTES:
        raise Refused(shown(text))
    return size_bytes


MIN_MAX_SIZE_BYTES = 10**6
MAX_SIZE: Kind[int] = Kind(
    "a size with its unit from 1M up, such as 500G or 2T (powers of 1000)",
    _max_size,
    {"type": "string", "pattern": rf"^{_NUMBER}[KMGT]$"},
)


def _cpu_budget(text: str) -> float:
    match = _PERCENT.fullmatch(text)
    if not match or not 1 <= float(match[1]) <= 102_400:
        raise Refused(shown(text))
    return float(match[1])


CPU_BUDGET: Kind[float] = Kind(
    "a percentage from 1% up, such as 205% (100% is one core)",
    _cpu_budget,
    {"type": "string", "pattern": rf"^{_NUMBER}%$"},
)

_BITRATE = re.compile(rf"({_NUMBER})([kKmM]?)")
_BITRATE_UNITS = {"": 1, "k": 10**3, "m": 10**6}
MIN_BITRATE_BPS, MAX_BITRATE_BPS = 16_000, 400_000_000


def _bitrate(text: str) -> int:
    match = _BITRATE.fullmatch(text)
    if match:
        bitrate_bps = round(float(match[1]) * _BITRATE_UNITS[match[2].lower()])
        if MIN_BITRATE_BPS <= bitrate_bps <= MAX_BITRATE_BPS:
            return bitrate_bps
    raise Refused(shown(text))


BITRATE: Kind[int] = Kind(
    "bits per second from 16k to 400M, such as 1.5M or 800k",
    _bitrate,
    {
        "anyOf": [
            {"type": "string", "pattern": rf"^{_NUMBER}[kKmM]?$"},
            {"type": "number", "minimum": MIN_BITRATE_BPS, "maximum": MAX_BITRATE_BPS},
        ]
    },
)

MAX_EDGE = 8192


def _resolution(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{2,4})x([0-9]{2,4})", text)
    if match:
        width, height = int(match[1]), int(match[2])
        if 32 <= width <= MAX_EDGE and 32 <= height <= MAX_EDGE and width % 2 == height % 2 == 0:
            return width, height
    raise Refused(shown(text))


RESOLUTION: Kind[tuple[int, int]] = Kind(
    f"width x height in even pixels from 32 to {MAX_EDGE}, such as 1920x1080",
    _resolution,
    {"type": "string", "pattern": "^[0-9]{2,4}x[0-9]{2,4}$"},
)


def number(low: float, high: float, accepted: str) -> Kind[float]:
    """A plain number between two bounds, both included."""

    def parse(text: str) -> float:
        if not re.fullmatch(_NUMBER, text) or not low <= (value := float(text)) <= high or not math.isfinite(value):
            raise Refused(shown(text))
        return value

    return Kind(accepted, parse, {"type": "number", "minimum": low, "maximum": high})


def _timezone(text: str) -> str:
    if text in ("local", "UTC"):
        return text
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # unknown, not a relative path, a folder of the database
        raise Refused(shown(text), nearest(text, sorted(available_timezones()))) from None
    return text


TIMEZONE: Kind[str] = Kind(
    "local or the name of a time zone, such as Asia/Ho_Chi_Minh", _timezone, {"type": "string", "minLength": 1}
)


def _absolute_path(text: str) -> str:
    import os.path

    if not text.startswith("/") or not text.isprintable():
        raise Refused(shown(text))
    return "/" + os.path.normpath(text).lstrip("/")


PATH_SCHEMA: dict[str, Json] = {"type": "string", "pattern": "^/"}
ABSOLUTE_PATH: Kind[str] = Kind("a path that starts with /", _absolute_path, PATH_SCHEMA)

FFMPEG_WORDS = ("auto", "embedded", "system")


def _ffmpeg(text: str) -> str:
    if text in FFMPEG_WORDS:
        return text
    if not text.startswith("/"):
        raise Refused(shown(text), nearest(text, FFMPEG_WORDS))
    return _absolute_path(text)


FFMPEG: Kind[str] = Kind(
    "auto, embedded, system or the path of an ffmpeg that starts with /",
    _ffmpeg,
    {"anyOf": [{"enum": list(FFMPEG_WORDS)}, PATH_SCHEMA]},
)

MAX_NAME_CHARACTERS = 100


def slug(pattern: str, accepted: str) -> Kind[str]:
    """An identifier; `pattern` is without anchors."""
    compiled = re.compile(pattern)

    def parse(text: str) -> str:
        if not compiled.fullmatch(text):
            raise Refused(shown(text))
        return text

    return Kind(accepted, parse, {"type": ["string", "integer"], "pattern": f"^{pattern}$"})


def _name(text: str) -> str:
    if not is_visible(text) or len(text) > MAX_NAME_CHARACTERS:
        raise Refused(shown(text))
    return text


NAME: Kind[str] = Kind(
    f"any text of at most {MAX_NAME_CHARACTERS} characters, at least one of them visible",
    _name,
    {"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": MAX_NAME_CHARACTERS},
)


def _login(text: str) -> str:
    if not text or len(text) > MAX_NAME_CHARACTERS or any(ord(character) < 32 for character in text):
        raise Refused(f"{len(text)} characters or a control character")
    return text


LOGIN: Kind[str] = Kind(
    f"a login name of 1 to {MAX_NAME_CHARACTERS} characters on one line",
    _login,
    {"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": MAX_NAME_CHARACTERS},
)
