"""The frozen dataclasses of `model` as JSON and back, by their field types; a new field needs no code here.

Carries str, int, float, bool, None, datetime (as ISO 8601), StrEnum, tuple[...], dict[str, ...] (or Mapping) and
dataclasses of these. Used for what crosses the control socket and for what the recorder notes in its state folder.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar, cast

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
T = TypeVar("T")


class CodecError(ValueError):
    """JSON data that is not the value asked for; the text names the type and what did not fit."""


def to_json(value: object) -> Json:
    """A value of the model as JSON data. Raises TypeError for what the codec does not carry."""
    return _ENCODERS[type(value)](value)


def from_json(kind: type[T], data: Json) -> T:
    """JSON data as a value of the model.

    Unknown fields are ignored and fields that have a default may be missing, so that a newer recorder and an older
    dashboard understand each other. Raises CodecError when the data does not fit.
    """
    return _read(kind, lambda: decoder(cast(Hashable, kind))(data))


class Reader(Generic[T]):
    """Reads one kind of value that comes again and again and differs little from time to time.

    Whatever is as it was the last time is the same object as then, and costs no more than to compare its JSON data.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._before: tuple[Json, T] | None = None

    def read(self, data: Json) -> T:
        """As `from_json`. Raises CodecError."""
        if self._before is None:
            value = from_json(self._kind, data)
        else:
            value = _read(self._kind, lambda: _again(cast(Hashable, self._kind))(data, *cast(_Before, self._before)))
        self._before = data, value
        return value


_Before = tuple[Json, object]
_Again = Callable[[Json, Json, object], object]
"""Decodes data, given other data before it and what that was."""


def _read(kind: type[T], decode: Callable[[], object]) -> T:
    try:
        return cast(T, decode())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CodecError(f"not a {getattr(kind, '__name__', kind)}: {error}") from None


_PLAIN = frozenset({str, int, float, bool, types.NoneType})
"""Most of what there is: it is its own JSON data."""


class _Encoders(dict[type, Callable[[object], Json]]):
    """By class what makes JSON data of its values; made when one comes first."""

    def __missing__(self, kind: type) -> Callable[[object], Json]:
        made = self[kind] = _encoder(kind)
        return made


_ENCODERS = _Encoders()


def _encoder(kind: type) -> Callable[[object], Json]:
    if issubclass(kind, StrEnum):
        return lambda value: cast(StrEnum, value).value
    if kind in _PLAIN or issubclass(kind, str | int | float):
        return lambda value: cast(Json, value)
    if issubclass(kind, datetime):
        return lambda value: cast(datetime, value).isoformat()
    if issubclass(kind, tuple | list):
        return lambda value: [
            item if type(item) in _PLAIN else _ENCODERS[type(item)](item) for item in cast("tuple[Json, ...]", value)
        ]
    if issubclass(kind, Mapping):
        return lambda value: {str(key): to_json(item) for key, item in cast("Mapping[object, object]", value).items()}
    if dataclasses.is_dataclass(kind):
        return _record_encoder(kind)
    raise TypeError(f"the codec does not carry {kind.__name__}")


def _record_encoder(kind: type) -> Callable[[object], Json]:
    names = _field_names(cast(Hashable, kind))
    values_of = values_of_fields(names)
    return lambda value: {
        name: item if type(item) in _PLAIN else _ENCODERS[type(item)](item)
        for name, item in zip(names, values_of(value), strict=True)
    }


def values_of_fields(names: tuple[str, ...]) -> Callable[[object], tuple[Json, ...]]:
    """The values of these fields, in one look."""
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


@functools.cache
def field_kinds(kind: Hashable) -> Mapping[str, Hashable]:
    """The types of the fields of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {name: hints[name] for name in _field_names(kind)}


@functools.cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    return tuple(entry.name for entry in dataclasses.fields(cast(type, kind)))


@functools.cache
def decoder(kind: Hashable) -> Callable[[Json], object]:
    """What makes a value of this kind of JSON data, raising whatever comes of data that does not fit."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _optional(kind)
    if origin is tuple:
        return _sequence(kind)
    if origin in (dict, Mapping):
        item = decoder(typing.get_args(kind)[1])
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
    decode = decoder(inner[0])
    return lambda data: None if data is None else decode(data)


def _sequence(kind: Hashable) -> Callable[[Json], object]:
    arguments = typing.get_args(kind)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        decode = decoder(arguments[0])
        return lambda data: tuple(decode(item) for item in cast("list[Json]", data))
    decoders = [decoder(argument) for argument in arguments]
    return lambda data: tuple(decode(item) for decode, item in zip(decoders, cast("list[Json]", data), strict=True))


def _scalar(kind: type) -> Callable[[Json], object]:
    def decode(data: Json) -> object:
        if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
            raise TypeError(f"found {data!r}, accepted {kind.__name__}")
        return data

    return decode


def _record(kind: type) -> Callable[[Json], object]:
    decoders = {name: decoder(of) for name, of in field_kinds(cast(Hashable, kind)).items()}
    names, items = tuple(decoders), tuple(decoders.values())

    def decode(data: Json) -> object:
        fields = cast("dict[str, Json]", data)
        if tuple(fields) == names:  # a recorder of this version: of log lines a thousand may come in a second
            return kind(*[item(value) for item, value in zip(items, fields.values(), strict=True)])
        return kind(**{name: item(fields[name]) for name, item in decoders.items() if name in fields})

    return decode


@functools.cache
def _again(kind: Hashable) -> _Again:
    """For records, tuples of any length, and either of these or nothing; all else is read as if it came first."""
    arguments = typing.get_args(kind)
    if types.NoneType in arguments:
        inner = _again(next(argument for argument in arguments if argument is not types.NoneType))
        first = decoder(kind)
        return lambda data, before, value: first(data) if data is None or before is None else inner(data, before, value)
    if typing.get_origin(kind) is tuple and arguments[1:] == (Ellipsis,):
        return _sequence_again(arguments[0])
    if dataclasses.is_dataclass(kind):
        return _record_again(cast(type, kind))
    decode = decoder(kind)
    return lambda data, before, value: decode(data)


def _sequence_again(kind: Hashable) -> _Again:
    decode, decode_again = decoder(kind), _again(kind)

    def again(data: Json, before: Json, value: object) -> object:
        items, had, made = cast("list[Json]", data), cast("list[Json]", before), cast("tuple[object, ...]", value)
        same = [
            old if item == old_item else decode_again(item, old_item, old)
            for item, old_item, old in zip(items, had, made, strict=False)
        ]
        return (*same, *map(decode, items[len(same) :]))

    return again


def _record_again(kind: type) -> _Again:
    of = field_kinds(cast(Hashable, kind))
    names, first = tuple(of), decoder(cast(Hashable, kind))
    if len(names) < 2:
        return lambda data, before, value: first(data)
    parts = {name: (number, _again(of[name])) for number, name in enumerate(names)}
    values_of = operator.attrgetter(*names)

    def again(data: Json, before: Json, value: object) -> object:
        fields, had = cast("dict[str, Json]", data), cast("dict[str, Json]", before)
        if list(fields) != list(had):  # another recorder than before
            return first(data)
        values = list(values_of(value))
        for name, new, old in zip(fields, fields.values(), had.values(), strict=True):
            if new != old and name in parts:
                number, part = parts[name]
                values[number] = part(new, old, values[number])
        return kind(*values)

    return again
