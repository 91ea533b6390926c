"""Lines of ffmpeg as other programs hand them on, without what docker, journald, Frigate or vmstui put before them.

`FrontReader.take` gives the time, the camera where the line names one, and the line as ffmpeg wrote it, taken apart.
What has no known front is left as it is. JSON can write any character so that no mask and no filter sees it: what is
shown of it is made harmless once it is decoded. Pure; times without a zone are those of the zone that is given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

from vmstui.ffmpeg.loglines import ParsedLine, parse_line
from vmstui.logged import LogLevel

_DATE = r"(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d)([.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SERVICE = re.compile(r"([\w.-]{1,60}) +\| ")
"""`docker compose logs`."""
_TIME = re.compile(rf"{_DATE}\s+")
"""`docker logs -t`, s6-log, Kubernetes, `journalctl -o short-iso`, ffmpeg's own `-loglevel datetime`."""
_ISO = re.compile(_DATE)
_SERVICE_CHARACTERS = 70
_STREAM = re.compile(r"std(?:out|err) [FP] ")
_SYSLOG_TIME = re.compile(rf"({'|'.join(_MONTHS)}) +(\d+) (\d\d):(\d\d):(\d\d)(?:\.\d+)? ")
_SYSLOG_WHO = re.compile(r"[\w.-]{1,100} ([\w./@-]{1,100})(?:\[\d+\])?: ")
_FRIGATE = re.compile(rf"\[{_DATE}\] ([\w.-]{{1,100}}) +[A-Z]+ *: ")
_FRIGATE_LOGGER = re.compile(r"ffmpeg\.(.+?)\.(?:detect|record|audio|rtmp|[a-z_]+)$")
_OWN = re.compile(r"([a-z0-9_]{1,40}) (fatal|error|warning|info|unknown) +(?:([\w#:/,.-]+): )?")
"""`vmstui logs`, behind its time."""
_OWN_COMPONENT = re.compile(r"[a-z]+#\d|[a-z0-9_,]+$")
_MAY_HAVE_FRONT = re.compile(r"\d{4}[-/]|\[\d{4}[-/]|[A-Z][a-z]{2} +\d|[\w.-]{1,60} +\| |\{")


class Taken(NamedTuple):
    """A line without its front."""

    at_s: float | None
    """POSIX time."""
    camera: str
    """Whatever the front calls it, or ``."""
    line: ParsedLine


class FrontReader:
    """Takes the fronts off the lines of one log. `year` is what syslog leaves out, `harmless` masks and cleans."""

    def __init__(self, zone: tzinfo | None = None, year: int = 1970, harmless: Callable[[str], str] = str) -> None:
        self._zone = zone
        self._year = year
        self._harmless = harmless
        self._last_second = ("", 0.0)
        self._parse = lru_cache(maxsize=512)(parse_line)

    def take(self, text: str) -> Taken:
        """The line as ffmpeg wrote it, made harmless."""
        if text.startswith("{") and (decoded := self._json(text)):
            return decoded
        text = self._harmless(text)
        if (text.startswith("[") and not text.startswith("[2")) or not _MAY_HAVE_FRONT.match(text):
            return Taken(None, "", parse_line(text))
        if text.startswith("{") and (decoded := self._json(text)):
            return decoded  # what stood before the brace is gone by now
        return self._text(text)

    def _text(self, text: str) -> Taken:
        at_s: float | None = None
        camera = ""
        if "|" in text[:_SERVICE_CHARACTERS] and (found := _SERVICE.match(text)):
            camera, text = found[1], text[found.end() :]
        if found := _TIME.match(text):
            at_s, text = self._time(*found.groups()), text[found.end() :]
            if text.startswith("[") and not text.startswith("[2"):
                return Taken(at_s, camera, self._parse(text))
            if own := _OWN.match(text):
                return Taken(at_s, own[1], _own_line(own, text))
            if stream := _STREAM.match(text):
                text = text[stream.end() :]
            elif who := _SYSLOG_WHO.match(text):
                camera, text = camera or _unit(who[1]), text[who.end() :]
        elif found := _SYSLOG_TIME.match(text):
            at_s, text = self._syslog_time(found), text[found.end() :]
            if who := _SYSLOG_WHO.match(text):
                camera, text = camera or _unit(who[1]), text[who.end() :]
        if text.startswith("[2") and (found := _FRIGATE.match(text)):
            at_s, text = self._time(*found.groups()[:3]), text[found.end() :]
            logger = _FRIGATE_LOGGER.match(found[4])
            camera = logger[1] if logger else camera
        return Taken(at_s, camera, self._parse(text))

    def _json(self, text: str) -> Taken | None:
        """`vmstui logs --json`, and docker's files."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        if isinstance(found.get("log"), str):
            time = found.get("time")
            inner = self.take(found["log"].rstrip("\r\n"))
            at_s = self._any_time(time) if isinstance(time, str) else None
            return inner if inner.at_s is not None else Taken(at_s, inner.camera, inner.line)
        values = [found.get(name) for name in ("at", "camera", "level", "component", "text")]
        if not all(isinstance(value, str) for value in values):
            return None
        at, camera, level, component, said = map(str, values)
        line = ParsedLine(_level(level), self._harmless(component), self._harmless(said))
        return Taken(self._any_time(at), self._harmless(camera), line)

    def _time(self, second: str, fraction: str | None = None, offset: str | None = None) -> float | None:
        """Many lines are of the same second."""
        key = second + (offset or "")
        if key != self._last_second[0]:
            try:
                at = datetime.fromisoformat(key.replace("/", "-"))
                if at.tzinfo is None:
                    at = at.replace(tzinfo=self._zone) if self._zone else at.astimezone()
                self._last_second = key, at.timestamp()
            except (ValueError, OverflowError):
                return None
        return self._last_second[1] + (float("0." + fraction[1:]) if fraction else 0.0)

    def _any_time(self, text: str) -> float | None:
        found = _ISO.fullmatch(text)
        return self._time(*found.groups()) if found else None

    def _syslog_time(self, found: re.Match[str]) -> float | None:
        month, day, hour, minute, second = found.groups()
        return self._time(f"{self._year:04}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{hour}:{minute}:{second}")


def _own_line(found: re.Match[str], text: str) -> ParsedLine:
    component = found[3] or ""
    end = found.end()
    if component and not _OWN_COMPONENT.match(component):
        component, end = "", found.start(3)
    return ParsedLine(_level(found[2]), component, text[end:])


def _level(text: str) -> LogLevel:
    try:
        return LogLevel(text)
    except ValueError:
        return LogLevel.UNKNOWN


def _unit(name: str) -> str:
    """The unit or program that wrote to the journal; ffmpeg itself names no camera."""
    return "" if name.rpartition("/")[2].startswith("ffmpeg") else name


def local_year() -> int:
    """For logs that leave it out."""
    return datetime.now(UTC).astimezone().year
