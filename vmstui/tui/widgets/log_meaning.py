"""What the lines of the log pane mean: which message each of those that are held is, and, below them, what the one at
the cursor means.

Works only while that is switched on. Lines that came before are asked about once more, the newest first, and put in the
place of the same ones; what messages mean is asked for when a message is met that is not known yet, every two seconds
at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from vmstui.control.errors import RecorderError
from vmstui.findings import ExplainedFinding
from vmstui.logged import LogLine
from vmstui.tui.format import wrap
from vmstui.tui.glyphs import ARROW, DOT
from vmstui.tui.lines import Line, Role, cut
from vmstui.tui.log_lines import LEVEL_ROLE
from vmstui.tui.log_ring import NOTABLE
from vmstui.tui.severity import severity_span
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.widgets.log_text import LogText
from vmstui.tui.widgets.painter import LineBar

LINES = 3
PAGE = 1000
PAGES_BACK = 20
"""As much as the recorder holds of a camera, at most."""
BREATH_S = 0.05
"""Between two pages of what came before."""
PERIOD_S = 2.0


class Meaning(LineBar):
    """Below the log, of the line at the cursor."""

    def __init__(self, recorder: Recorder, text: LogText, scope: Callable[[], str | None]) -> None:
        """`scope` tells whose lines are shown; None: those of all cameras."""
        super().__init__(id="log-meaning")
        self._recorder, self._text, self._scope = recorder, text, scope
        self._known: dict[str, ExplainedFinding] = {}
        """By id of the message."""
        self._asked_s = float("-inf")
        self.refused = ""
        """Why nothing can be explained; empty when it can."""

    # ------------------------------------------------------------------------------------------------------- asking

    def explain_all(self) -> None:
        """Of the lines that are held, say which messages they are."""
        self.run_worker(self._explain(), group="explain", exclusive=True)

    def rest(self) -> None:
        """Not asked for any more."""
        self.workers.cancel_group(self, "explain")
        self.workers.cancel_group(self, "meaning")
        self.show_lines()

    async def _explain(self) -> None:
        scope, ring = self._scope(), self._text.view.ring
        newest = ring.end
        for _ in range(PAGES_BACK):
            oldest = max(newest - PAGE, ring.oldest)
            if oldest >= newest:
                return
            after = max(ring.line(oldest).seq - 1, 1)  # after 0 the newest ones would be given
            try:
                page = harmless(await self._recorder.logs(scope, after, PAGE, explain=True))
            except RecorderError:
                return  # the pane says why, as it asks as well
            if ring is not self._text.view.ring or scope != self._scope():
                return
            self._text.explain(page.lines)
            newest = oldest
            await asyncio.sleep(BREATH_S)

    async def _ask(self) -> None:
        try:
            page = harmless(await self._recorder.findings(self._scope()))
        except RecorderError as error:
            self.refused = str(error)
            if "unknown method" in self.refused:
                self.refused = "this recorder is of an older version, which does not say what messages mean"
            self.tell()
            return
        self.refused = ""
        self._known |= {row.finding.message: row for row in page.rows if row.finding.message}
        self.tell(again=False)

    # --------------------------------------------------------------------------------------------------------- telling

    def tell(self, *, again: bool = True) -> None:
        """Of the line that is at the cursor now."""
        text, cells = self._text, max(self.size.width, 20)
        number = text.cursor
        line = text.view.ring.line(number) if number is not None and number >= text.view.ring.oldest else None
        if line is not None and line.message and line.message not in self._known and again and not self.refused:
            now_s = time.monotonic()
            if now_s - self._asked_s >= PERIOD_S:
                self._asked_s = now_s
                self.run_worker(self._ask(), group="meaning", exclusive=True)
        lines = meaning_lines(line, self._known.get(line.message) if line is not None else None, cells)
        if self.refused:
            lines = [((f" {self.refused}", Role.WARN),)]
        self.show_lines(*lines)


def meaning_lines(line: LogLine | None, known: ExplainedFinding | None, cells: int) -> list[Line]:
    """What a line means, and what to do, in `LINES` lines at most."""
    if line is None:
        return [((" ↑ or a click chooses a line; what it means stands here then.", Role.DIM),)]
    if line.severity is None:
        words = (
            f" Nobody knows this one; ffmpeg calls it {line.level}." if line.level in NOTABLE else " Ordinary output."
        )
        return [((words, LEVEL_ROLE[line.level] if line.level in NOTABLE else Role.DIM),)]
    word, role = severity_span(line.severity)
    head: Line = ((f" {word}", role), (f"  {line.message}", Role.LABEL))
    if known is None:
        return [head, ((" No finding of it is kept now, as of noise at a start.", Role.DIM),)]
    now = known.finding.severity
    if now is not None and now is not line.severity:
        head = (*head, (f"  {DOT} now {now}, by how often it comes", Role.WARN))
    told: list[Line] = [((f" {words}", Role.TEXT),) for words in wrap(known.cause, cells - 2)]
    if len(told) < LINES - 1:
        return [head, *told, cut(((f" {ARROW} {known.action}", Role.STRONG),), cells)]
    return [head, told[0], cut(((f" {ARROW} {known.action}", Role.STRONG),), cells)]
