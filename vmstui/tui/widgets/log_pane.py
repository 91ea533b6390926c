"""The log pane: what the workers wrote, from a ring of 100,000 lines.

It asks the recorder for what is new and tells how the log stands; how lines are shown, and the ways through them, is in
`log_body`, and what they mean in `log_meaning`: only while that is wanted the recorder is asked for it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from vmstui.control.errors import RecorderError
from vmstui.findings import Seen
from vmstui.logged import LogLevel, LogLine, RunLog
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.sanitise import clean
from vmstui.tui.actions import key_of
from vmstui.tui.format import clock, plural, zone
from vmstui.tui.glyphs import DOT, ELLIPSIS
from vmstui.tui.lines import Line, Role, pack
from vmstui.tui.log_match import Pattern
from vmstui.tui.log_ring import CAPACITY, LogRing, Rule, Threshold
from vmstui.tui.log_view import LogView
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.widgets.log_body import LogBody
from vmstui.tui.widgets.log_meaning import Meaning
from vmstui.tui.widgets.log_text import LogText, Place
from vmstui.tui.widgets.pane import Pane

PAGE = 1000
"""Lines per question; of more that come between two of them the newest. Nobody reads that many, and to take them in
must not keep keys waiting."""
PAGE_OF_FLOOD = 200
"""In place of these where most are passed over anyway: more than a screen has, and little to take in."""
PAGES_AT_ONCE = 5
"""While a line is sought."""
RUN_LINES = 2000
"""Of a run that is over."""
_OLDEST = 1
"""A cursor after which come all lines that the recorder holds."""
_CUT = 300
"""Of a finding's line so much or more is kept; what is shorter is whole."""


