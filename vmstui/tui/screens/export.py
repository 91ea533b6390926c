"""An export under way: how far it is, what came of it, and a key that ends it.

`vmstui export` does it, in a process of its own; what it tells as JSON is shown here.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from vmstui.sanitise import clean
from vmstui.tui.actions import binding
from vmstui.tui.child import command, complaint
from vmstui.tui.format import plural, size, span
from vmstui.tui.screens.dialog import Dialog
from vmstui.tui.stretch import Range

BAR = 40


@dataclass(frozen=True, slots=True)
class Heard:
    """What a line of the command says."""

    progress: str = ""
    result: str = ""


def hear(line: bytes) -> Heard:
    """A line of `vmstui export --json` in words; empty for what is none."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        told: dict[str, Any] = json.loads(line)
        if "progress" in told:
            what, share = str(told["progress"]["what"]), min(max(float(told["progress"]["share"]), 0.0), 1.0)
            done = round(share * BAR)
            return Heard(progress=clean(f"{what:<10} {'#' * done}{'-' * (BAR - done)} {share:4.0%}"))
        result = told["result"]
        lost = [float(gap["length_s"]) for gap in result["gaps"]]
        gaps = f"{plural(len(lost), 'gap')} of {span(sum(lost))} in all are in it" if lost else "no gap is in it"
        notes = [f"\n{clean(str(note))}" for note in result["notes"]]
        length = f"{span(result['duration_s'])}, {size(result['size_bytes'])}"
        return Heard(result=f"{clean(result['path'])}\n{length}; {gaps}.{''.join(notes)}")
    return Heard()


class Export(Dialog[None]):
    """Runs it, and stays until it was read what came of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("view.back", "close", "cancel, or close"),
        binding("dialog.take", "close_ended", "close"),
        binding("recorder.leave", "close_ended", "close"),
    ]

    def __init__(self, config: str, wanted: Range, out: str) -> None:
        super().__init__(f"Export to {out}", "starting…")
        self._config, self._wanted, self._out = config, wanted, out
        self.ended = False

    @property
    def said(self) -> str:
        """What is shown now."""
        return self._text

    def below(self) -> ComposeResult:
        """A hint."""
        yield Static(self.drawn("esc ends it, and nothing is left of it"), id="dialog-hint")

    def on_mount(self) -> None:
        """Begin."""
        self.run_worker(self._export(), group="export", exclusive=True)

    async def _export(self) -> None:
        wanted = self._wanted
        range_ = ("--from", wanted.since.isoformat(), "--to", wanted.until.isoformat())
        result = ""
        try:
            async with command(self._config, "export", wanted.camera, *range_, "--json", self._out) as process:
                assert process.stdout is not None
                assert process.stderr is not None
                async for line in process.stdout:
                    heard = hear(line)
                    result = heard.result or result
                    self._say(heard.progress)
                said = complaint(await process.stderr.read())
                status = await process.wait()
            told = result if status == 0 and result else said or f"the command ended with {status}"
        except (OSError, ValueError) as error:
            told = clean(str(error))
        self.ended = True
        self._say(told)

    def _say(self, text: str) -> None:
        self._text = text or self._text
        if self.is_mounted:
            self.query_one("#dialog-text", Static).update(self.drawn(self._text))
            if self.ended:
                self.query_one("#dialog-hint", Static).update(self.drawn("esc closes"))

    def action_close(self) -> None:
        """Closing the screen ends what it runs, which leaves nothing behind."""
        if not self.ended:
            self.notify("The export was ended; nothing is left of it.")
        self.dismiss()

    def action_close_ended(self) -> None:
        """Not by reflex while it goes on."""
        if self.ended:
            self.dismiss()
