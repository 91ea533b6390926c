"""The table of the configuration: every key with its type, default, meaning and what a change of it restarts.

Reading (`loader`), the JSON schema (`schema`), the reference in the documentation (`reference`) and differences
(`changes`) are all made from it. A key is added here, read in `loader`, given its place in `vmstui.configured` and a
row in `rows`; tests fail where one of them is forgotten.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, Literal, TypeAlias

from vmstui.configured import Encoder, RestartMode, VideoCodec
from vmstui.light_dataclass import dataclass
from vmstui.settings.addresses import CAMERA_ADDRESS, LISTEN, LIVE_SERVER
from vmstui.settings.values import (
    ABSOLUTE_PATH,
    BITRATE,
    BOOLEAN,
    CPU_BUDGET,
    FFMPEG,
    LOGIN,
    MAX_SIZE,
    MIN_FREE,
    NAME,
    RESOLUTION,
    TIMEZONE,
    Kind,
    T_co,
    choice,
    duration,
    number,
    slug,
)


class Effect(StrEnum):
    """What has to restart when a key changes in a running recorder."""

    NOTHING = "nothing restarts"
    WORKER = "the camera's worker restarts"
    ALL_WORKERS = "all workers restart"
    RELAY = "the relay restarts, recording goes on"
    RELAY_AND_WORKERS = "the relay and all workers restart"


class Transport(StrEnum):
    """How RTP comes from a camera."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """One key with a single value."""

    name: str
    kind: Kind[T_co]
    help: str
    effect: Effect
    default: str | None = None
    """As it would be written."""
    otherwise: str = ""
    """What leaving it out means where there is no default; empty for a required key."""
    is_list: bool = False
    """One value or a list of them, read by `SectionReader.values`."""

    @property
    def is_required(self) -> bool:
        """Whether the key has to be written."""
        return self.default is None and not self.otherwise


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One key with a password."""

    name: str
    help: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Section:
    """Keys that stand together, once, as a list of such, or as a mapping from name to such."""

    name: str
    help: str
    fields: tuple[Field, ...]
    shape: Literal["one", "list", "map"] = "one"

    def names(self) -> tuple[str, ...]:
        """The keys that may stand here."""
        return tuple(field.name for field in self.fields)


Field: TypeAlias = "Key[object] | SecretKey | Section"

RECORDINGS = Key(
    "recordings", ABSOLUTE_PATH, "Folder of the recordings; one folder per camera and day below it.", Effect.ALL_WORKERS
)
RECORDINGS_MOUNT = Key(
    "recordings_mount",
    ABSOLUTE_PATH,
    "Mount point that the recordings folder must be on. While it is not mounted nothing is recorded, so that a missing "
    "disk does not fill the system's own.",
    Effect.NOTHING,
    otherwise="any, as the folder is known by the mark in it",
)
TIMEZONE_KEY = Key(
    "timezone", TIMEZONE, "Time zone of the names of folders and files.", Effect.NOTHING, default="local"
)
FFMPEG_KEY = Key(
    "ffmpeg",
    FFMPEG,
    "Which ffmpeg runs: `embedded` is the one that comes with vmstui, `system` the one on PATH, `auto` the one of both "
    "that can do more on this machine.",
    Effect.ALL_WORKERS,
    default="auto",
)

SEGMENT_LENGTH = Key(
    "length",
    duration(5, 3600, "from 5s to 1h"),
    "Length of a recording file; files start at multiples of it.",
    Effect.ALL_WORKERS,
    default="3m",
)
SEGMENT = Section("segment", "How footage is cut into files.", (SEGMENT_LENGTH,))

_DAYS = number(0.1, 3650, "a number of days from 0.1 to 3650")
RETENTION_DAYS = Key(
    "days",
    _DAYS,
    "Age at which footage is deleted, but for what is locked.",
    Effect.NOTHING,
    otherwise="footage is kept while there is room",
)
RETENTION_MAX_SIZE = Key(
    "max_size",
    MAX_SIZE,
    "What all recordings together may take; beyond it the oldest goes, of whatever camera.",
    Effect.NOTHING,
    otherwise="as much as the disk has",
)
MIN_FREE_KEY = Key(
    "min_free",
    MIN_FREE,
    "Free space on the disk of the recordings below which the oldest footage is deleted, of whatever camera. It is at "
    "least 5% and the room for 2 h of what all cameras record, whatever stands here.",
    Effect.NOTHING,
    default="5%",
)
RETENTION = Section("retention", "How long footage stays.", (RETENTION_DAYS, RETENTION_MAX_SIZE, MIN_FREE_KEY))

CPU_BUDGET_KEY = Key(
    "cpu_budget",
    CPU_BUDGET,
    "CPU that recording may use in all: the dashboard shows the use against it, `vmstui capacity` what fits into it.",
    Effect.NOTHING,
    otherwise="85% of all cores",
)
READONLY = Key(
    "readonly",
    BOOLEAN,
    "Whether dashboards over this recorder only show, as with `--readonly`. Commands go on changing what they change.",
    Effect.NOTHING,
    default="false",
)
VIEWERS = Key(
    "viewers",
    LOGIN,
    "Group of this system whose members may look at this recorder, and change nothing: their dashboards only show, and "
    "the recorder refuses them everything else.",
    Effect.NOTHING,
    otherwise="its owner and root alone may look",
)
DASHBOARD = Section("dashboard", "Who may look at the recorder, and only look.", (READONLY, VIEWERS))

