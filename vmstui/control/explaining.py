"""Methods of the control socket about what ffmpeg's messages mean: `findings` and what people say of them, and `logs`.

Answered in threads: neither the loop nor triage waits for who reads a page of a hundred cameras, and nobody but who
acknowledges something waits for the disk that it is kept on.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import NoReturn, TypeVar

from vmstui.codec import Json, to_json
from vmstui.control import protocol
from vmstui.control.protocol import ProtocolError
from vmstui.findings import Acknowledgement, Finding, Incident, Origin
from vmstui.logged import LogLevel, LogPage
from vmstui.model import EventKind
from vmstui.recorder.incident_watch import IncidentWatch
from vmstui.recorder.service import Service
from vmstui.recorder.threads import Threads
from vmstui.recorder.triager import Refused
from vmstui.sanitise import clean
from vmstui.triage.acknowledged import Said

T = TypeVar("T")

AT_ONCE = 2
MOST_LINES = 2000
FINGERPRINT_CHARACTERS, NOTE_CHARACTERS, NAME_CHARACTERS = 400, 300, 40
LONGEST_S = 10 * 366 * 86_400.0
HIGHEST_PER_MIN = 1e9
LEADS_TO_IT = timedelta(seconds=30)
"""What a worker said for so long before it ended may be why."""


class Explaining:
    """What may be asked and said about findings of one service; `methods` goes into the table of the server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._asking = Threads(AT_ONCE, "explaining")
        self._saying = Threads(1, "acknowledging")
        self.methods: dict[str, Callable[[Mapping[str, Json]], Awaitable[Json]]] = {
            "findings": self._findings,
            "acknowledge": self._acknowledge,
            "unacknowledge": self._unacknowledge,
            "logs": self._logs,
        }

    async def _findings(self, params: Mapping[str, Json]) -> Json:
        """Of one camera (`camera`), or of all: a `FindingsPage`."""
        camera = self._camera(params)
        cameras = (camera,) if camera is not None else tuple(self._service.fleet.cameras)
        page = await self._asking.do(lambda: self._service.triager.page(cameras))
        incidents = self._service.incidents
        if going_on := {one.id: one for one in incidents.going_on}:
            key = self._service.triager.common_key
            rows = (
                replace(row, incident=_part_of(row.finding, key(row.finding), incidents, going_on)) for row in page.rows
            )
            page = replace(page, rows=tuple(rows))
        page = replace(page, incidents=incidents.all)
        return await self._asking.do(lambda: to_json(page))

    async def _acknowledge(self, params: Mapping[str, Json]) -> Json:
        """A kind of message (`fingerprint`) of one `camera` or of all (empty), about one `origin` or whatever it is
        about, for so long (`for_s`, null: for good), unless there are more than `ceiling_per_min`: an
        `Acknowledgement`."""
        camera = params.get("camera")
        if not isinstance(camera, str):
            _refuse('camera must be the id of a camera, or "" for all of them')
        if camera:
            self._service.fleet.select((camera,))
        fingerprint = params.get("fingerprint")
        if not isinstance(fingerprint, str) or not 0 < len(fingerprint) <= FINGERPRINT_CHARACTERS:
            _refuse("fingerprint must be that of a finding")
        for_s = _number(params, "for_s", LONGEST_S)
        if for_s is not None and for_s <= 0:
            _refuse("for_s must be more than 0 seconds, or null for good")
        said = Said(
            fingerprint,
            camera,
            _origin(params),
            for_s,
            _number(params, "ceiling_per_min", HIGHEST_PER_MIN),
            _text(params, "by", NAME_CHARACTERS) or "an operator",
            self._service.context.masker.mask(_text(params, "note", NOTE_CHARACTERS)),
        )
        made = await self._said(partial(self._service.triager.acknowledge, said))
        until = f" until {made.until.isoformat(timespec='seconds')}" if made.until is not None else ""
        ceiling = f", unless more than {made.ceiling_per_min:g} a minute" if made.ceiling_per_min is not None else ""
        note = f": {made.note}" if made.note else ""
        self._tell(made, f"finding {_what(made)} acknowledged by {made.by}{until}{ceiling} ({made.id}){note}")
        return to_json(made)

    async def _unacknowledge(self, params: Mapping[str, Json]) -> Json:
        """Take back the one of this `id`, which is the answer."""
        identity, by = params.get("id"), _text(params, "by", NAME_CHARACTERS) or "an operator"
        if not isinstance(identity, str) or not 0 < len(identity) <= NAME_CHARACTERS:
            _refuse("id must be that of an acknowledgement")
        gone = await self._said(partial(self._service.triager.take_back, clean(identity)))
        self._tell(gone, f"acknowledgement {gone.id} of {_what(gone)} taken back by {by}")
        return to_json(gone)

    async def _logs(self, params: Mapping[str, Json]) -> Json:
        """Log lines of one camera, or of all (`camera`: null), that come `after` a cursor; with `explain` also what the
        table of messages says of each, and with `newest` the last ones instead of the first: a `LogPage`."""
        camera, explain, newest = self._camera(params), params.get("explain", False), params.get("newest", False)
        if not isinstance(explain, bool) or not isinstance(newest, bool):
            _refuse("explain and newest must be true or false")
        after, limit = _whole(params, "after", 0, 2**62), _whole(params, "limit", 200, MOST_LINES)
        await self._service.fleet.log_lines_asked_for(camera)
        page = self._service.logbook.page(camera, after, limit, newest=newest)
        if not explain:
            return to_json(page)
        return await self._asking.do(
            lambda: to_json(LogPage(self._service.triager.explained(page.lines), page.next_seq, page.missed))
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _camera(self, params: Mapping[str, Json]) -> str | None:
        camera = params.get("camera")
        if camera is not None and not isinstance(camera, str):
            _refuse("camera must be an id or null")
        if camera is not None:
            self._service.fleet.select((camera,))
        return camera

    async def _said(self, say: Callable[[], T]) -> T:
        try:
            return await self._saying.do(say)
        except Refused as error:
            raise ProtocolError(protocol.REFUSED, str(error)) from None

    def _tell(self, acknowledgement: Acknowledgement, text: str) -> None:
        """In the history of its camera, or of all cameras in the log of the recorder."""
        worker = self._service.fleet.cameras.get(acknowledgement.camera)
        if worker is not None:
            worker.note(EventKind.COMMAND, text)
        else:
            self._service.say(LogLevel.INFO, text)


def _part_of(finding: Finding, key: str, incidents: IncidentWatch, going_on: Mapping[str, Incident]) -> str:
    """Id of the incident that tells it, empty where none does: not noise, nor what was over before that began."""
    incident = going_on.get(incidents.of(finding.camera, key)) if finding.is_trouble else None
    if incident is None or (finding.last.at is not None and finding.last.at < incident.since - LEADS_TO_IT):
        return ""
    return incident.id


def _what(said: Acknowledgement) -> str:
    about = f" about {said.origin.value}" if said.origin is not None else ""
    where = "" if said.camera else " on all cameras"
    return f"{clean(said.fingerprint)!r}{about}{where}"


def _origin(params: Mapping[str, Json]) -> Origin | None:
    origin = params.get("origin")
    if origin is None:
        return None
    try:
        return Origin(str(origin))
    except ValueError:
        _refuse(f"origin must be null or one of: {', '.join(one.value for one in Origin)}")


def _number(params: Mapping[str, Json], name: str, most: float) -> float | None:
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse(f"{name} must be a number or null")
    if not 0 <= value <= most:
        _refuse(f"{name} must be a number from 0 to {most:,.0f}, or null")
    return float(value)


def _whole(params: Mapping[str, Json], name: str, default: int, most: int) -> int:
    value = params.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        _refuse(f"{name} must be a whole number from 0 to {most}")
    return value


def _text(params: Mapping[str, Json], name: str, most: int) -> str:
    value = params.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        _refuse(f"{name} must be a text of at most {most} characters")
    return clean(value).strip()


def _refuse(text: str) -> NoReturn:
    raise ProtocolError(protocol.INVALID_PARAMS, text)
