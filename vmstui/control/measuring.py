"""Methods of the control socket about what is measured only because somebody asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from vmstui.codec import Json, to_json
from vmstui.control import protocol
from vmstui.control.protocol import ProtocolError
from vmstui.recorder.service import Service
from vmstui.recorder.stages import LONGEST_WINDOW_S, MOST_FOLLOWED


class Measuring:
    """What may be asked of one service; `methods` goes into the table of the server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.methods: dict[str, Callable[[Mapping[str, Json]], Awaitable[Json]]] = {
            "stages": self._stages,
            "live_check": self._live_check,
        }

    async def _stages(self, params: Mapping[str, Json]) -> Json:
        """`StageBreakdown` of the cameras named, which are followed from now on while they are asked for; without any
        names, what is known of all."""
        cameras, seconds = params.get("cameras", []), params.get("seconds", 5)
        if not isinstance(cameras, list) or not all(isinstance(name, str) for name in cameras):
            raise ProtocolError(protocol.INVALID_PARAMS, "cameras must be a list of ids")
        if len(cameras) > MOST_FOLLOWED:
            raise ProtocolError(protocol.INVALID_PARAMS, f"at most {MOST_FOLLOWED} cameras are measured at once")
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 1 <= seconds <= LONGEST_WINDOW_S:
            text = f"seconds must be a whole number from 1 to {LONGEST_WINDOW_S}"
            raise ProtocolError(protocol.INVALID_PARAMS, text)
        stages, chosen = self._service.stages, self._service.fleet.select(tuple(map(str, cameras)))
        if not cameras:
            return to_json(tuple(stages.latest(camera) for camera in chosen))
        return to_json(tuple(stages.ask(camera, seconds) for camera in chosen))

    async def _live_check(self, params: Mapping[str, Json]) -> Json:
        """A `LiveCheck` of one camera, seen now: the answer takes as long as that does. With `latest` that of the last
        look, null where there was none."""
        camera, latest = params.get("camera"), params.get("latest", False)
        if not isinstance(camera, str):
            raise ProtocolError(protocol.INVALID_PARAMS, "camera must be the id of a camera")
        if not isinstance(latest, bool):
            raise ProtocolError(protocol.INVALID_PARAMS, "latest must be true or false")
        (chosen,) = self._service.fleet.select((camera,))
        checks = self._service.live_checks
        return to_json(checks.latest(camera) if latest else await checks.check(chosen))
