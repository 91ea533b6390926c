"""What a person wants done with cameras: asked first where that may cost something, sent, and its end told.

One camera or several are the same wish: one question that names them, a request for each, so that one that is refused
holds nobody else up, and one answer (`asked`). Called by the fleet screen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from textual.screen import Screen

from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.findings import ExplainedFinding, Severity
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.sanitise import clean
from vmstui.tui import questions, questions_many
from vmstui.tui.actions import key_of
from vmstui.tui.asked import Asked
from vmstui.tui.format import names, plural, short_span
from vmstui.tui.questions import Question
from vmstui.tui.screens.acknowledge import proposed
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.severity import PROBLEM, weight
from vmstui.tui.source import Recorder, harmless

KNOWN_FOR_S = 8 * 3600.0
"""A shift."""
Cameras = Sequence[CameraSnapshot]


class Wishes:
    """Over one recorder, in the name of a screen."""

    def __init__(
        self,
        screen: Screen[Any],
        recorder: Recorder,
        snapshot: Callable[[], RecorderSnapshot | None],
        redraw: Callable[[], None],
    ) -> None:
        self._screen, self._recorder = screen, recorder
        self._snapshot, self._redraw = snapshot, redraw
        self.asked = Asked()

    def restart(self, cameras: Cameras, *, by_name: bool = False, unseen: int = 0) -> None:
        """Restart, after asking where that costs footage, or where they were not chosen by the cursor. `unseen`: so
        many of them are not in the table now."""
        snapshot = self._snapshot()
        wanted = [camera for camera in cameras if camera.wanted]
        if snapshot is None or not cameras:
            return
        if not wanted:
            who = f"{cameras[0].name} is" if len(cameras) == 1 else f"All {len(cameras)} are"
            self._say(f"{who} stopped; {key_of('camera.toggle')} starts {'it' if len(cameras) == 1 else 'them'}.")
            return
        if len(cameras) == 1:
            question = questions.restart(snapshot, wanted[0], by_name=by_name)
        else:
            question = questions_many.restart(snapshot, wanted, unseen)
        question = _besides(question, [one for one in cameras if not one.wanted], "stopped, and stays so")
        self._ask(question, lambda: self._send("restart", wanted, self._recorder.restart))

    def stop(self, cameras: Cameras, *, unseen: int = 0) -> None:
        """Stop recording, after asking."""
        snapshot = self._snapshot()
        wanted = [camera for camera in cameras if camera.wanted] or list(cameras)
        if snapshot is None or not cameras:
            return
        question = questions.stop(snapshot, wanted[0]) if len(cameras) == 1 else questions_many.stop(wanted, unseen)
        question = _besides(question, [one for one in cameras if one not in wanted], "stopped already") or question
        self._ask(question, lambda: self._send("stop", wanted, self._recorder.stop))

    def start(self, cameras: Cameras, *, by_name: bool = False, unseen: int = 0) -> None:
        """Start recording, after asking where they were not chosen by the cursor."""
        if len(cameras) > 1:
            off = [camera for camera in cameras if not camera.wanted]
            if not off:
                self._say(f"All {len(cameras)} are recorded already.")
                return
            question: Question | None = questions_many.start(off, unseen)
            question = _besides(question, [one for one in cameras if one.wanted], "recorded already")
        else:
            off = list(cameras)
            question = questions.start(off[0]) if by_name else None
        self._ask(question, lambda: self._send("start", off, self._recorder.start))

    def acknowledge(self, cameras: Cameras, *, unseen: int = 0) -> None:
        """What is told of cameras is known for a while, after asking; what is critical is not among it."""
        self._screen.run_worker(self._acknowledge(tuple(cameras), unseen), group="acknowledge", exclusive=True)

    async def _acknowledge(self, cameras: Cameras, unseen: int) -> None:
        wanted = {camera.id for camera in cameras}
        try:
            page = harmless(await self._recorder.findings(None))
        except RecorderError as error:
            self._say(clean(str(error)), error=True)
            return
        told = [row for row in page.rows if row.finding.camera in wanted and row.active and row.acknowledgement is None]
        told = [row for row in told if weight(row.finding) >= PROBLEM]
        rows = [row for row in told if row.finding.severity is not Severity.CRITICAL]
        critical = len(told) - len(rows)
        of = cameras[0].name if len(cameras) == 1 else plural(len(cameras), "camera")
        if not rows:
            what = f"{plural(critical, 'critical finding')}: {key_of('view.findings')} acknowledges each on its own"
            self._say(f"Of {of} there is only {what}." if critical else f"Of {of} there is nothing to acknowledge.")
            return
        question = questions_many.acknowledge(rows, cameras, KNOWN_FOR_S, critical, unseen)
        self._ask(question, lambda: self._screen.run_worker(self._make_known(rows), group="requests"))

    async def _make_known(self, rows: Sequence[ExplainedFinding]) -> None:
        refused: dict[str, list[str]] = {}
        done = 0
        for row in rows:
            finding = row.finding
            ceiling = proposed(finding.rate_per_min)
            try:
                await self._recorder.acknowledge(
                    finding.camera, finding.fingerprint, finding.origin, KNOWN_FOR_S,
                    float(ceiling) if ceiling else None, "",
                )  # fmt: skip
                done += 1
            except RecorderError as error:
                refused.setdefault(clean(str(error)), []).append(finding.camera)
        lines = [f"Acknowledged for {short_span(KNOWN_FOR_S)}: {plural(done, 'finding')}."] if done else []
        lines += [f"Not of {names(of, 6)}: {reason}" for reason, of in refused.items()]
        if done:
            lines.append(f"{key_of('view.findings')}, then {key_of('findings.known')}, lists and takes back.")
        self._say("\n".join(lines), error=bool(refused))

    # ------------------------------------------------------------------------------------------------------ the ways

    def _say(self, sentence: str, *, error: bool = False) -> None:
        self._screen.app.notify(sentence, severity="error" if error else "information")

    def _ask(self, question: Question | None, then: Callable[[], object]) -> None:
        if question is None:
            then()
            return
        dialog = Confirm(question.title, question.text, question.yes)
        self._screen.app.push_screen(dialog, lambda agreed: (then(), None)[1] if agreed else None)

    def _send(self, verb: str, cameras: Cameras, call: Callable[[tuple[str, ...]], Awaitable[None]]) -> None:
        async def send() -> None:
            lost = ""
            for camera in cameras:
                try:
                    if not lost:
                        await call((camera.id,))
                        continue
                except RecorderLost as error:
                    lost = clean(str(error))
                    reason = lost
                except RecorderError as error:
                    reason = clean(str(error))
                else:
                    reason = lost
                if told := self.asked.refused(camera.id, reason):
                    self._say(told, error=True)
                self._redraw()

        self.asked.note(verb, cameras)
        self._redraw()
        self._screen.run_worker(send(), group="requests")


def _besides(question: Question | None, others: Cameras, are: str) -> Question | None:
    """The question, which also says of whom nothing is asked."""
    if question is None or not others:
        return question
    text = f"{question.text}\n{names([one.name for one in others], questions_many.FEW)}: {are}."
    return Question(question.title, text, question.yes)
