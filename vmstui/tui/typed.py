"""Keys, one after the other: each is taken by what the keys before it set off, however fast they come.

Textual hands a key to whatever has the focus when it arrives. Opening a field, pushing a dialog or moving the focus
takes some rounds of messages; of keys that come in one burst (a fast typist over a slow link, a paste into the
terminal, `tmux send-keys`) those behind the first would still go where that one went, and a text meant for a filter
would be taken as commands. So the app takes keys and pastes in here, and gets each of them back once what came before
it has come to rest.

Promises: nothing overtakes, nothing is taken twice. A key that comes alone waits for nobody. Text that is typed into a
field, a key that is held there to edit it and a cursor that is moved along do not wait in between. A dashboard that
never comes to rest (a busy log) takes a key `PATIENCE_S` after the one before it. What waits when the dashboard is left
is dropped. Nothing runs while no key comes. The mouse does not wait: nobody clicks on what is not there yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from textual.app import App, ScreenStackError
from textual.dom import DOMNode
from textual.events import Key, Paste
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from vmstui.tui.actions import ACTIONS, Scope, keys_of
from vmstui.tui.widgets.painter import LinePane

PATIENCE_S = 0.25
"""After a key, the next one waits no longer than this for rest."""
ROUNDS = 3
"""So often all that is under way is let through before patience counts: on a machine that is short of time, a dialog
may take longer than that to open."""
LIMIT_S = 2.0
"""A part of the dashboard that hangs keeps keys from the others no longer than this."""
SLICE_S = 0.05
"""So often is looked whether a screen that was waited for is still there."""

_EDITS = frozenset({"backspace", "delete", "left", "right", "home", "end"})
_MOVES = tuple(action.id for action in ACTIONS if action.scope is Scope.TABLE)


class _Run(Enum):
    """Keys that follow each other without a wait, because none of them changes where the next one goes."""

    NONE = auto()
    TEXT = auto()
    EDITS = auto()
    """Not one run with text: a field takes a letter itself, and these only once they have gone all the way up as keys
    that nobody takes, so that a letter behind them would overtake."""
    MOVES = auto()


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where keys go, and whether anything that could change that is under way."""

    screens: tuple[Screen[Any], ...]
    focused: Widget | None
    at_rest: bool


class Typed:
    """The keys that wait."""

    def __init__(self, app: App[Any], hand_over: Callable[[Key | Paste], Awaitable[None]]) -> None:
        """`hand_over` lets the app handle a key as Textual does; it is called in the app's own turn."""
        self._app = app
        self._hand_over = hand_over
        self._waiting: deque[Key | Paste] = deque()
        self._came = asyncio.Event()
        self._let_by = asyncio.Event()
        """What is waited for now; or a key has come that need not wait for it."""
        self._run = _Run.NONE
        self._place: Widget | None = None

    def take(self, event: Key | Paste) -> None:
        """A key or a paste has come."""
        self._waiting.extend(_pressed(event))
        self._came.set()
        with contextlib.suppress(ScreenStackError):  # everything is closed already
            if self._goes_along():
                self._let_by.set()

    async def run(self) -> None:
        """Give them back one by one, until the dashboard is left."""
        while True:
            # Whatever goes wrong in looking, it must not cost a key.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(LIMIT_S):
                    await self._rest()
            while not self._waiting:
                self._came.clear()
                await self._came.wait()
            event = self._waiting.popleft()
            try:
                self._place = self._app.focused
                if not self._app.screen.is_attached:
                    return
            except ScreenStackError:  # everything is closed already
                return
            self._run = _run_of(event, self._place)
            self._app.call_later(self._hand_over, event)

    async def _rest(self) -> None:
        """Until nothing is under way, twice in a row; or the next key need not wait for that."""
        patient_until = time.monotonic() + PATIENCE_S
        before: _Standing | None = None
        rounds = 0
        while not self._goes_along():
            now = await self._let_through()
            rounds += 1
            if now.at_rest and now == before:
                return
            if rounds >= ROUNDS and time.monotonic() > patient_until:
                return
            before = now

    def _goes_along(self) -> bool:
        """Whether the next key belongs to the same run as the one before."""
        if not self._waiting or self._run is _Run.NONE or self._app.focused is not self._place:
            return False
        return _run_of(self._waiting[0], self._place) is self._run

    async def _let_through(self) -> _Standing:
        """Wait for what is under way now: from the focus up, as keys and messages go, and then for the next picture."""
        screen, focused = self._app.screen, self._app.focused
        nodes: list[DOMNode] = (focused or screen).ancestors_with_self
        for schedule in [*(node.call_later for node in nodes), self._app.call_after_refresh]:
            if self._goes_along():
                break
            done = self._let_by = asyncio.Event()
            scheduled = schedule(done.set)
            # What a screen was to do after its next picture is forgotten when that screen is closed.
            while scheduled and not done.is_set() and self._app.screen is screen:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SLICE_S):
                        await done.wait()
        screen = self._app.screen
        parts: list[DOMNode] = [self._app, *screen.walk_children(with_self=True)]
        at_rest = not any(part.message_queue_size for part in parts)
        return _Standing(tuple(self._app.screen_stack), self._app.focused, at_rest)


def _run_of(event: Key | Paste, focused: Widget | None) -> _Run:
    """The run that a key belongs to, where that has the focus."""
    if isinstance(focused, Input) and (isinstance(event, Paste) or event.is_printable):
        return _Run.TEXT
    if isinstance(focused, Input) and isinstance(event, Key) and event.key in _EDITS:
        return _Run.EDITS
    if isinstance(focused, LinePane) and isinstance(event, Key):
        return _Run.MOVES if any(event.key in keys_of(move) for move in _MOVES) else _Run.NONE
    return _Run.NONE


def _pressed(event: Key | Paste) -> list[Key | Paste]:
    """The keys that were pressed: a terminal sends escape and a letter soon after it as it sends alt and that letter.

    No action can have a key with alt, and terminals that tell the two apart send no character with it. Of an enter that
    was pressed while the dashboard was still being loaded, the terminal made a line feed, as it does for a shell.
    """
    if isinstance(event, Key) and event.key == "ctrl+j":
        return [Key("enter", "\r")]
    if isinstance(event, Key) and event.key.startswith("alt+") and event.character and event.character.isalnum():
        return [Key("escape", "\x1b"), Key(event.character, event.character)]
    return [event]
