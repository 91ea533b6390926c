"""How many cameras may be handed over at a time: two workers cost twice what one does.

A hand-over of one camera costs the machine one worker more for some seconds. `restart --all`, or a new configuration,
would have all of them at once, and where they encode the CPU is not there for that: encoders fall behind, and the
recordings of all cameras suffer for a restart that nobody would have noticed. So each hand-over has its turn, first
come first served; meanwhile the present worker goes on. No start that nothing runs beside passes here: a death, a stop
and a replacement that ends the old worker first never wait for a turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

ENCODING = 1
"""The least there is: an encoder beside those that the machine was made for. Some GPUs have no more sessions either."""
COPYING = 8
"""One by copy costs half a per cent of a core, but twice the connections of its camera: what the start gate lets pass
to one host at once."""


class Turns:
    """The hand-overs of all cameras of one service."""

    def __init__(self, encoding: int = ENCODING, copying: int = COPYING) -> None:
        self._limits = {True: encoding, False: copying}
        self._having: dict[bool, set[Place]] = {True: set(), False: set()}
        self._waiting: dict[bool, list[Place]] = {True: [], False: []}

    def place(self, come: Callable[[], None]) -> Place:
        """For one camera; `come` is called when a turn that was not there at once has come."""
        return Place(self, come)

    def ask(self, place: Place, encodes: bool) -> bool:
        if place in self._having[encodes] or place in self._waiting[encodes]:
            return place in self._having[encodes]
        self.leave(place)  # it asked for one of the other kind
        self._waiting[encodes].append(place)
        self._let_in(encodes, tell=place)
        return place in self._having[encodes]

    def take(self, place: Place, encodes: bool) -> None:
        self.leave(place)
        self._having[encodes].add(place)

    def leave(self, place: Place) -> None:
        for kind, waiting in self._waiting.items():
            if place in waiting:
                waiting.remove(place)
            if place in self._having[kind]:
                self._having[kind].remove(place)
                self._let_in(kind)

    def before(self, place: Place) -> int | None:
        return next((turns.index(place) for turns in self._waiting.values() if place in turns), None)

    def _let_in(self, kind: bool, tell: Place | None = None) -> None:
        """Whoever's turn has come. `tell` sees for itself."""
        waiting, having = self._waiting[kind], self._having[kind]
        while waiting and len(having) < self._limits[kind]:
            place = waiting.pop(0)
            having.add(place)
            if place is not tell:
                asyncio.get_running_loop().call_soon(place.come)


class Place:
    """What one camera has to do with turns: none, one, or it waits for one."""

    def __init__(self, turns: Turns, come: Callable[[], None]) -> None:
        self.come = come
        self._turns = turns

    def ask(self, *, encodes: bool) -> bool:
        """Whether it is our turn, to start another worker that encodes or does not; else we wait for it from now on.

        May be asked again."""
        return self._turns.ask(self, encodes)

    def take(self, *, encodes: bool) -> None:
        """Both workers run already: whoever comes next waits until that is over, however many there are."""
        self._turns.take(self, encodes)

    def leave(self) -> None:
        """It is over, or not wanted any more. May be said at any time."""
        self._turns.leave(self)

    @property
    def before(self) -> int | None:
        """How many wait that were here before us; None where we do not wait."""
        return self._turns.before(self)
