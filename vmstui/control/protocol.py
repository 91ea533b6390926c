"""What crosses the control socket: newline-delimited JSON-RPC 2.0 and the model as JSON.

Pure: no socket here. One message is one line of UTF-8 JSON. A client may call at once; `hello` tells the protocol
version, which changes only when an old client could misread an answer. The methods are the table in
`control/server.py`.

The codec turns the frozen dataclasses of `model` into JSON and back by their field types, so that a new field needs no
code here. It carries str, int, float, bool, None, datetime (as ISO 8601), StrEnum, tuple[...], dict[str, ...] and
dataclasses of these.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar, cast

PROTOCOL = 1
MAX_REQUEST_BYTES = 64 * 1024
"""A longer request line is not from a client of ours."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
REFUSED = -32000
"""The recorder understood and will not do it; the message says why, fit for a person."""

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
T = TypeVar("T")


class ProtocolError(ValueError):
    """A message that is not what the protocol says; `code` is the JSON-RPC error code for the answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One call. `id` is None for a notification, which gets no answer."""

    id: int | str | None
    method: str
    params: Mapping[str, Json]


def parse_request(line: bytes) -> Request:
    """Read one line from a client.

    Raises ProtocolError for anything that is not a JSON-RPC 2.0 request with named parameters.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(PARSE_ERROR, f"not JSON: {error}") from None
    if not isinstance(data, dict) or data.get("jsonrpc") != "2.0" or not isinstance(data.get("method"), str):
        raise ProtocolError(INVALID_REQUEST, "not a JSON-RPC 2.0 request")
    identifier = data.get("id")
    if isinstance(identifier, bool) or not isinstance(identifier, int | str | None):
        raise ProtocolError(INVALID_REQUEST, "id must be a number, a string or absent")
    params = data.get("params", {})
    if not isinstance(params, dict):
        raise ProtocolError(INVALID_PARAMS, "params must be an object")
    return Request(identifier, data["method"], params)


def request_line(identifier: int, method: str, params: Mapping[str, Json]) -> bytes:
    """One call as bytes."""
    return _line({"jsonrpc": "2.0", "id": identifier, "method": method, "params": dict(params)})


def result_line(identifier: int | str | None, result: Json) -> bytes:
    """The answer to a call that was done."""
    return _line({"jsonrpc": "2.0", "id": identifier, "result": result})


def error_line(identifier: int | str | None, code: int, message: str) -> bytes:
    """The answer to a call that was not done."""
    return _line({"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": message}})


def notification_line(method: str, params: Json) -> bytes:
    """A message nobody asked for singly: what a subscription delivers."""
    return _line({"jsonrpc": "2.0", "method": method, "params": params})


def _line(message: dict[str, Json]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


# --------------------------------------------------------------------------------------------------------------------
# The model as JSON
# --------------------------------------------------------------------------------------------------------------------


def to_json(value: object) -> Json:
    """A value of the model as JSON data. Raises TypeError for what the codec does not carry."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return {name: to_json(getattr(value, name)) for name in _field_names(cast(Hashable, type(value)))}
    raise TypeError(f"the control protocol does not carry {type(value).__name__}")


def from_json(kind: type[T], data: Json) -> T:
    """JSON data as a value of the model.

    Unknown fields are ignored and fields that have a default may be missing, so that a newer recorder and an older
    dashboard understand each other. Raises ProtocolError naming the field when the data does not fit.
    """
    try:
        return cast(T, _decoder(cast(Hashable, kind))(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError(INVALID_PARAMS, f"not a {getattr(kind, '__name__', kind)}: {error}") from None


@functools.cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    return tuple(entry.name for entry in dataclasses.fields(cast(type, kind)))


@functools.cache
def _decoder(kind: Hashable) -> Callable[[Json], object]:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _optional(kind)
    if origin is tuple:
        return _sequence(kind)
    if origin is dict:
        item = _decoder(typing.get_args(kind)[1])
        return lambda data: {key: item(value) for key, value in cast("dict[str, Json]", data).items()}
    if dataclasses.is_dataclass(kind):
        return _record(cast(type, kind))
    if kind is datetime:
        return lambda data: datetime.fromisoformat(cast(str, data))
    if kind is float:
        return lambda data: float(cast(float, data))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    if kind in (str, int, bool):
        return _scalar(cast(type, kind))
    raise TypeError(f"the control protocol does not carry {kind}")


def _optional(kind: Hashable) -> Callable[[Json], object]:
    inner = [argument for argument in typing.get_args(kind) if argument is not types.NoneType]
    if len(inner) != 1:
        raise TypeError(f"the control protocol does not carry {kind}")
    decode = _decoder(inner[0])
    return lambda data: None if data is None else decode(data)


def _sequence(kind: Hashable) -> Callable[[Json], object]:
    arguments = typing.get_args(kind)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        decode = _decoder(arguments[0])
        return lambda data: tuple(decode(item) for item in cast("list[Json]", data))
    decoders = [_decoder(argument) for argument in arguments]
    return lambda data: tuple(decode(item) for decode, item in zip(decoders, cast("list[Json]", data), strict=True))


def _scalar(kind: type) -> Callable[[Json], object]:
    def decode(data: Json) -> object:
        if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
            raise TypeError(f"found {data!r}, accepted {kind.__name__}")
        return data

    return decode


def _record(kind: type) -> Callable[[Json], object]:
    hints = typing.get_type_hints(kind)
    decoders = {entry.name: _decoder(hints[entry.name]) for entry in dataclasses.fields(kind)}

    def decode(data: Json) -> object:
        fields = cast("dict[str, Json]", data)
        return kind(**{name: item(fields[name]) for name, item in decoders.items() if name in fields})

    return decode
