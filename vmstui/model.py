"""The words of vmstui as frozen data: what the recorder, the socket and the dashboard exchange about what runs.

No input or output happens here and nothing of ours is imported but the words of `configured`, `findings`, `footage` and
`measured`, so every part may import this file.

Units are in the names: `_s` seconds, `_bytes` bytes, `_bps` bits per second, `_percent` percent where 100 is one
CPU core. `datetime` values are timezone-aware UTC. Everything that crosses the control socket is built from str, int,
float, bool, None, datetime, StrEnum, tuple and frozen dataclasses, which is what `control.protocol` can carry.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from vmstui.configured import OutputKind
from vmstui.findings import Incident, Severity
from vmstui.footage import GapCause, Segment
from vmstui.light_dataclass import dataclass
from vmstui.measured import MachineNow, SessionLimit

# --------------------------------------------------------------------------------------------------------------------
# What runs
# --------------------------------------------------------------------------------------------------------------------


class CameraState(StrEnum):
    """State of a camera's worker; the transitions are the table in `recorder/machine.py`."""

    STOPPED = "stopped"
    """Not wanted: stopped by a person or disabled in the configuration."""
    HELD = "held"
    """Wanted, but something all cameras share is missing (recordings folder, ffmpeg); goes on by itself when cured."""
    STARTING = "starting"
    """The worker runs, no footage on disk yet."""
    RECORDING = "recording"
    STALLED = "stalled"
    """The watchdog found that nothing is recorded any more; the worker is being ended."""
    STOPPING = "stopping"
    """The stop ladder runs, on demand."""
    BACKOFF = "backoff"
    """Waiting for the next start; see `next_start_at`."""
    FAILING = "failing"
    """The same, and no run has been healthy for ten minutes or more; see `failing_since`."""
    AUTH_FAILED = "auth_failed"
    """The camera refused the credentials; retried every 10 minutes, so that it does not lock the account."""
    CONFIG_ERROR = "config_error"
    """ffmpeg refused its options; retried every 10 minutes, on a key, or on a change of the configuration."""
    UNKILLABLE = "unkillable"
    """The worker did not end after SIGKILL; no second one is started beside it."""


class OutputState(StrEnum):
    """Health of one output, judged by its product."""

    UP = "up"
    DOWN = "down"
    OFF = "off"
    """Not part of the profile, or given up by the fallback ladder (the reason says so)."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OutputHealth:
    """One output of one camera, now."""

    kind: OutputKind
    state: OutputState
    codec: str = ""
    """`h264`, `h265`, or `` while unknown."""
    encoder: str = ""
    """`copy` or ffmpeg's encoder name, such as `hevc_nvenc` or `libx264`."""
    address: str = ""
    """Live: the URL to play it from, without credentials. Recording: the folder of its segments."""
    reason: str = ""
    """Why it is not up, or what limits it; empty when all is well."""
    readers: int | None = None
    """Live: clients that play it now, where the server tells."""
    seen: str = ""
    """Live: what it is, as a client saw it last."""
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a process at one instant. Rates are over the interval since the reading before."""

    at: datetime
    cpu_percent: float
    rss_bytes: int
    threads: int
    read_bytes_per_s: float
    write_bytes_per_s: float


class StabilityVerdict(StrEnum):
    """How steady a run of CPU samples is."""

    VERY_STABLE = "very stable"
    STABLE = "stable"
    VARYING = "varying"
    TOO_FEW = "too few samples"


@dataclass(frozen=True, slots=True)
class Stability:
    """Six CPU samples over 30 s, as a person would take them with top."""

    samples: tuple[float, ...]
    minimum: float
    maximum: float
    mean: float
    verdict: StabilityVerdict


@dataclass(frozen=True, slots=True)
class Progress:
    """What ffmpeg last reported through `-progress` (fftools/ffmpeg.c, print_report).

    As it reports them, fps and speed are averages since its start; the recorder replaces them by those of the last
    30 s once it has seen enough.
    """

    frame: int
    fps: float
    speed: float
    """1.0 keeps up with the camera."""
    out_time_s: float
    dup_frames: int
    drop_frames: int


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """The recording file that is being written."""

    name: str
    started_at: datetime
    size_bytes: int
    grew_at: datetime
    """When its size last changed."""


@dataclass(frozen=True, slots=True)
class Changeover:
    """What lies between the footage of two generations of a camera, measured."""

    before: int
    """Generation of the old worker."""
    after: int
    """Generation of the new one."""
    gap_s: float
    """From the last frame of the old worker to the first of the new one; negative where they overlap."""
    frames_lost: int
    """At the rate the camera sent; 0 where they overlap."""
    seamless: bool
    """The new worker started beside the old one."""
    at: datetime

    def __str__(self) -> str:
        if self.gap_s <= 0:
            return f"no frame lost: generation {self.after} overlaps {self.before} by {abs(self.gap_s):.1f} s"
        frames = f", about {self.frames_lost} frames," if self.frames_lost else ""
        return f"{self.gap_s:.1f} s{frames} not recorded between generations {self.before} and {self.after}"


class EventKind(StrEnum):
    """What a line of a camera's history is about."""

    START = "start"
    NO_START = "no start"
    """A start came to nothing before there was a worker."""
    EXIT = "exit"
    """A worker ended by itself, or was ended by the watchdog or by somebody else."""
    STOP = "stop"
    """A worker ended as it was told to, on demand."""
    WATCHDOG = "watchdog"
    FALLBACK = "fallback"
    COMMAND = "command"
    HOLD = "hold"
    ADOPT = "adopt"
    SEGMENT = "segment"
    CHANGEOVER = "changeover"
    ALARM = "alarm"
    """A camera is failing."""
    HEALTHY = "healthy"
    """A camera that was failing is healthy again."""
    RETENTION = "retention"
    """Footage was deleted to make room or because of its age, or could not be."""
    OFFLINE = "offline"
    """A camera that should record does not any more; one line, however often it is tried."""
    BACK = "back"
    """It records again, with what was not recorded meanwhile."""
    INCIDENT = "incident"
    """A cause that several cameras have in common reached it, or is over."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a camera's history. Automatic actions carry rule, measured value, threshold and outcome."""

    at: datetime
    camera: str
    kind: EventKind
    text: str
    rule: str = ""
    measured: str = ""
    threshold: str = ""
    outcome: str = ""
    cause: GapCause | None = None
    """Why nothing is recorded from here on, where that is so."""

    @property
    def evidence(self) -> tuple[tuple[str, str], ...]:
        """What there is beside the text, by name."""
        rule = self.rule if self.rule != self.text else ""
        named = (("rule", rule), ("measured", self.measured), ("limit", self.threshold), ("outcome", self.outcome))
        return tuple((name, value) for name, value in named if value)