class LogPane(Pane):
    """The log of the selected camera, or of all."""

    TITLE: ClassVar[str] = "Log"
    period_s = 0.5

    def __init__(self, recorder: Recorder, capacity: int = CAPACITY) -> None:
        self.log_body = LogBody(capacity)
        super().__init__(recorder, self.log_body, id="log")
        self.everyone = False
        self.started_at: datetime | None = None
        """When the present run of the camera began."""
        self.run: RunLog | None = None
        """A run that is over, whose lines are shown instead of those that come."""
        self._back = 0
        """Which one: so many before the present one."""
        self._present: tuple[LogView, Place] | None = None
        """What was shown before that, and where."""
        self._after = 0
        self._flooded = False
        """Twice as many lines came at the last question as there are in a page."""
        self._capacity = capacity
        self.meaning = Meaning(recorder, self.log_body, lambda: None if self.everyone else self.camera)
        self.explaining = False
        """How bad each line is is shown."""
        self._sought: Seen | None = None
        """A line that is to be shown as soon as it is there."""
        self._sought_from_oldest = False

    def compose(self) -> ComposeResult:
        """Below the lines what one of them means."""
        yield from super().compose()
        yield self.meaning

    async def ask(self) -> None:
        """What was written since the last question; nothing is while a run is shown that is over."""
        if self.run is not None:
            return
        scope = None if self.everyone else self.camera
        for _ in range(PAGES_AT_ONCE):
            asked = self._after
            seeking = self._sought is not None
            limit = PAGE_OF_FLOOD if self._flooded and not seeking else PAGE
            page = harmless(
                await self.recorder.logs(scope, self._after, limit, explain=self.explaining, newest=not seeking)
            )
            first, self._after = asked == 0, page.next_seq
            lines = page.lines
            self._flooded = not seeking and asked > _OLDEST and page.missed + len(lines) > 2 * PAGE
            if limit < PAGE and not self._flooded:  # the flood is over: all of these are to be shown
                self._after = asked
                continue
            if page.missed and lines and asked > _OLDEST:
                lines = (_missed(page.missed, lines[0]), *lines)
            if self.run is not None:  # since then: these are asked for again
                self._after = asked
                return
            if lines:
                self.log_body.append(lines)
            if self._sought is not None:
                self._seek(all_there=len(page.lines) < PAGE)
            if len(page.lines) < PAGE or first or not seeking:
                return

    def forget(self) -> None:
        """Lines of another camera are nobody's."""
        if self.run is not None or not self.everyone:
            self.start_over()

    def start_over(self) -> None:
        """Forget the lines and the cursor; the next question asks for the newest lines."""
        self._after = 0
        if self.run is not None:
            self.run = self._present = None
            self.log_body.put(LogView(self._capacity), Place())
        self.log_body.clear()

    def show_everyone(self, everyone: bool) -> None:
        """Whether the lines of all cameras are shown."""
        if everyone != self.everyone or self.run is not None:
            self.everyone = everyone
            self.start_over()
            self._ask_again()
            body = self.log_body
            body.restyle(replace(body.looks, with_camera=everyone))
            self.set_filter(body.rule.pattern.typed, literal=body.rule.pattern.literal)
            self.set_search(body.view.search.typed, literal=body.view.search.literal)
            self.retitle()

    def update(self, snapshot: RecorderSnapshot, camera: CameraSnapshot) -> None:
        """A new tick: only its time matters here, and since when the camera runs."""
        self.started_at = camera.started_at
        body = self.log_body
        several = self.everyone and self.run is None
        names = {one.id: one.name for one in snapshot.cameras} if several else {}
        where = zone(snapshot.timezone)
        body.restyle(replace(body.looks, where=where, with_camera=several, names=names, now=snapshot.at))
        self.retitle()

    def set_filter(self, typed: str, *, literal: bool = False) -> None:
        """Show what contains this."""
        pattern = Pattern(typed, literal, self.everyone, self.log_body.looks.names)
        if pattern != self.log_body.rule.pattern:
            self.log_body.apply(Rule(self.log_body.rule.threshold, pattern))

    def set_search(self, typed: str, *, literal: bool = False) -> None:
        """Search for this."""
        pattern = Pattern(typed, literal, self.everyone, self.log_body.looks.names)
        if pattern != self.log_body.view.search:
            self.log_body.search(pattern)

    def to_start(self) -> None:
        """Go to where the present run begins."""
        since = self.log_body.view.since(self.started_at, self.camera) if self.started_at is not None else None
        if since is None:
            self.notify("The camera has not started, or nothing was said since.")
        else:
            self.log_body.go_to(since)

    def explain(self, explaining: bool) -> None:
        """Whether it is shown how bad each line is."""
        self.explaining = explaining
        body = self.log_body
        body.restyle(replace(body.looks, explained=explaining))
        self.meaning.styles.display = "block" if explaining else "none"
        if explaining:
            if self.run is None:  # of one that is over each line came with that
                self.meaning.explain_all()
            self.meaning.tell()
        else:
            self.meaning.rest()
        self.retitle()

    def seek(self, seen: Seen) -> None:
        """Show that line of the camera, once it is there; where it is not any more, what came when it did."""
        if self.everyone or self.run is not None:
            self.everyone = False
            self.start_over()
            self.log_body.restyle(replace(self.log_body.looks, with_camera=False))
        self._sought, self._sought_from_oldest = seen, False
        if self.log_body.rule != Rule():
            self.log_body.apply(Rule())  # what hides it must not make it unfindable
        self._ask_again()

    def _seek(self, *, all_there: bool) -> None:
        seen, view = self._sought, self.log_body.view
        assert seen is not None
        found = nearest(view.ring, seen)
        if found is not None:
            self._sought = None
            self.log_body.go_to(found)
        elif not self._sought_from_oldest and len(view.ring) >= PAGE:
            self._sought_from_oldest, self._after = True, _OLDEST
            self.log_body.clear()
        elif all_there:
            self._sought = None
            since = view.since(seen.at) if seen.at is not None else None
            if since is not None and since > view.ring.oldest:
                self.log_body.go_to(since)
            self.notify(
                f"That line is not in the present log any more; {key_of('log.previous_run')} shows the run before."
            )

    def toggle_previous(self) -> None:
        """The run before the present one, or the present one again."""
        if self.run is None:
            self._show_run(1)
            return
        self.run = None
        if self._present is not None:
            self.log_body.put(*self._present)
            self._present = None
            if self.explaining:
                self.meaning.explain_all()
        self.retitle()

    def show_earlier(self) -> None:
        """The run before the one that is shown."""
        self._show_run(self._back + 1 if self.run is not None else 1)

    def _show_run(self, back: int) -> None:
        camera = self.camera

        async def show() -> None:
            if camera is None:
                return
            try:
                run = harmless(await self.recorder.run_log(camera, back, RUN_LINES))
            except RecorderError as error:
                self.notify(clean(str(error)), severity="warning")
                return
            if camera == self.camera:
                self._put(run, back)

        self.run_worker(show(), group="past-run", exclusive=True)

    def _put(self, run: RunLog, back: int) -> None:
        view = LogView(max(len(run.lines), 1))
        view.ring.append(run.lines)
        before = self.log_body.put(view, Place(), run.untimed)
        if self.run is None:
            self._present = before
        self.run, self._back = run, back
        self.log_body.restyle(replace(self.log_body.looks, with_camera=False))
        self.retitle()

    @on(LogText.Changed)
    def _changed(self) -> None:
        self.retitle()
        if self.explaining:
            self.meaning.tell()

    def about(self) -> str:
        """Whose it is."""
        if self.run is not None:
            return f"{self.camera_name}, run {self.run.generation}"
        return "all cameras" if self.everyone else self.camera_name

    def found(self) -> tuple[str, bool]:
        """What becomes of what is searched for, and whether something is wrong with it."""
        view = self.log_body.view
        if view.given_up:
            return f"{view.given_up} takes too long", True
        if view.search.trouble:
            return f"as a text ({view.search.trouble}): {view.hits}", True
        if not view.search:
            return "", False
        more = "" if view.settled else ELLIPSIS
        at = f"{self.log_body.hit} of " if self.log_body.hit else ""
        around = ", past the end" if self.log_body.wrapped_around else ""
        return f"{at}{view.hits}{more}{around}", False

    def filtered(self) -> tuple[str, bool]:
        """What becomes of the filter, and whether something is wrong with it."""
        view = self.log_body.view
        if view.given_up:
            return f"{view.given_up} takes too long", True
        shown = f"{view.shown}{'' if view.settled else ELLIPSIS} of {len(view.ring)}"
        trouble = view.rule.pattern.trouble
        return (f"as a text ({trouble}): {shown}", True) if trouble else (shown, False)

    def status(self) -> Line:
        """Following or paused, what arrived meanwhile, what is searched for and what is left out; the first of it where
        there is no room for all."""
        body, view = self.log_body, self.log_body.view
        parts: list[tuple[int, Line]] = []
        if self.explaining and self.run is not None and not any(line.severity for line in self.run.lines):
            parts.append((3, (("not explained", Role.DIM),)))
        elif self.explaining:
            parts.append((3, (("explained", Role.BUSY),)))
        if self.run is not None:
            last = clock(self.run.last_at, body.looks.where)
            older = ", older lines in its files" if self.run.older else ""
            parts.append((0, ((f"over since {last}", Role.BUSY),)))
            parts.append((4, ((f"p present run{older}", Role.DIM),)))
        elif body.following:
            parts.append((0, (("following", Role.DIM),)))
        else:
            new = f"+{body.new_lines} new"
            warned = f", {plural(body.new_warnings, 'warning')}" if body.new_warnings else ""
            role = Role.WARN if body.new_warnings else Role.BUSY
            parts.append((0, (("paused ", Role.BUSY), (new + warned, role))))
        rule = view.rule
        if view.given_up:
            parts.append((1, ((f"{view.given_up} takes too long", Role.WARN),)))
        if view.search:
            words, wrong = self.found()
            parts.append((1, ((f"/{view.search.typed}", Role.MATCH), (f" {words}", Role.WARN if wrong else Role.DIM))))
        if rule.threshold is not Threshold.ALL:
            parts.append((2, ((rule.threshold.words, Role.BUSY),)))
        if rule.pattern:
            parts.append((1, ((f"&{rule.pattern.typed}", Role.MATCH),)))
        if not rule.open:
            parts.append((3, ((f"{view.shown} of {len(view.ring)}", Role.DIM),)))
        return pack(parts, max(self.size.width - 24, 20), (f" {DOT} ", Role.DIM))


def nearest(ring: LogRing, seen: Seen) -> int | None:
    """Number of the line with that text, of several the one that came nearest to when that did; None: it is not
    there."""
    found: tuple[float, int] | None = None
    for number in range(ring.end - 1, ring.oldest - 1, -1):
        line = ring.line(number)
        if line.text == seen.text or (len(seen.text) >= _CUT and line.text.startswith(seen.text)):
            if seen.at is None:
                return number
            away = abs((line.at - seen.at).total_seconds()), number
            if found is not None and away[0] > found[0]:
                break  # further up it is only further away
            found = away
    return found[1] if found is not None else None


def _missed(count: int, following: LogLine) -> LogLine:
    words = f"{ELLIPSIS} {plural(count, 'line')} came too fast to be shown here, they are in the log files"
    return replace(following, level=LogLevel.UNKNOWN, component="vmstui", text=words)
