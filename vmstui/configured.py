"""The words of the configuration as frozen data, resolved: what the recorder, the projection and the dashboard go by.

Beside `model`, whose rules hold here too; `settings` makes them of a file.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from vmstui.light_dataclass import dataclass


class VideoCodec(StrEnum):
    """What an output asks for; `SOURCE` is whatever the camera sends."""

    SOURCE = "source"
    H264 = "h264"
    H265 = "h265"


class Encoder(StrEnum):
    """How an output is made. `AUTO` copies where the camera already delivers what is asked for, else the best
    encoder that was seen working on this machine."""

    AUTO = "auto"
    COPY = "copy"
    NVENC = "nvenc"
    QSV = "qsv"
    VAAPI = "vaapi"
    SOFTWARE = "software"


class RestartMode(StrEnum):
    """How a worker that records is replaced."""

    SEAMLESS = "seamless"
    """The new one starts beside it and takes over, where the camera serves two connections."""
    STOP_FIRST = "stop_first"
    """It is ended first."""


class OutputKind(StrEnum):
    """The two products of a worker."""

    RECORDING = "recording"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Secret:
    """A password. Its text never shows in `repr`, logs or the API; read `value` only where it is handed to a peer."""

    value: str = field(repr=False)
    origin: str = "inline"
    """Where it came from, fit to be shown: `env:NAME`, `file:/path` or `inline`."""


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """What one output of a profile asks for. None means: as the camera sends it (or the encoder's default)."""

    codec: VideoCodec = VideoCodec.SOURCE
    encoder: Encoder = Encoder.AUTO
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    bitrate_bps: int | None = None
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Named set of output settings. `live` is None for a profile that only records."""

    name: str
    recording: OutputSettings
    live: OutputSettings | None


@dataclass(frozen=True, slots=True)
class Camera:
    """One configured source."""

    id: str
    """Slug, `[a-z0-9_]+`; the key everywhere."""
    name: str
    """Display name; also the folder below `recordings`. May hold any text: sanitise before showing."""
    url: str
    """`rtsp://` or `rtsps://` address without credentials."""
    profile: Profile
    username: str | None = None
    password: Secret | None = None
    transport: str = "tcp"
    """RTSP transport: `tcp` or `udp`."""
    enabled: bool = True
    restart: RestartMode = RestartMode.SEAMLESS
    retention_days: float | None = None
    """Age at which its footage is deleted; None: as for all."""
    retention_max_bytes: int | None = None
    """What its recordings may take; None: no limit of its own."""


@dataclass(frozen=True, slots=True)
class LiveServer:
    """Where live streams are published. `url` is None for the embedded relay, which then listens on host and port."""

    url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8554
    username: str | None = None
    """Needed to play from it, which we do to see whether a stream is there; of the embedded relay required as soon as
    `host` is not a loopback address."""
    password: Secret | None = None


CORE_BUDGET_PERCENT = 85.0
"""CPU of each core that recording may use where nothing is configured. The rest is for what comes in bursts (the
keyframes of many cameras at once, a restart beside a running worker, a person who looks) and for the system."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, resolved: profiles looked up, secrets read, defaults filled in, paths absolute."""

    path: str
    """File it was read from."""
    recordings: str
    cameras: tuple[Camera, ...]
    recordings_mount: str | None = None
    """Mount point the recordings folder must be on; None: any, as the folder is known by its mark."""
    segment_length_s: int = 180
    timezone: str = "local"
    """IANA name for file names and folders, or `local` for the machine's own."""
    retention_days: float | None = None
    """Age at which footage is deleted; None keeps it while there is room."""
    retention_max_bytes: int | None = None
    """What all recordings together may take."""
    min_free_bytes: int | None = None
    min_free_percent: float | None = 5.0
    """Free space to keep on the disk of the recordings; exactly one of the two is not None."""
    cpu_budget_percent: float | None = None
    """CPU that recording may use in all, 100 = one core; None: `CORE_BUDGET_PERCENT` of each core."""
    readonly: bool = False
    """Dashboards over this recorder only show."""
    viewers: str | None = None
    """Group whose members may look, and change nothing; None: only the owner and root may do anything at all."""
    live: LiveServer = LiveServer()
    ffmpeg: str = "auto"
    """`auto`, `embedded`, `system` or an absolute path."""
