"""The frozen dataclasses of `model` as JSON and back, by their field types; a new field needs no code here.

Carries str, int, float, bool, None, datetime (as ISO 8601), StrEnum, tuple[...], dict[str, ...] (or Mapping) and
dataclasses of these. Used for what crosses the control socket and for what the recorder notes in its state folder.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar, cast

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
T = TypeVar("T")


class CodecError(ValueError):
    """JSON data that is not the value asked for; the text names the type and what did not fit."""


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
    raise TypeError(f"the codec does not carry {type(value).__name__}")


def from_json(kind: type[T], data: Json) -> T:
    """JSON data as a value of the model.

    Unknown fields are ignored and fields that have a default may be missing, so that a newer recorder and an older
    dashboard understand each other. Raises CodecError when the data does not fit.
    """
    try:
        return cast(T, _decoder(cast(Hashable, kind))(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CodecError(f"not a {getattr(kind, '__name__', kind)}: {error}") from None


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
    if origin in (dict, Mapping):
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
    raise TypeError(f"the codec does not carry {kind}")


def _optional(kind: Hashable) -> Callable[[Json], object]:
    inner = [argument for argument in typing.get_args(kind) if argument is not types.NoneType]
    if len(inner) != 1:
        raise TypeError(f"the codec does not carry {kind}")
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
