"""Requests that change something: start, stop, restart, reload, shutdown, upgrade. Part of `server`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from vmstui.codec import Json, to_json
from vmstui.configured import RestartMode
from vmstui.control import protocol
from vmstui.control.asked import many
from vmstui.control.protocol import ProtocolError
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.service import Service
from vmstui.recorder.threads import Threads
from vmstui.recorder.upgrade import Target
from vmstui.settings import SettingsError, load


class Commanding:
    """Of one service."""

    def __init__(self, service: Service, answers: Threads, upgrade_to: Callable[[Target], Awaitable[None]]) -> None:
        """`answers` reads files; `upgrade_to` becomes another version."""
        self._service = service
        self._answers = answers
        self._upgrade_to = upgrade_to
        self.methods: dict[str, Callable[[Mapping[str, Json]], Awaitable[Json]]] = {
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "reload": self._reload,
            "shutdown": self._shutdown,
            "upgrade": self._upgrade,
        }

    async def _start(self, params: Mapping[str, Json]) -> Json:
        for worker in await self._startable(params):
            worker.start(_actor(params))
        return True

    async def _stop(self, params: Mapping[str, Json]) -> Json:
        for worker in many(self._service, params):
            worker.stop(_actor(params))
        return True

    async def _restart(self, params: Mapping[str, Json]) -> Json:
        mode, at_boundary = _restart_mode(params), params.get("at_boundary", False)
        if not isinstance(at_boundary, bool):
            raise ProtocolError(protocol.INVALID_PARAMS, "at_boundary must be true or false")
        workers = await self._startable(params)
        wanted = [worker for worker in workers if worker.wanted]
        if params.get("cameras") != "all" and len(wanted) < len(workers):
            stopped = [worker.camera.id for worker in workers if not worker.wanted]
            are, them = ("is", "it") if len(stopped) == 1 else ("are", "them")
            text = f"{', '.join(stopped)} {are} stopped; start {them} with: vmstui start {' '.join(stopped)}"
            raise ProtocolError(protocol.REFUSED, text)
        for worker in wanted:
            worker.restart(_actor(params), mode, at_boundary=at_boundary)
        return True

    async def _reload(self, params: Mapping[str, Json]) -> Json:
        """Read the configuration again; with `dry_run` tell only what that would do."""
        dry_run = params.get("dry_run", False)
        if not isinstance(dry_run, bool):
            raise ProtocolError(protocol.INVALID_PARAMS, "dry_run must be true or false")
        async with self._service.reloading:
            loaded = await self._answers.do(partial(load, self._service.settings.path))
            if dry_run:
                return _joined(*await self._service.preview(loaded))
            self._refuse_when_leaving()
            return _joined(*self._service.reload(loaded))

    async def _shutdown(self, params: Mapping[str, Json]) -> Json:
        return to_json(await self._service.shutdown())

    async def _upgrade(self, params: Mapping[str, Json]) -> Json:
        """Answers only a refusal; otherwise the connection ends here, and `hello` tells what came of it."""
        python, root, token = (params.get(name) for name in ("python", "package_root", "token"))
        if not isinstance(python, str) or not os.path.isabs(python):
            raise ProtocolError(protocol.INVALID_PARAMS, "python must be the absolute path of an interpreter")
        if root is not None and (not isinstance(root, str) or not os.path.isabs(root)):
            raise ProtocolError(protocol.INVALID_PARAMS, "package_root must be the absolute path of a folder, or null")
        if not isinstance(token, str) or not token:
            raise ProtocolError(protocol.INVALID_PARAMS, "token must be a text that names this upgrade")
        self._refuse_when_leaving()
        await self._upgrade_to(Target(python, root, token))
        raise AssertionError("an upgrade returned")

    async def _startable(self, params: Mapping[str, Json]) -> list[CameraWorker]:
        """The cameras, with the passwords their files hold now: a person tries again after correcting one."""
        with contextlib.suppress(SettingsError):  # a broken file is a matter for `config check`
            self._service.refresh_passwords(await self._answers.do(partial(load, self._service.settings.path)))
        self._refuse_when_leaving()
        return many(self._service, params)

    def _refuse_when_leaving(self) -> None:
        """To be asked after the last `await` of a command: recording may be stopped while a file is being read."""
        if self._service.leaving:
            raise ProtocolError(protocol.REFUSED, "recording is being stopped; start it again with: vmstui up")


def _joined(*parts: object) -> Json:
    """Dataclasses without a field in common as one object."""
    joined: dict[str, Json] = {}
    for part in parts:
        data = to_json(part)
        assert isinstance(data, dict)
        joined |= data
    return joined


def _restart_mode(params: Mapping[str, Json]) -> RestartMode | None:
    """How to restart; None: as configured."""
    mode = params.get("mode")
    if mode is None:
        return None
    try:
        return RestartMode(str(mode))
    except ValueError:
        accepted = ", ".join(entry.value for entry in RestartMode)
        raise ProtocolError(protocol.INVALID_PARAMS, f"mode must be one of: {accepted}") from None


def _actor(params: Mapping[str, Json]) -> str:
    by = params.get("by")
    return by[:40] if isinstance(by, str) and by.isprintable() and by else "an operator"
