"""Methods of the control socket about footage: a page of it, its days, its gaps, and locks.

Each opens the catalogue for itself, in a thread, as the commands do: neither the loop nor the thread that catalogues
what is published waits for whoever looks through a year of recordings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import NoReturn, TypeVar

from vmstui.codec import Json, to_json
from vmstui.control import protocol
from vmstui.control.protocol import ProtocolError
from vmstui.recorder.service import Service
from vmstui.recorder.threads import Threads
from vmstui.recording import browse, locking
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.locking import LockRefused

T = TypeVar("T")

Methods = dict[str, Callable[[Mapping[str, Json]], Awaitable[Json]]]
AT_ONCE = 2
"""Questions about footage that are answered at a time: more would only take the processor from recording."""


class Browsing:
    """What may be asked about the footage of one service; `methods` goes into the table of the server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._path = service.context.state_folder / FILE_NAME
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._threads = Threads(AT_ONCE, "browsing")
        self.methods: Methods = {
            "browse": self._browse,
            "days": self._days,
            "gaps": self._gaps,
            "lock": self._lock,
            "unlock": self._unlock,
        }

    async def _browse(self, params: Mapping[str, Json]) -> Json:
        """Segments before an instant (`before`, null: the newest of all), or from one on (`after`)."""
        camera, limit = _camera(params), _limit(params, 200, browse.MAX_SEGMENTS)
        until, since, zone = _instant(params, "before"), _instant(params, "after"), self._zone()
        if since is not None and until is not None:
            raise ProtocolError(protocol.INVALID_PARAMS, "either before or after, not both")

        def read(catalogue: Catalogue) -> Json:
            if since is not None:
                return to_json(browse.after(catalogue, camera, since, limit, zone))
            return to_json(browse.before(catalogue, camera, until, limit, zone))

        return await self._in_catalogue(read)

    async def _days(self, params: Mapping[str, Json]) -> Json:
        camera, limit, until = _camera(params), _limit(params, 31, browse.MAX_DAYS), _instant(params, "before")
        zone = self._zone()
        return await self._in_catalogue(lambda catalogue: to_json(browse.days(catalogue, camera, until, limit, zone)))

    async def _gaps(self, params: Mapping[str, Json]) -> Json:
        camera, limit, since = _camera(params), _limit(params, 100, browse.MAX_GAPS), _instant(params, "since")
        if since is None:
            _refuse("since must be an instant")
        return await self._in_catalogue(lambda catalogue: to_json(browse.gaps(catalogue, camera, since, limit)))

    async def _lock(self, params: Mapping[str, Json]) -> Json:
        camera, since, until = _camera(params), _instant(params, "since"), _instant(params, "until")
        if since is None or until is None:
            raise ProtocolError(protocol.INVALID_PARAMS, "since and until must be instants")
        note, by = _text(params, "note"), _text(params, "by") or "an operator"
        configured = [one.id for one in self._service.settings.cameras]
        now = datetime.now(UTC)
        return await self._in_catalogue(
            lambda catalogue: to_json(locking.lock(catalogue, configured, camera, since, until, note, by, now)),
            readonly=False,
        )

    async def _unlock(self, params: Mapping[str, Json]) -> Json:
        number = params.get("id")
        if not isinstance(number, int) or isinstance(number, bool):
            raise ProtocolError(protocol.INVALID_PARAMS, "id must be the number of a lock")
        await self._in_catalogue(lambda catalogue: locking.unlock(catalogue, number, datetime.now(UTC)), readonly=False)
        return True

    def _zone(self) -> tzinfo | None:
        return self._service.context.zone

    async def _in_catalogue(self, ask: Callable[[Catalogue], T], *, readonly: bool = True) -> T:
        def asked() -> T:
            with Catalogue.open(self._path, readonly=readonly) as catalogue:
                return ask(catalogue)

        async with self._turn:
            try:
                return await self._threads.do(asked)
            except (CatalogueError, LockRefused) as error:
                raise ProtocolError(protocol.REFUSED, str(error)) from None


def _camera(params: Mapping[str, Json]) -> str:
    """Of any camera there is footage of, also one that is not configured any more."""
    return _text(params, "camera") or _refuse("camera must be the id of a camera")


def _text(params: Mapping[str, Json], name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else _refuse(f"{name} must be a text")


def _limit(params: Mapping[str, Json], default: int, most: int) -> int:
    value = params.get("limit", default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        _refuse(f"limit must be a whole number from 1 to {most}")
    return value


def _instant(params: Mapping[str, Json], name: str) -> datetime | None:
    value = params.get(name)
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(str(value))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    _refuse(f"{name} must be an instant in ISO 8601, with an offset")


def _refuse(text: str) -> NoReturn:
    raise ProtocolError(protocol.INVALID_PARAMS, text)