# --------------------------------------------------------------------------------------------------------------------
# What the control socket carries
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CameraSnapshot:
    """One camera at one tick: what a row of the fleet table shows."""

    id: str
    name: str
    state: CameraState
    reason: str
    """Why it is in this state, one line; empty when all is well."""
    since: datetime
    """When it entered this state."""
    wanted: bool
    profile: str
    outputs: tuple[OutputHealth, ...]
    generation: int = 0
    pid: int | None = None
    started_at: datetime | None = None
    """When the present worker started."""
    restarts: int = 0
    """Starts after the first one, since this service or an earlier one first started the camera."""
    next_start_at: datetime | None = None
    failing_since: datetime | None = None
    """The alarm: its first failure, ten minutes ago or more, after which no run has been healthy (60 s and two good
    segments). None while there is no alarm. Whatever the state: one that records again is on trial until it is healthy.
    """
    fallback: str = ""
    """Rung of the fallback ladder and why it was taken; empty on the first rung."""
    sample: Sample | None = None
    """The last reading of the worker, its rates averaged over 5 s."""
    progress: Progress | None = None
    open_segment: OpenSegment | None = None
    grew_at: datetime | None = None
    """When the file that is being written, or was written last, last grew; None: none since the service came up."""
    last_segment: Segment | None = None
    segments_closed: int = 0
    """Segments published since the service started."""
    warnings_per_min: int = 0
    """Log lines of level warning or worse in the last minute."""
    severity: Severity | None = None
    """The worst of its active findings that nobody acknowledged; None: none, or an error that nobody knows and nothing
    worse than benign."""
    finding: str = ""
    """What that one means, one line; without `severity` the line of the error that nobody knows."""
    offline_since: datetime | None = None
    """It should record and does not, since then; told only once that is no matter of a moment."""
    incident: str = ""
    """Id of the incident that it does not record for."""
    seamless: bool = False
    """A restart now would start the new worker beside the old one and lose nothing."""
    beside_pid: int | None = None
    """A second worker for the time of a hand-over: the new one that comes up, or the old one that ends."""
    changeover: Changeover | None = None
    """Between the present generation and the one before it, once measured."""
    event_at: datetime | None = None
    """Of the newest line of its history."""

    def output(self, kind: OutputKind) -> OutputHealth | None:
        """The health of one output, None if the profile has no such output."""
        return next((output for output in self.outputs if output.kind is kind), None)


@dataclass(frozen=True, slots=True)
class StorageSnapshot:
    """The recordings folder, now."""

    path: str
    usable: bool
    reason: str
    """Why it is not usable, or a warning when it is (low space); empty when all is well."""
    free_bytes: int
    total_bytes: int
    mount_point: str


