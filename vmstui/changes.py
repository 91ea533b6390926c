"""What is different between two values of the model that are told one after the other, as JSON data; and taken in.

A recorder with hundreds of cameras tells of all of them every second, and most of what it tells is as it was. Such a
difference is `[new]` where something is another thing than before, and `{name: difference}` where only parts of a
record or of a mapping are, or `{"3": difference}` of a list of as many records as before, by their places. Both sides
must hold the same value before it: `control/telling.py` makes sure of that.

Pure. The recorder calls `difference`, the dashboard `changed`; what is not named in one is the same object as before.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar, cast

from vmstui.codec import CodecError, Json, decoder, field_kinds, values_of_fields

T = TypeVar("T")

Difference = Json
"""`[new]`, or parts by name or place."""


def difference(before: Json, after: Json) -> Difference:
    """What makes `after` out of `before`; `{}` where there is none. Both are of the same kind, so that equal is alike:
    `1` and `true` stand in no place one after the other."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        return {name: difference(before[name], value) for name, value in after.items() if value != before[name]}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        if before == after:
            return {}
        if isinstance(after[0], dict):
            pairs = enumerate(zip(before, after, strict=True))
            return {str(place): difference(old, new) for place, (old, new) in pairs if new != old}
    return [after]


def changed(kind: type[T], value: T, told: Difference) -> T:
    """`value` with a difference taken in. Raises CodecError when it does not fit."""
    try:
        return cast(T, _changer(cast(Hashable, kind))(told, value))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CodecError(f"not a change of a {getattr(kind, '__name__', kind)}: {error}") from None


_Changer = Callable[[Difference, object], object]


@functools.cache
def _changer(kind: Hashable) -> _Changer:
    decode, parts = decoder(kind), _parts_of(kind)

    def change(told: Difference, value: object) -> object:
        if isinstance(told, list):
            (new,) = told
            return decode(new)
        if not isinstance(told, dict):
            raise TypeError(f"found {told!r}, accepted [new] or the parts that changed")
        return parts(told, value) if told else value

    return change


_Parts = Callable[[dict[str, Json], object], object]


def _parts_of(kind: Hashable) -> _Parts:
    arguments = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _parts_of(next(argument for argument in arguments if argument is not types.NoneType))
    if origin is tuple:
        return _parts_of_tuple(arguments)
    if origin in (dict, Mapping):
        return _parts_of_mapping(arguments[1])
    if dataclasses.is_dataclass(kind):
        return _parts_of_record(cast(type, kind))

    def none(told: dict[str, Json], value: object) -> object:
        raise TypeError(f"found parts of a {type(value).__name__}, which has none")

    return none


def _parts_of_tuple(kinds: tuple[Hashable, ...]) -> _Parts:
    def parts(told: dict[str, Json], value: object) -> object:
        items = list(cast("tuple[object, ...]", value))
        for name, item in told.items():
            place = int(name)
            kind = kinds[0] if kinds[-1] is Ellipsis else kinds[place]
            items[place] = _changer(kind)(item, items[place])
        return tuple(items)

    return parts


def _parts_of_mapping(kind: Hashable) -> _Parts:
    def parts(told: dict[str, Json], value: object) -> object:
        had, change = cast("Mapping[str, object]", value), _changer(kind)
        return {**had, **{name: change(item, had[name]) for name, item in told.items()}}

    return parts


def _parts_of_record(kind: type) -> _Parts:
    of = field_kinds(cast(Hashable, kind))
    names = tuple(of)
    known = {name: (number, decoder(of[name]), of[name]) for number, name in enumerate(names)}
    values_of = values_of_fields(names)

    def parts(told: dict[str, Json], value: object) -> object:
        values: list[object] = list(values_of(value))
        for name, item in told.items():
            if name not in known:
                continue  # a newer recorder tells more than we know
            place, decode, of_part = known[name]
            if type(item) is list and len(item) == 1:  # as a rule
                values[place] = decode(item[0])
            else:
                values[place] = _changer(of_part)(item, values[place])
        return kind(*values)

    return parts
