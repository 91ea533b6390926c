"""What is asked for in a request, checked. All raise ProtocolError, or UnknownCamera."""

from __future__ import annotations

from collections.abc import Mapping

from vmstui.codec import Json
from vmstui.control import protocol
from vmstui.control.protocol import ProtocolError
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.service import Service


def one(service: Service, params: Mapping[str, Json]) -> CameraWorker:
    """The camera that is named."""
    camera = params.get("camera")
    if not isinstance(camera, str):
        raise ProtocolError(protocol.INVALID_PARAMS, "camera must be the id of a camera")
    return service.fleet.select((camera,))[0]


def many(service: Service, params: Mapping[str, Json]) -> list[CameraWorker]:
    """The cameras that are named, or all."""
    cameras = params.get("cameras")
    if cameras == "all":
        return service.fleet.select(())
    names = tuple(name for name in cameras if isinstance(name, str)) if isinstance(cameras, list) else ()
    if not names or not isinstance(cameras, list) or len(names) != len(cameras):
        raise ProtocolError(protocol.INVALID_PARAMS, 'cameras must be a list of ids, or "all"')
    return service.fleet.select(names)


def integer(params: Mapping[str, Json], name: str, default: int, limit: int) -> int:
    """A whole number from 0 to a limit."""
    value = params.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
        raise ProtocolError(protocol.INVALID_PARAMS, f"{name} must be a whole number from 0 to {limit}")
    return value
