"""What comes from the terminal before Textual sees it: keys that were pressed while the dashboard was starting are
given to it, and answers that nobody waits for any more are taken out.

Textual would take such an answer for keys: the end of `ESC [ ? 62 ; 4 c` alone would open the help. It has no way in
for this, so its parser is replaced by one that looks first; and only where there is anything to look for.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

from vmstui.tui.graphics import LateAnswers, Terminal


def install(terminal: Terminal) -> None:
    """For the dashboard that is about to start on this terminal."""
    linux_driver.XTermParser = _parser_for(terminal)  # type: ignore[attr-defined]


def _parser_for(terminal: Terminal) -> type[XTermParser]:
    before = [terminal.typed] if terminal.typed else []
    late = LateAnswers()
    late.over = not terminal.awaited

    class Parser(XTermParser):
        """Textual's, behind that."""

        def feed(self, data: str) -> Iterable[Message]:
            """What was read; nothing at the end."""
            yield from self._take_before()
            if not data:
                yield from super().feed(data)
            elif rest := late.without(data.encode("utf-8", "surrogateescape")):
                yield from super().feed(rest.decode("utf-8", "surrogateescape"))

        def tick(self) -> Iterable[Message]:
            """Called several times a second."""
            yield from self._take_before()
            yield from super().tick()

        def _take_before(self) -> Iterable[Message]:
            while before:
                if rest := late.without(before.pop()):
                    yield from super().feed(rest.decode("utf-8", "replace"))

    return Parser
