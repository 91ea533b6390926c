"""What all cameras of a service share, in one place that is handed to each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from vmstui.configured import Camera, Settings
from vmstui.ffmpeg.abilities import Abilities
from vmstui.ffmpeg.exits import ExitKind
from vmstui.footage import Segment
from vmstui.model import OutputState
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.oom import OomWatch
from vmstui.recorder.start_gate import StartGate
from vmstui.recorder.threads import Threads
from vmstui.recorder.triage_inbox import Inbox
from vmstui.recorder.turns import Turns
from vmstui.recorder.undisturbed import Undisturbed
from vmstui.recording.clock import WallClock
from vmstui.recording.guard import Guard
from vmstui.triage.knowledge import Match
from vmstui.triage.masking import Masker


class LiveServers(Protocol):
    """Where cameras publish, and what became of it; the embedded relay or a server of somebody else."""

    def publish_url(self, camera: str) -> str:
        """Address to publish to, without credentials, whether anybody listens there now or not."""

    def play_url(self, camera: str) -> str:
        """Address to play from, without credentials."""

    def health(self, camera: str) -> tuple[OutputState, str, int | None]:
        """State of a camera's stream, why it is not up, and how many play it (None: not told)."""


@dataclass(slots=True)
class Context:
    """Shared by all cameras; `settings`, `masker`, `abilities`, `zone` and `clock` are replaced when they change."""

    settings: Settings
    state_folder: Path
    installation: str
    """Identifies this state folder in the markers of its workers."""
    masker: Masker
    logbook: LogBook
    live: LiveServers
    publishing: Executor
    """Few threads that check and publish segments, so that a slow disk never holds up the loop."""
    zone: tzinfo | None
    clock: WallClock
    """What is known of the wall clock since the boot."""
    published: Callable[[Segment], None] = lambda segment: None
    """Told of each segment that was published or set aside; never waits."""
    triage: Inbox = field(default_factory=Inbox)
    """Where lines of workers go to become findings."""
    ended: Callable[[Camera, ExitKind, str], None] = lambda camera, kind, text: None
    """Told of each worker that ended, and each start that came to nothing, though nobody wanted that, and of why."""
    session_refused: Callable[[str], str] = lambda text: ""
    """Told of each worker that the GPU's encoder refused a session; gives what is known of its limit then."""
    match: Callable[[str], Match | None] | None = None
    """What the table of messages knows of a text; None while triage has not loaded it."""
    oom: OomWatch = field(default_factory=OomWatch)
    abilities: Abilities | None = None
    gate: StartGate = field(default_factory=StartGate)
    """Every start passes it."""
    handovers: Turns = field(default_factory=Turns)
    """Every hand-over has its turn."""
    surveyed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a service that has just come knows whether there is what workers need."""
    ffmpeg_found: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once `abilities` are known, for good."""
    folder_is_ours: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the recordings folder is there and known to be the right one; nothing in it is touched otherwise."""
    storage_due: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the recordings folder is to be looked at now: a worker or a start of one failed because of it."""
    spools_due: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when spools are to be looked at: after a tick, and when a worker was started or adopted, whose first
    footage is waited for."""

    starts: Threads = field(default_factory=lambda: Threads(4, "start"))
    """Prepare workers, which writes to the recordings disk."""
    leftovers: Threads = field(default_factory=lambda: Threads(2, "leftovers"))
    """Look for what ended workers left, also on a recordings disk of an earlier configuration: not those of `starts`,
    which need not wait for that one."""

    read_before: dict[tuple[str, int], int] = field(default_factory=dict)
    """After an upgrade: up to where the version before us had read the log of a camera's generation."""
    undisturbed: Undisturbed = field(default_factory=Undisturbed)
    """For what an upgrade should not cut in half."""

    @property
    def guard(self) -> Guard:
        """Tells the recordings folder from whatever else its path may lead to."""
        return Guard(self.state_folder, self.installation)

    def camera_folder(self, camera: str) -> Path:
        """State, logs and notes of one camera."""
        return self.state_folder / "cameras" / camera
