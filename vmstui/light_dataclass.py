"""`dataclass` for frozen, slotted classes: their modules load sooner, and they take less memory.

Python's own writes source code for seven methods of each class, and compiles it whenever the module is loaded: for the
two hundred classes of the service a quarter of the time in which it comes up, and 1.2 MB for as long as it runs. Here
only `__init__` is made for each; how values are compared, hashed, told and kept from being changed is written once for
all of them. `replace`, `fields`, `asdict` and the like of `dataclasses` work as ever.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool, slots: bool) -> Any:
        """As that of `dataclasses`, for what is both, which is said for people and for type checkers."""
        assert frozen
        assert slots
        return _made


def _made(kind: Any) -> Any:
    for name, method in _SHARED.items():
        if name not in kind.__dict__:
            setattr(kind, name, method)
    kind.__doc__ = kind.__doc__ or kind.__name__  # else the signature would be put into words for it
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(kind)
    fields = dataclasses.fields(made)
    made._compared = attrgetter(*[entry.name for entry in fields if entry.compare] or ["__class__"])
    made.__init__ = _initialiser(made, fields)
    return made


def _initialiser(made: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """`__init__` of the class: it fills the slots past `__setattr__`, which refuses."""
    names: dict[str, object] = {"MISSING": dataclasses.MISSING}
    parameters, lines = ["self"], []
    for entry in fields:
        assert entry.init, "not provided for here"
        assert not entry.kw_only, "not provided for here"
        name = value = entry.name
        names[f"_set_{name}"] = getattr(made, name).__set__
        if entry.default is not dataclasses.MISSING:
            names[f"_default_{name}"] = entry.default
            parameters.append(f"{name}=_default_{name}")
        elif entry.default_factory is not dataclasses.MISSING:
            names[f"_make_{name}"] = entry.default_factory
            parameters.append(f"{name}=MISSING")
            value = f"_make_{name}() if {name} is MISSING else {name}"
        else:
            parameters.append(name)
        lines.append(f"    _set_{name}(self, {value})\n")
    exec(f"def __init__({', '.join(parameters)}):\n{''.join(lines) or '    pass'}", names)
    initialiser: Any = names["__init__"]
    initialiser.__qualname__ = f"{made.__qualname__}.__init__"
    initialiser.__module__ = made.__module__
    return initialiser


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    compared = self._compared
    return compared(self) == compared(other)


def _hash(self: Any) -> int:
    return hash(self._compared(self))


@recursive_repr()
def _told(self: Any) -> str:
    told = [f"{entry.name}={getattr(self, entry.name)!r}" for entry in dataclasses.fields(self) if entry.repr]
    return f"{self.__class__.__qualname__}({', '.join(told)})"


def _reduced(self: Any) -> tuple[Any, tuple[object, ...]]:
    """For `copy` and `pickle`."""
    return self.__class__, tuple([getattr(self, entry.name) for entry in dataclasses.fields(self)])


def _refuse_to_set(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_SHARED = {
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _told,
    "__reduce__": _reduced,
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
}
