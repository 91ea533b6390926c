"""The embedded relay as a supervised process, and the health of what is published to it.

A process of its own, so that whatever a viewer does to it cannot touch a recording. Judged by its answers: once a
second it is asked for its counters; a relay that runs and does not answer is replaced, on the same port, and the
workers' fifo muxers find it again by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack

from vmstui.codec import CodecError, from_json, to_json
from vmstui.configured import LiveServer
from vmstui.light_dataclass import dataclass
from vmstui.live.client import ProbeError, StatsClient
from vmstui.live.stats import RelayStats
from vmstui.logged import LogLevel
from vmstui.model import CameraState as State
from vmstui.model import EventKind, OutputState, ProcessSnapshot, Sample, Touch
from vmstui.own_process import own_argv, own_environment
from vmstui.recorder import machine_events as ev
from vmstui.recorder.history import Evidence
from vmstui.recorder.policy import HEALTHY_SEGMENTS, RELAY_POLICY, Retry
from vmstui.recorder.process import Exit, Identity, LockHeld, Process, adopt, find_marked, spawn, take_lock
from vmstui.recorder.record import write_atomically
from vmstui.recorder.supervised import StartFailed, Supervised, jitter
from vmstui.recorder.worker_log import WorkerLog
from vmstui.telemetry.procfs import ProcessGone, ProcReader

NAME = "relay"
"""In markers and logs, beside the cameras; not a valid camera id there, as markers of cameras carry a generation."""
ANSWER_TIMEOUT_S = 0.8
"""Below the tick, so that each question is answered or not before the next."""
FROZEN_LIMIT, STARVED_LIMIT = 2, 15
"""So many unanswered questions in a row mean that it is frozen; many more while it wants to run and gets no CPU."""
START_GRACE_S = 15.0
PACKETS_STALE_S = 5.0
LOG_BOUND_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _RelayRecord:
    identity: Identity | None
    generation: int
    config: str
    """Address and digest of the login it was started with."""
    port: int = 0
    """The one it listens on; with a configured port of 0, a free one that is kept from then on."""


class RelayWorker(Supervised):
    """The relay of this recorder. `note` goes to the service's own log."""

    def __init__(
        self,
        server: LiveServer,
        folder: Path,
        installation: str,
        on_line: Callable[[LogLevel, str], None],
        secret_variables: tuple[str, ...] = (),
    ) -> None:
        super().__init__(RELAY_POLICY)
        self.server = server
        self.sample: Sample | None = None
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._installation = installation
        self._on_line = on_line
        self._secret_variables = secret_variables
        self._record = _load(folder)
        self._record = replace(self._record, port=self._wanted_port())
        self._stats: RelayStats | None = None
        self._stats_at_s = 0.0
        self._unanswered = 0
        self._client: StatsClient | None = None
        self._asking: asyncio.Task[None] | None = None
        self._reader: ProcReader | None = None
        self._log = WorkerLog(folder / "relay.log", lambda raw: raw, _size(folder / "relay.log"))

    # -- LiveServers -------------------------------------------------------------------------------------------------

    def publish_url(self, camera: str) -> str:
        """Always loopback: only workers of this machine and user may publish."""
        return _publish_url(self.server, self._record.port, camera)

    def play_url(self, camera: str) -> str:
        return f"rtsp://{_bracketed(self.server.host)}:{self._record.port}/{camera}"

    def health(self, camera: str) -> tuple[OutputState, str, int | None]:
        if self._stats is None or asyncio.get_running_loop().time() - self._stats_at_s > PACKETS_STALE_S:
            return OutputState.DOWN, f"the live relay does not answer ({self.machine.state.value})", None
        path = self._stats.paths.get(camera)
        if path is None or not path.publisher:
            return OutputState.DOWN, "not published yet", None
        if path.last_packet_age_s is None:
            return OutputState.DOWN, "published, but no packet yet", path.readers
        if path.last_packet_age_s > PACKETS_STALE_S:
            return OutputState.DOWN, f"no packet for {path.last_packet_age_s:.0f} s", path.readers
        return OutputState.UP, "", path.readers

    # -- life --------------------------------------------------------------------------------------------------------

    def take_over(self, *, wanted: bool = True) -> None:
        """Adopt the relay an earlier service left, or start one; end it if it is not wanted any more."""
        found = adopt(self._record.identity) if self._record.identity is not None else None
        if found is None:
            found = find_marked(self._marker())
            if found is not None:  # its note is lost: where workers publish to stands on its command line
                self._record = replace(self._record, identity=found.identity, port=_port_of(found.pid))
        if found is not None:
            self.adopt(found, 0, 0, 0.0)
        if not wanted:
            self.dispatch(ev.Stop())
        elif found is None:
            self.dispatch(ev.Start())
        elif self._record.config and self._record.config != _config(self.server):
            self.dispatch(ev.Restart("configuration changed"))

    def consequence(self, server: LiveServer) -> tuple[Touch, Callable[[str], str]]:
        """What `configure` would do, and where workers would publish to then. Changes nothing."""
        port = server.port or self._record.port
        touch = Touch.UNTOUCHED if self._record.config == _config(server) else Touch.RESTARTS
        return touch, lambda camera: _publish_url(server, port, camera)

    def configure(self, server: LiveServer) -> None:
        """Take over another address or login."""
        touch, _ = self.consequence(server)
        self.server = server
        if touch is Touch.RESTARTS:
            self._record = replace(self._record, port=self._wanted_port())
            self.dispatch(ev.Restart("configuration changed"))

    async def retired(self) -> None:
        """Wait until the relay has ended, then let go of its files."""
        await self.settled.wait()
        self.close()

    def tick(self, now_s: float) -> None:
        """Ask it how it is; sample it; read its log."""
        self._read_log()
        if self.process is None:
            return
        if self._reader is not None:
            with contextlib.suppress(ProcessGone):
                self.sample = self._reader.sample(now_s, datetime.now(UTC))
        if self._client is not None and (self._asking is None or self._asking.done()):
            self._asking = asyncio.get_running_loop().create_task(self._ask(self._client))

    async def _ask(self, client: StatsClient) -> None:
        try:
            stats = await client.ask(ANSWER_TIMEOUT_S)
        except ProbeError as error:
            self._unanswered += 1
            self._judge(str(error))
            return
        self._unanswered = 0
        self._stats, self._stats_at_s = stats, asyncio.get_running_loop().time()
        if self.machine.state is State.STARTING:
            self.dispatch(ev.Footage())
        self.saw_health(HEALTHY_SEGMENTS)

    def _judge(self, error: str) -> None:
        """Replace a relay that is frozen, not one that only lacks CPU: the machine may be busy with recordings."""
        if self.machine.state is State.STARTING and self.uptime_s() < START_GRACE_S:
            return
        starved = self._reader is not None and self._reader.runnable()
        if self._unanswered < (STARVED_LIMIT if starved else FROZEN_LIMIT):
            return
        text = f"the relay did not answer {self._unanswered} times ({error})"
        self._unanswered = 0
        self.note(EventKind.WATCHDOG, text)
        self.dispatch(ev.Stalled(text))

    async def launch(self) -> Process:
        argv = own_argv("vmstui.live.relay", "--host", self.server.host, "--port", str(self._record.port))
        try:
            if self.server.password is not None:
                secret = {"username": self.server.username or "", "password": self.server.password.value}
                write_atomically(self._folder / "credentials.json", json.dumps(secret).encode(), durable=False)
                argv += ["--credentials-file", str(self._folder / "credentials.json")]
            log = self._folder / "relay.log"
            if _size(log) > LOG_BOUND_BYTES:
                os.replace(log, log.with_suffix(".1.log"))
            self._log.close()
            self._log = WorkerLog(log, lambda raw: raw, _size(log))
            generation = self._record.generation + 1
            lock_fd = take_lock(self._folder / "lock")
            process = spawn(
                argv,
                marker=f"{self._marker()}{generation}",
                environment=own_environment(without=self._secret_variables),
                stdout=log,
                stderr=log,
                lock_fd=lock_fd,
                descriptors=None,  # each publisher and each viewer is one
            )
        except LockHeld:
            raise StartFailed(Retry.CRASH, "another relay of this recorder still runs") from None
        except OSError as error:
            raise StartFailed(Retry.CRASH, f"cannot start the relay: {error.strerror}") from None
        self._record = _RelayRecord(process.identity, generation, _config(self.server), self._record.port)
        with contextlib.suppress(OSError):
            note = json.dumps(to_json(self._record)).encode()
            write_atomically(self._folder / "relay.json", note, durable=False)  # of a process, as that of a worker
        return process

    def attached(self, process: Process) -> None:
        self._unanswered = 0
        self._client = StatsClient(_loopback(self.server.host).strip("[]"), self._record.port)
        with contextlib.suppress(ProcessGone):
            self._reader = ProcReader(process.pid)

    def detached(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        if self._client is not None:
            self._client.close()
        if self._reader is not None:
            self._reader.close()
        self._reader = self.sample = self._stats = self._client = None

    def ended(self, exit_: Exit, uptime_s: float) -> ev.Ended:
        last = self._read_log()
        text = last or str(exit_)
        if self.machine.step == 0:
            self.note(EventKind.EXIT, f"the relay ended after {uptime_s:.0f} s: {text}")
        served = self.machine.state is not State.STARTING
        return ev.Ended(Retry.CRASH, text, jitter(), uptime_s, served, HEALTHY_SEGMENTS)

    def note(self, kind: EventKind, text: str, **evidence: Unpack[Evidence]) -> None:
        self._on_line(LogLevel.WARNING, text)

    def close(self) -> None:
        """Let go; the relay goes on."""
        if self._asking is not None:
            self._asking.cancel()
        self.let_go()
        self._log.close()

    def snapshot(self) -> ProcessSnapshot:
        """For the dashboard."""
        state = {State.RECORDING: "running", State.STARTING: "starting"}.get(self.machine.state, "down")
        return ProcessSnapshot(
            pid=self.process.pid if self.process is not None else None,
            state=state,
            reason=self.machine.reason,
            sample=self.sample,
            address=f"rtsp://{_bracketed(self.server.host)}:{self._record.port}",
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _read_log(self) -> str:
        lines = self._log.read_lines()
        for line in lines:
            level = next((entry for entry in LogLevel if line.startswith(f"[{entry.value}] ")), LogLevel.UNKNOWN)
            self._on_line(level, line.removeprefix(f"[{level.value}] "))
        return lines[-1] if lines else ""

    def _wanted_port(self) -> int:
        """The configured port, else the one taken before, else a free one. Kept, so that workers find it again."""
        return self.server.port or self._record.port or _free_port(self.server.host)

    def _marker(self) -> str:
        return f"{self._installation}:/{NAME}:"


def publishing_after(server: LiveServer, folder: Path) -> Callable[[str], str]:
    """Where workers would publish to if a relay of this configuration were started in this folder."""
    port = server.port or _load(folder).port
    return lambda camera: _publish_url(server, port, camera)


def _load(folder: Path) -> _RelayRecord:
    try:
        return from_json(_RelayRecord, json.loads((folder / "relay.json").read_bytes()))
    except (OSError, ValueError, CodecError):
        return _RelayRecord(None, 0, "")


def _config(server: LiveServer) -> str:
    password = server.password.value if server.password is not None else ""
    login = hashlib.sha256(f"{server.username} {password}".encode()).hexdigest()[:16]
    return f"{server.host}:{server.port} {login}"


def _publish_url(server: LiveServer, port: int, camera: str) -> str:
    return f"rtsp://{_loopback(server.host)}:{port}/{camera}"


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def _port_of(pid: int) -> int:
    """The port on the command line of a relay, 0 when it cannot be told."""
    try:
        argv = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
        return int(argv[argv.index("--port") + 1])
    except (OSError, ValueError, IndexError):
        return 0


def _loopback(host: str) -> str:
    """The address workers of this machine reach the relay at."""
    if host in ("", "0.0.0.0"):
        return "127.0.0.1"
    return "[::1]" if host == "::" else _bracketed(host)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
