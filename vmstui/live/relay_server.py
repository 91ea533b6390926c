"""The embedded relay: its paths, its connections, its limits. `relay` runs it as a process, tests run it in theirs.

A subclass may override `refusal`, `credentials_for` and `schemes`: that is how the simulated cameras misbehave.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from dataclasses import dataclass

from vmstui.live.auth import Credentials
from vmstui.live.relay_connection import Connection
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_path import RelayPath
from vmstui.live.stats import RelayStats

_MIB = 1024 * 1024
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """What clients may cost. The defaults are the product's; tests use smaller ones."""

    reader_buffer_bytes: int = 4 * _MIB
    """A reader with more than this waiting is cut off."""
    cache_bytes: int = 4 * _MIB
    """Per path: what is kept since the last keyframe."""
    connections: int = 512
    remote_connections: int = 256
    """Of these, from other machines: strangers must not lock out the workers."""
    paths: int = 1024
    publisher_silence_s: float = 10.0
    """A publisher that sends no byte for so long loses its path."""
    takeover_silence_s: float = 2.0
    """A publisher that was silent for so long loses it as soon as another wants it, or stands by."""
    idle_s: float = 10.0
    """For a connection that has set up nothing."""
    session_idle_s: float = 60.0
    """For one that has set up a session and does not play."""
    tick_s: float = 1.0


class Relay:
    """An RTSP server that passes streams from publishers to players."""

    def __init__(
        self, log: RelayLog, credentials: Credentials | None = None, limits: RelayLimits | None = None
    ) -> None:
        """`credentials` are asked of players from other machines; from loopback playing is free."""
        self.log = log
        self.limits = limits or RelayLimits()
        self.paths: dict[str, RelayPath] = {}
        self.trusted_uids = frozenset((os.getuid(), 0))
        self._credentials = credentials
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._all_gone = asyncio.Event()

    async def start(self, listener: socket.socket) -> None:
        """Serve on a bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), sock=listener, backlog=_BACKLOG)
        self._ticker = loop.create_task(self._tick())

    async def stop(self) -> None:
        """Close the socket and every connection, at once. May be started again on another socket."""
        if self._server is not None:
            self._server.close()
        if self._ticker is not None:
            self._ticker.cancel()
        self._server = self._ticker = None
        for connection in tuple(self._connections):
            connection.cut("")
        if self._connections:
            await self._all_gone.wait()

    def refusal(self, path: str) -> int | None:
        """Status with which to refuse every player of a path; None: none."""
        return None

    def credentials_for(self, path: str, *, loopback: bool) -> Credentials | None:
        """What a player of a path must prove; None: it may just play."""
        return None if loopback else self._credentials

    def schemes(self, path: str) -> tuple[str, ...]:
        """How the password is asked for; Basic would show it to everyone on the wire."""
        return ("digest",)

    def admit(self, connection: Connection) -> bool:
        """Count a new connection in; False: there are too many."""
        remote = sum(not other.loopback for other in self._connections)
        full = len(self._connections) >= self.limits.connections
        if full or (not connection.loopback and remote >= self.limits.remote_connections):
            self.log.warning(f"{connection.label} turned away: {len(self._connections)} connections")
            return False
        self._connections.add(connection)
        self._all_gone.clear()
        return True

    def forget(self, connection: Connection) -> None:
        """Count a connection out."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()

    def path_for_publisher(self, name: str) -> RelayPath | None:
        """The path of that name, made if need be; None: there are too many."""
        path = self.paths.get(name)
        if path is None and len(self.paths) < self.limits.paths:
            path = self.paths[name] = RelayPath(name, self.limits.cache_bytes, self.log)
        return path

    def stats(self) -> RelayStats:
        """How everything stands now."""
        paths = {name: path.stats() for name, path in self.paths.items()}
        return RelayStats(paths, len(self._connections), os.getpid())

    async def _tick(self) -> None:
        last_s = time.monotonic()
        while True:
            await asyncio.sleep(self.limits.tick_s)
            now_s = time.monotonic()
            # after a freeze of this process all clients seem silent: hear them first
            if now_s - last_s < 2 * self.limits.tick_s:
                for connection in tuple(self._connections):
                    reason = connection.overdue(now_s)
                    if reason:
                        connection.cut(reason)
            last_s = now_s
