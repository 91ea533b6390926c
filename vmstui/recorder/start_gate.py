"""When a start may go: so many a second to one host and so many in all, first come first served.

A switch that reboots ends all cameras behind it in the same second. Their starts then pass here one after the other, so
that neither an NVR with 32 channels nor this machine gets them all at once. Where nothing is amiss nobody waits: what a
bucket holds lets a single death, and a small fleet as a whole, pass at once.

The buckets are pure, with the clock passed in; `StartGate` is their shell on the service's loop, one for all cameras.
"""

from __future__ import annotations

import asyncio
import ipaddress
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from urllib.parse import urlsplit

PATIENCE_S = 1.0
"""A start that waits longer than this says so."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the long run, and so many at once after a time of rest."""

    per_s: float
    at_once: int


PER_HOST = Rate(4.0, 8)
IN_ALL = Rate(20.0, 64)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket, as the one number it needs: when it will be full again (generic cell rate algorithm)."""

    rate: Rate
    full_s: float = 0.0

    def wait_s(self, now_s: float) -> float:
        """Seconds until a token can be taken; 0 when one is there."""
        return max(0.0, self.full_s - now_s - (self.rate.at_once - 1) / self.rate.per_s)

    def taken(self, now_s: float) -> Bucket:
        """The bucket after a token was taken from it."""
        return replace(self, full_s=max(self.full_s, now_s) + 1 / self.rate.per_s)


@dataclass(order=True, slots=True)
class _Turn:
    """A start that waits; they sort in the order in which they may go."""

    later: bool
    number: int
    come: asyncio.Future[None] = field(compare=False)


class StartGate:
    """The starts of all cameras of one service."""

    def __init__(self, per_host: Rate = PER_HOST, in_all: Rate = IN_ALL) -> None:
        self._per_host = per_host
        self._all = Bucket(in_all)
        self._hosts: dict[str, Bucket] = {}
        """Of every host that was ever asked: as many as were configured."""
        self._queues: dict[str, list[_Turn]] = {}
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None
        self.told = (
            f"waits for its turn to start: {per_host.per_s:g} a second to one host, {in_all.per_s:g} a second in all"
        )

    async def turn(self, host: str, delayed: Callable[[str], None], *, first: bool = False) -> None:
        """Wait until a start to this host may go (`host_of`). May be cancelled; then somebody else's turn comes.

        `delayed` is called with a sentence if that takes more than a second, and with an empty one when it is over.

        `first` is for what a person asked for: it passes all others, but not the rates, which are owed to the camera
        and the machine. A person asks for few and looks on, while each of the others is delayed by a twentieth of a
        second; so it waits for the tokens of its own host only, and for those who asked before.
        """
        loop = asyncio.get_running_loop()
        mine = _Turn(not first, next(self._numbers), loop.create_future())
        queue = self._queues.setdefault(host, [])
        insort(queue, mine)
        self._let_go()
        if mine.come.done():
            return
        telling = loop.call_later(PATIENCE_S, delayed, self.told)
        try:
            await mine.come
        except asyncio.CancelledError:
            if mine in queue:
                self._leave(host, mine)
            raise
        finally:
            telling.cancel()
            delayed("")

    def _let_go(self) -> None:
        """Everybody whose turn has come; then wait for the next."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queues:
            wait_s = self._all.wait_s(now_s)
            if not wait_s:
                wait_s = min(self._bucket(host).wait_s(now_s) for host in self._queues)
            if wait_s:
                self._timer = loop.call_later(wait_s, self._let_go)
                return
            host = min(
                (turns[0], host) for host, turns in self._queues.items() if not self._bucket(host).wait_s(now_s)
            )[1]
            turn = self._queues[host][0]
            self._leave(host, turn)
            self._all = self._all.taken(now_s)
            if host:
                self._hosts[host] = self._bucket(host).taken(now_s)
            turn.come.set_result(None)

    def _leave(self, host: str, turn: _Turn) -> None:
        self._queues[host].remove(turn)
        if not self._queues[host]:
            del self._queues[host]

    def _bucket(self, host: str) -> Bucket:
        return self._hosts.get(host, Bucket(self._per_host))


def host_of(url: str) -> str:
    """Whom a start to this address troubles; empty for this machine itself.

    What listens here is no camera but something that passes cameras on, each stream another one: only the rate in all
    counts for them.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    return "" if here else host
