"""The table of what may stand in a file of messages; the loader and the schema for editors are made from it."""

from __future__ import annotations

import re

from vmstui.findings import Origin, Severity
from vmstui.settings.keys import Effect, Key, Section
from vmstui.settings.problems import shown
from vmstui.settings.values import BOOLEAN, Json, Kind, Refused, choice, duration, slug

MAX_TEXT_CHARACTERS = 1000
MAX_COUNT = 10**9


def _pattern(text: str) -> str:
    if not text or len(text) > MAX_TEXT_CHARACTERS:
        raise Refused(f"a pattern of {len(text)} characters")
    if re.search(r"\(\?[aiLmsux-]", text):
        raise Refused(f"{shown(text)} with flags")
    try:
        compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise Refused(f"{shown(text)}: {error}") from None
    if compiled.search(""):
        raise Refused(f"{shown(text)}, which matches every line")
    return text


def _text(text: str) -> str:
    if not text.strip() or len(text) > MAX_TEXT_CHARACTERS:
        raise Refused(f"{len(text)} characters")
    return " ".join(text.split())


def _line(text: str) -> str:
    if not text.strip() or len(text) > MAX_TEXT_CHARACTERS:
        raise Refused(f"{len(text)} characters")
    return text


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) > MAX_COUNT:
        raise Refused(shown(text))
    return int(text)


def _versions(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,2}(?:\+|-[0-9]{1,2})?", text):
        raise Refused(shown(text))
    return text


PATTERN: Kind[str] = Kind(
    "a regular expression of Python without flags, tried against the text of a line behind its brackets",
    _pattern,
    {"type": "string", "minLength": 1, "maxLength": MAX_TEXT_CHARACTERS},
)
_TEXT_SCHEMA: dict[str, Json] = {"type": ["string", "number"], "maxLength": MAX_TEXT_CHARACTERS}
TEXT: Kind[str] = Kind(f"a text of at most {MAX_TEXT_CHARACTERS} characters", _text, _TEXT_SCHEMA)
LINE: Kind[str] = Kind(f"a line of at most {MAX_TEXT_CHARACTERS} characters", _line, _TEXT_SCHEMA)
COUNT: Kind[int] = Kind("a whole number from 0", _count, {"type": "integer", "minimum": 0, "maximum": MAX_COUNT})
VERSIONS: Kind[str] = Kind(
    "versions of ffmpeg such as 5+, 7-9 or 5",
    _versions,
    {"type": ["string", "integer"], "pattern": r"^[0-9]{1,2}(\+|-[0-9]{1,2})?$"},
)

# A file of messages takes effect when it is read; nothing restarts for it.
_NOTHING = Effect.NOTHING
ID = Key("id", slug("[a-z0-9_]{1,60}", "1 to 60 of the characters a-z, 0-9 and _"), "Unique name.", _NOTHING)
PATTERN_KEY = Key(
    "pattern",
    PATTERN,
    "Found anywhere in the text of a line, at its ends with whole words. Named groups hold numbers.",
    _NOTHING,
    otherwise="as in the table that comes with vmstui",
)
FFMPEG_KEY = Key("ffmpeg", VERSIONS, "Versions of ffmpeg that have the text.", _NOTHING, otherwise="unknown")
SEVERITY = Key(
    "severity",
    choice(Severity),
    "How bad it is for the footage, unless a rule of `when` says otherwise.",
    _NOTHING,
    otherwise="as in the table that comes with vmstui",
)
OUTPUT = Key(
    "output",
    choice(Origin),
    "What it is about where the line does not tell.",
    _NOTHING,
    otherwise="ffmpeg as a whole",
)
SETTLES = Key(
    "settles",
    BOOLEAN,
    "Noise of a start: one step less severe for 15 s, and forgotten when a good segment was closed.",
    _NOTHING,
    otherwise="false",
)
FOLLOWS = Key("follows", BOOLEAN, "It only says that something before it went wrong.", _NOTHING, otherwise="false")
REPEATS = Key(
    "repeats",
    slug("[a-z0-9_]{1,60}", "ids of messages"),
    "It says again what one of these messages said just before; without one it stands for itself.",
    _NOTHING,
    otherwise="none",
    is_list=True,
)
CONTINUES = Key("continues", BOOLEAN, "It belongs to the line before it.", _NOTHING, otherwise="false")
CONNECTION = Key(
    "connection",
    BOOLEAN,
    "It is about reaching the other side, and over once the stream flows steadily again.",
    _NOTHING,
    otherwise="false",
)
SUM = Key(
    "sum",
    slug("[a-z_]{1,20}", "the name of a group of the pattern"),
    "Group of the pattern whose numbers are added up, and by which `over` goes.",
    _NOTHING,
    otherwise="lines are counted",
)
CAUSE = Key("cause", TEXT, "What it means.", _NOTHING, otherwise="as in the table that comes with vmstui")
ACTION = Key("action", TEXT, "What to do.", _NOTHING, otherwise="as in the table that comes with vmstui")
SOURCE = Key("source", TEXT, "Where in ffmpeg the text comes from.", _NOTHING, otherwise="unknown")
SAMPLES = Key(
    "samples", LINE, "Real lines; the pattern is checked against each.", _NOTHING, otherwise="none", is_list=True
)

RULE_SEVERITY = Key("severity", choice(Severity), "What it is then.", _NOTHING)
OVER = Key("over", COUNT, "It came more often than this within `within`.", _NOTHING, otherwise="any number")
WITHIN = Key("within", duration(1, 3600, "from 1s to 1h"), "Window of `over`.", _NOTHING, default="1m")
LASTS = Key(
    "lasts",
    duration(1, 86400, "from 1s to 24h"),
    "It goes on for longer than this without a pause of five minutes.",
    _NOTHING,
    otherwise="any time",
)
NUMBER = Key("number", COUNT, "The first number of the pattern is this or more.", _NOTHING, otherwise="any")
STARTS = Key("starts", COUNT, "It came in so many starts of ffmpeg in a row.", _NOTHING, otherwise="any")
NO_FRAME = Key(
    "no_frame_within",
    duration(1, 3600, "from 1s to 1h"),
    "No picture came within this time after the start.",
    _NOTHING,
    otherwise="with or without",
)
STOPPING = Key("stopping", BOOLEAN, "ffmpeg was told to end, or was not.", _NOTHING, otherwise="either")
RULE_OUTPUT = Key("output", choice(Origin), "What the line is about.", _NOTHING, otherwise="anything")
WHEN = Section(
    "when",
    "When it is of another severity; the first rule whose conditions all hold decides.",
    (RULE_SEVERITY, OVER, WITHIN, LASTS, NUMBER, STARTS, NO_FRAME, STOPPING, RULE_OUTPUT),
    "list",
)
MESSAGES = Section(
    "messages",
    "Messages of ffmpeg.",
    (
        ID, PATTERN_KEY, FFMPEG_KEY, SEVERITY, WHEN, SETTLES, FOLLOWS, REPEATS, CONTINUES, CONNECTION, SUM, OUTPUT,
        CAUSE, ACTION, SOURCE, SAMPLES,
    ),
    "list",
)  # fmt: skip
ROOT = Section("", "", (MESSAGES,))