@dataclass(frozen=True, slots=True)
class ProcessSnapshot:
    """A process of ours that is not a worker: the service, the relay."""

    pid: int | None
    state: str
    """`running`, `starting`, `down`, `external`."""
    reason: str = ""
    sample: Sample | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class FfmpegInfo:
    """The ffmpeg in use and what it was seen to do on this machine."""

    path: str
    version: str
    origin: str
    """`configured`, `system` or `embedded`."""
    encoders: tuple[str, ...]
    """Encoder names that really encoded."""


@dataclass(frozen=True, slots=True)
class RecorderSnapshot:
    """Everything the fleet screen and `status` show, at one tick."""

    at: datetime
    host: str
    version: str
    config_path: str
    timezone: str
    service: ProcessSnapshot
    relay: ProcessSnapshot
    storage: StorageSnapshot
    ffmpeg: FfmpegInfo | None
    ffmpeg_reason: str
    """Why there is no usable ffmpeg; empty when there is one."""
    cameras: tuple[CameraSnapshot, ...]
    started_at: datetime
    cpu_percent: float
    """All workers, the relay and the service together, over the last 5 s."""
    cpu_budget_percent: float
    cpu_count: int
    rss_bytes: int
    """All workers, the relay and the service together."""
    total: Sample | None = None
    """The last reading of all of them together."""
    stability: Stability | None = None
    """Six readings of their CPU over 30 s."""
    ffmpeg_pending: bool = False
    """It is still being looked for."""
    warnings: tuple[str, ...] = ()
    """What was found at the start that endangers recordings, a sentence each."""
    machine: MachineNow | None = None
    """Read every five seconds; None in the first of them."""
    session_limit: SessionLimit | None = None
    """Of the GPU's encoder; None while it never refused a session."""
    incidents: tuple[Incident, ...] = ()
    """Those that go on, the worst first."""


@dataclass(frozen=True, slots=True)
class CameraDetails:
    """What the details of one camera show beyond its row."""

    id: str
    source: str
    """Address of the camera, credentials masked."""
    source_codec: str
    command: tuple[str, ...]
    """The exact argv of the present or last worker, credentials masked."""
    stability: Stability
    samples: tuple[Sample, ...]
    """The last samples, oldest first, at most 60."""
    events: tuple[Event, ...]
    """Newest last, at most 50."""
    log_path: str
    spool_path: str


class Touch(StrEnum):
    """What a new configuration does to a camera, or to the relay."""

    UNTOUCHED = "untouched"
    """Its process, if it has one, stays the same."""
    STARTS = "starts"
    RESTARTS = "restarts"
    ENDS = "ends"
    """It is not wanted, or not configured, any more."""


class RestartCost(StrEnum):
    """What taking over a new configuration costs a camera."""

    SEAMLESS = "seamless"
    """Nothing: the new worker starts beside the old one."""
    STOP_FIRST = "stop first"
    """One to three seconds."""
    NOT_RECORDING = "not recording"
    """Nothing: it does not record now."""
    LATER = "later"
    """Nothing may start now; what runs goes on as it is until new ones may."""


@dataclass(frozen=True, slots=True)
class CameraTouch:
    """What a new configuration does to one camera."""

    id: str
    touch: Touch
    why: tuple[str, ...] = ()
    """Keys that changed, as in `CameraChange`, or from the top of the file; none where the camera is new or gone, or
    where its worker runs on a configuration that is older than the one before."""
    cost: RestartCost | None = None
    """Of a restart; of a start only where it has to wait."""


@dataclass(frozen=True, slots=True)
class ReloadEffects:
    """What a new configuration does, or would do, to everything that runs."""

    cameras: tuple[CameraTouch, ...]
    """All of them: those that are configured then, in that order, and then those that are not any more."""
    relay: Touch = Touch.UNTOUCHED
    notes: tuple[str, ...] = ()
    """What else a person has to know, a sentence each."""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a recorder that was told to stop could not bring to an end."""

    stuck: tuple[str, ...]
    """Cameras whose worker did not end after SIGKILL."""
    unsettled: int
    """Spool folders that still hold segments; nothing is lost, the next start publishes them."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to tell whoever stopped it; empty when all is done."""
        told: list[str] = []
        if self.unsettled:
            cameras = "1 camera" if self.unsettled == 1 else f"{self.unsettled} cameras"
            told.append(f"segments of {cameras} stay in the spool: the next start checks and publishes them")
        if self.stuck:
            told.append(f"these workers could not be killed: {', '.join(self.stuck)}")
        return tuple(told)
