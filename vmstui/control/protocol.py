"""What crosses the control socket: newline-delimited JSON-RPC 2.0, the model as JSON by `codec`.

Pure: no socket here. One message is one line of UTF-8 JSON. A client may call at once; `hello` tells the protocol
version, which changes only when an old client could misread an answer. The methods are the table in
`control/server.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from vmstui.codec import Json

PROTOCOL = 1
MAX_REQUEST_BYTES = 64 * 1024
"""A longer request line is not from a client of ours."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
REFUSED = -32000
"""The recorder understood and will not do it; the message says why, fit for a person."""


class ProtocolError(ValueError):
    """A message that is not what the protocol says; `code` is the JSON-RPC error code for the answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Request(NamedTuple):
    """One call. `id` is None for a notification, which gets no answer. A tuple, as every command imports this, and
    dataclasses take longer than all the rest."""

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