CAPACITY = Section("capacity", "What the machine can give.", (CPU_BUDGET_KEY,))

SERVER = Key(
    "server",
    LIVE_SERVER,
    "Where live streams are published: vmstui's own relay, or an RTSP server such as MediaMTX or go2rtc.",
    Effect.RELAY_AND_WORKERS,
    default="embedded",
)
LISTEN_KEY = Key(
    "listen",
    LISTEN,
    "Where the embedded relay listens. Beyond this machine only with `username` and `password`.",
    Effect.RELAY_AND_WORKERS,
    default="127.0.0.1:8554",
)
LIVE_USERNAME = Key(
    "username",
    LOGIN,
    "Login that viewers need; another server is asked with it whether the streams are there.",
    Effect.RELAY,
    otherwise="no login",
)
LIVE_PASSWORD = SecretKey("password", "Password that viewers need.", Effect.RELAY)
LIVE = Section("live", "Live streams.", (SERVER, LISTEN_KEY, LIVE_USERNAME, LIVE_PASSWORD))

CODEC = Key("codec", choice(VideoCodec), "`source` is what the camera sends.", Effect.WORKER, default="source")
ENCODER = Key(
    "encoder",
    choice(Encoder),
    "`auto` copies where the camera already delivers what is asked for and else takes the best encoder that works.",
    Effect.WORKER,
    default="auto",
)
SIZE = Key("size", RESOLUTION, "Size of the picture.", Effect.WORKER, otherwise="as the camera sends it")
BITRATE_KEY = Key("bitrate", BITRATE, "Target bitrate.", Effect.WORKER, otherwise="the encoder decides")
FPS = Key(
    "fps",
    number(1, 120, "pictures per second from 1 to 120"),
    "Pictures per second.",
    Effect.WORKER,
    otherwise="as the camera sends it",
)
OUTPUT_KEYS = (CODEC, ENCODER, SIZE, BITRATE_KEY, FPS)
RECORDING = Section("recording", "What is recorded.", OUTPUT_KEYS)
PROFILE_LIVE = Section("live", "What is published; a profile without it only records.", OUTPUT_KEYS)
PROFILE_NAME = slug("[A-Za-z0-9_-]{1,40}", "1 to 40 letters, digits, _ or -")
PROFILES = Section("profiles", "Named sets of output settings.", (RECORDING, PROFILE_LIVE), "map")

CAMERA_ID = Key(
    "id",
    slug("[a-z0-9_]{1,40}", "1 to 40 of the characters a-z, 0-9 and _"),
    "The camera's key in commands, unique.",
    Effect.WORKER,
)
CAMERA_NAME = Key(
    "name",
    NAME,
    "Name on the dashboard; also names the folder and files of the camera.",
    Effect.WORKER,
    otherwise="the id",
)
CAMERA_URL = Key("url", CAMERA_ADDRESS, "Where the camera's stream is, without login.", Effect.WORKER)
USERNAME = Key("username", LOGIN, "Login at the camera.", Effect.WORKER, otherwise="no login")
PASSWORD = SecretKey("password", "Password at the camera.", Effect.WORKER)
CAMERA_PROFILE = Key(
    "profile",
    PROFILE_NAME,
    "A name below `profiles`, or one of those that come with vmstui: `source` or `reencode`.",
    Effect.WORKER,
    default="source",
)
TRANSPORT = Key(
    "transport", choice(Transport), "How the stream travels; udp loses packets.", Effect.WORKER, default="tcp"
)
RESTART_KEY = Key(
    "restart",
    choice(RestartMode),
    "How a worker that records is replaced: `seamless` starts the new one beside it and loses nothing, where the "
    "camera serves two connections (which is tried, and remembered); `stop_first` ends it before.",
    Effect.NOTHING,
    default="seamless",
)
CAMERA_DAYS = Key(
    "days",
    _DAYS,
    "Age at which footage of this camera is deleted.",
    Effect.NOTHING,
    otherwise="as in `retention`",
)
CAMERA_MAX_SIZE = Key(
    "max_size",
    MAX_SIZE,
    "What the recordings of this camera may take; beyond it its oldest goes.",
    Effect.NOTHING,
    otherwise="no limit of its own",
)
CAMERA_RETENTION = Section(
    "retention", "How long footage of this camera stays, where that is not as for all.", (CAMERA_DAYS, CAMERA_MAX_SIZE)
)
ENABLED = Key("enabled", BOOLEAN, "Whether the camera is recorded.", Effect.WORKER, default="true")
CAMERAS = Section(
    "cameras",
    "The cameras to record.",
    (
        CAMERA_ID,
        CAMERA_NAME,
        CAMERA_URL,
        USERNAME,
        PASSWORD,
        CAMERA_PROFILE,
        TRANSPORT,
        RESTART_KEY,
        ENABLED,
        CAMERA_RETENTION,
    ),
    "list",
)

ROOT = Section(
    "",
    "",
    (
        RECORDINGS,
        RECORDINGS_MOUNT,
        TIMEZONE_KEY,
        FFMPEG_KEY,
        SEGMENT,
        RETENTION,
        CAPACITY,
        DASHBOARD,
        LIVE,
        PROFILES,
        CAMERAS,
    ),
)
