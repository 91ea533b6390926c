"""The recorder service on its Unix socket: who may connect, what may be asked, and that no client can harm it.

The socket is 0600 in a 0700 folder and the kernel tells who connects: only the owner and root are served, and viewers
where the configuration has some (`access`). Answers go into a bounded buffer per client; a client that does not read,
or sends garbage, is dropped alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from vmstui import __version__
from vmstui.codec import Json, to_json
from vmstui.control import protocol
from vmstui.control.access import LOOKING, REFUSAL, Access, access_of, let_in
from vmstui.control.asked import integer, one
from vmstui.control.browsing import Browsing
from vmstui.control.commanding import Commanding
from vmstui.control.explaining import Explaining
from vmstui.control.measuring import Measuring
from vmstui.control.past_runs import PastRuns
from vmstui.control.protocol import ProtocolError, Request
from vmstui.control.remembering import Remembering
from vmstui.control.storing import Storing
from vmstui.control.telling import NOTHING, Telling
from vmstui.logged import LogLevel
from vmstui.model import Event
from vmstui.recorder.fleet import UnknownCamera
from vmstui.recorder.history import newest_of_all
from vmstui.recorder.inheritance import listening_socket, say_leaving
from vmstui.recorder.service import Service
from vmstui.recorder.snapshot import EVENTS_SHOWN, camera_details
from vmstui.recorder.threads import Threads
from vmstui.recorder.unit import being_shut_down
from vmstui.recorder.upgrade import SIGNALS, Target, Upgrader, UpgradeRefused
from vmstui.settings import SettingsError, load
from vmstui.telemetry.ring import SAMPLES_KEPT

MAX_UNSENT_BYTES = 4 * 1024 * 1024
"""Of one client; a dashboard behind a frozen SSH link reaches it after a while and is dropped."""
MAX_CLIENTS = 64
"""Whoever comes then takes the place of the one that has been silent for longest: a program that runs wild must not
keep its owner out."""
ANSWERS_AT_ONCE = 4
"""Of those that read a file."""
QUIET_LIMIT_S = 1.0
"""At the longest a planned change of the process waits for clients that are in the middle of a question."""
QUIET_POLL_S = 0.02
ASK_TIMEOUT_S = 10.0
"""At the longest a signal to leave waits for systemd's word on whether the whole system goes down."""


class ControlServer:
    """Serves one recorder service on one socket."""

    def __init__(self, service: Service, path: Path) -> None:
        self._service = service
        self._path = path
        self._clients: dict[asyncio.Task[None], tuple[bool, float]] = {}
        """Whether each ever asked anything, and when it was heard last."""
        self._listener: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._owed = 0
        """Answers that are being made."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._looking: set[asyncio.StreamWriter] = set()
        """Those of viewers."""
        self._upgrader = Upgrader(service)
        self._answers = Threads(ANSWERS_AT_ONCE, "answers")
        """Not those that all share, which look up names of cameras: that takes long where no name server answers."""
        self._methods: dict[str, Callable[[Mapping[str, Json]], Awaitable[Json]]] = {
            "hello": self._hello,
            "snapshot": self._snapshot,
            "details": self._details,
            "samples": self._samples,
            "segments": self._segments,
            "footage": self._footage,
            "history": self._history,
            **Commanding(service, self._answers, self._upgrade_to).methods,
            **Storing(service).methods,
            **Browsing(service).methods,
            **Explaining(service).methods,
            **Measuring(service).methods,
            **Remembering(service).methods,
            **PastRuns(service).methods,
        }
        # `subscribe` is the one method that keeps answering, so it lives in `_serve`.
        self._bound: os.stat_result | None = None
        """The socket as we made it: another service may have put its own in its place."""
        self._viewers: str | None = ""
        """The group that is let in; no group has that name, so that the first one is told from it."""
        self._telling = Telling(lambda: to_json(service.snapshot()))

    async def open(self) -> None:
        """Listen. The service holds its state folder, so a socket that lies there is left from a dead one.

        After an upgrade it is the one the version before us listened on: who connected meanwhile has only waited.
        """
        given = self._service.inheritance
        kept = listening_socket(given.socket_fd, str(self._path)) if given is not None else None
        self._listener = kept if kept is not None else _bound_socket(self._path)
        self._bound = os.stat(self._path)
        self._open_to_viewers()
        await self._let_in()

    async def _let_in(self) -> None:
        self._server = await asyncio.start_unix_server(
            self._accept, sock=self._listener, limit=protocol.MAX_REQUEST_BYTES
        )

    @contextlib.asynccontextmanager
    async def _quiet(self) -> AsyncIterator[int]:
        """A moment in which this process can become another and no command notices. Gives the listening socket.

        Who comes now waits at the socket; who came in with a question has got the answer, as far as that is possible
        within `QUIET_LIMIT_S`. Who stays connected between questions, as a dashboard does, has to connect again.
        """
        assert self._listener is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        try:
            until_s = loop.time() + QUIET_LIMIT_S
            while True:
                await asyncio.sleep(QUIET_POLL_S)  # at once also for those that were let in just now to be counted
                asking = self._owed > 1 or not all(asked for asked, _ in self._clients.values())
                asking = asking or any(writer.transport.get_write_buffer_size() for writer in self._writers)
                if not asking or loop.time() >= until_s:
                    break
            yield self._listener.fileno()
        finally:
            await self._let_in()

    async def close(self) -> None:
        """Stop listening and drop the clients."""
        if self._server is not None:
            self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        with contextlib.suppress(OSError):
            if self._bound is not None and os.path.samestat(self._bound, os.stat(self._path)):
                self._path.unlink()

    # -- one client --------------------------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        access = access_of(writer.get_extra_info("socket"), self._service.settings.viewers)
        if access is None:
            writer.transport.abort()
            return
        if len(self._clients) >= MAX_CLIENTS:
            silent = min(self._clients, key=self._clients.__getitem__)
            del self._clients[silent]
            silent.cancel()
        self._clients[task] = (False, asyncio.get_running_loop().time())
        self._writers.add(writer)
        if access is Access.LOOK:
            self._looking.add(writer)
        subscription: list[asyncio.Task[None]] = []
        try:
            await self._serve(reader, writer, subscription, access)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._clients.pop(task, None)
            self._writers.discard(writer)
            self._looking.discard(writer)
            for running in subscription:
                running.cancel()
            writer.transport.abort()

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        subscription: list[asyncio.Task[None]],
        access: Access,
    ) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                return  # longer than any request of ours
            if not line.endswith(b"\n"):
                return
            try:
                request = protocol.parse_request(line)
            except ProtocolError as error:
                # Not a client of ours: it gets one answer and no second chance.
                await _send(writer, protocol.error_line(None, error.code, str(error)))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(writer.drain(), 1.0)
                writer.close()
                return
            if (task := asyncio.current_task()) in self._clients:
                self._clients[task] = (True, asyncio.get_running_loop().time())
            if request.method == "subscribe":
                if not subscription:
                    delivering = self._deliver(writer, changes=request.params.get("changes") is True)
                    subscription.append(asyncio.get_running_loop().create_task(delivering))
                await _send(writer, protocol.result_line(request.id, True))
                continue
            self._owed += 1
            try:
                answer = await self._answer(request, access)
                self._open_to_viewers()
                if request.id is not None:
                    await _send(writer, answer)
            finally:
                self._owed -= 1

    async def _deliver(self, writer: asyncio.StreamWriter, *, changes: bool) -> None:
        """A snapshot at once and then one per tick, while the client keeps up; with `changes`, where it knows the one
        before, what is different in it."""
        with contextlib.suppress(OSError), self._telling.heard():
            known, line = NOTHING, protocol.notification_line("snapshot", to_json(self._service.snapshot()))
            while True:
                await _send(writer, line)
                await self._service.next_tick()
                self._open_to_viewers()
                line = self._telling.line(self._service.ticks, known if changes else NOTHING)
                known = self._service.ticks

    def _open_to_viewers(self) -> None:
        """As the configuration says now; a group that cannot be let in is told of once.

        Who came in as a viewer is let go when that changes: those who still may are back at once.
        """
        viewers = self._service.settings.viewers
        if viewers != self._viewers:
            self._viewers = viewers
            for writer in self._looking:
                writer.close()
            if trouble := let_in(self._path, viewers):
                self._service.say(LogLevel.WARNING, trouble)

    async def _answer(self, request: Request, access: Access) -> bytes:
        method = self._methods.get(request.method)
        if access is Access.LOOK and request.method in self._methods and request.method not in LOOKING:
            return protocol.error_line(request.id, protocol.REFUSED, REFUSAL)
        if access is Access.LOOK and request.method == "hello":
            return protocol.result_line(request.id, {**await self._greeting(), "readonly": True})
        if method is None:
            known = ", ".join(sorted([*self._methods, "subscribe"]))
            text = f"unknown method {request.method[:40]!r}; known: {known}"
            return protocol.error_line(request.id, protocol.METHOD_NOT_FOUND, text)
        try:
            return protocol.result_line(request.id, await method(request.params))
        except ProtocolError as error:
            return protocol.error_line(request.id, error.code, str(error))
        except UnknownCamera as error:
            return protocol.error_line(request.id, protocol.REFUSED, str(error))
        except (SettingsError, UpgradeRefused) as error:
            return protocol.error_line(request.id, protocol.REFUSED, str(error))
        except Exception as error:
            # A mistake of ours in one answer must not end the service.
            self._service.say(LogLevel.ERROR, f"control: {request.method} failed: {type(error).__name__}: {error}")
            return protocol.error_line(request.id, protocol.REFUSED, f"internal error: {type(error).__name__}")

    async def _upgrade_to(self, target: Target) -> None:
        """Become another version; the socket goes with it. Returns never, or raises UpgradeRefused."""
        await self._upgrader.upgrade(target, self._path, self._quiet)

    # -- methods -----------------------------------------------------------------------------------------------------

    async def _hello(self, params: Mapping[str, Json]) -> Json:
        """Who answers; after an upgrade, also what came of it."""
        return await self._greeting()

    async def _greeting(self) -> dict[str, Json]:
        arrival = self._service.arrival
        return {
            "protocol": protocol.PROTOCOL,
            "version": __version__,
            "pid": os.getpid(),
            "ready": self._service.ready,
            "readonly": self._service.settings.readonly,
            "upgrade": to_json(arrival) if arrival is not None else None,
        }

    async def _snapshot(self, params: Mapping[str, Json]) -> Json:
        return to_json(self._service.snapshot())

    async def _details(self, params: Mapping[str, Json]) -> Json:
        worker = one(self._service, params)
        events = await self._answers.do(partial(worker.events.read, EVENTS_SHOWN))
        return to_json(camera_details(worker, events))

    async def _samples(self, params: Mapping[str, Json]) -> Json:
        """CPU of each camera; with `own` of the relay and the service as well."""
        seconds = integer(params, "seconds", 60, SAMPLES_KEPT)
        own = self._service.historian.cpu_percents(seconds) if params.get("own") is True else {}
        cameras = {name: worker.samples.cpu_percents(seconds) for name, worker in self._service.fleet.cameras.items()}
        return {name: list(percents) for name, percents in (cameras | own).items()}

    async def _segments(self, params: Mapping[str, Json]) -> Json:
        camera, limit = one(self._service, params), integer(params, "limit", 100, 1000)
        return to_json((await self._answers.do(partial(camera.published_last, limit)))[::-1])

    async def _footage(self, params: Mapping[str, Json]) -> Json:
        return await self._service.footage()

    async def _history(self, params: Mapping[str, Json]) -> Json:
        limit = integer(params, "limit", 100, 2000)
        workers = [one(self._service, params)] if params.get("camera") is not None else self._service.fleet.select(())

        def read() -> list[Event]:
            return newest_of_all([worker.events for worker in workers], limit, lambda event: event.at)

        return to_json(tuple(await self._answers.do(read)))


async def serve(service: Service, socket_path: Path) -> None:
    """Run a service with its socket until it is told to leave, by `shutdown` or by a signal.

    SIGTERM and SIGINT end the service, never the recordings, unless the system goes down with them: then every file is
    finalised first. SIGHUP reloads the configuration.
    """
    loop = asyncio.get_running_loop()
    server = ControlServer(service, socket_path)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: _keep(loop.create_task(_leave_on_signal(service))))
    loop.add_signal_handler(signal.SIGHUP, lambda: _keep(loop.create_task(_reload_on_signal(service))))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # held back while an upgrade changed versions
    await server.open()
    try:
        await service.run()
        say_leaving(service.inheritance, service.exit_status)
    finally:
        # In this order: whoever takes the folder over next must not lose its socket to us.
        await server.close()
        service.release()


def _bound_socket(path: Path) -> socket.socket:
    """A new one in the place of whatever lies there, for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        made.bind(str(path))
    except OSError:
        made.close()
        raise
    finally:
        os.umask(before)
    made.setblocking(False)
    return made


async def _leave_on_signal(service: Service) -> None:
    # In a thread of its own: those that are shared may all hang in a dead disk, and we have to leave all the same.
    asked = asyncio.get_running_loop().run_in_executor(ThreadPoolExecutor(1, "leaving"), being_shut_down)
    try:
        goes_down = await asyncio.wait_for(asked, ASK_TIMEOUT_S)
        if goes_down and service.leaving:
            await service.stopping.wait()  # recording is being stopped already
        elif goes_down:
            service.say(LogLevel.INFO, "the system is shutting down: all recordings are brought to an end")
            await service.shutdown()
    except TimeoutError:
        service.say(LogLevel.WARNING, f"systemd did not tell within {ASK_TIMEOUT_S:.0f} s whether the system goes down")
    finally:
        service.stopping.set()


async def _reload_on_signal(service: Service) -> None:
    try:
        async with service.reloading:
            loaded = await asyncio.to_thread(load, service.settings.path)
            if not service.leaving:
                service.reload(loaded)
    except SettingsError as error:
        service.say(LogLevel.ERROR, f"configuration not reloaded, nothing changed: {error}")


_background: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """The loop holds tasks weakly; keep this one until it is done."""
    _background.add(task)
    task.add_done_callback(_background.discard)


async def _send(writer: asyncio.StreamWriter, line: bytes) -> None:
    """Queue a line; never wait for the client. Raises OSError when it is too far behind."""
    if writer.is_closing() or writer.transport.get_write_buffer_size() + len(line) > MAX_UNSENT_BYTES:
        writer.transport.abort()
        raise ConnectionAbortedError("the client does not read")
    writer.write(line)
