"""A bundle of a camera for a bug report: asks where, has `vmstui bundle` make it in a process of its own, and says
where it is. What goes into it, and that no secret does, is the matter of that command.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from vmstui.sanitise import clean
from vmstui.tui.actions import binding, key_of
from vmstui.tui.child import command, complaint
from vmstui.tui.log_desk import free_name, wrong_name
from vmstui.tui.screens.ask import Ask
from vmstui.tui.screens.dialog import Dialog

MOST_LINES = 12


def ask_bundle(app: App[Any], config: str, camera: str, name: str, now: datetime) -> None:
    """Ask for a file and make it."""
    file_name = f"vmstui-bundle-{re.sub(r'[^A-Za-z0-9_.-]', '_', camera)}-{now.astimezone():%Y%m%d_%H%M%S}.tar.gz"
    begin = free_name(os.path.join(os.getcwd(), file_name))
    text = (
        f"What a bug report about {name} needs, in one file: command, versions, history of ends, findings, its last"
        " log lines, configuration. Passwords are masked. Which file?"
    )

    def named(out: str | None) -> None:
        if out is not None:
            app.push_screen(Bundle(config, camera, os.path.abspath(os.path.expanduser(out))))

    app.push_screen(Ask("Bundle for a bug report", text, begin, wrong_name), named)


def words(said: bytes) -> str:
    """What the command says of what it made: where it is, how large, what is missing, and to look through it."""
    lines = [clean(line) for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return "\n".join(lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], lines[-1]])


class Bundle(Dialog[None]):
    """Runs it, and stays until it was read what came of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(binding(action, "close") for action in ("view.back", "recorder.leave", "dialog.take")),
        binding("dialog.copy", "copy"),
    ]

    def __init__(self, config: str, camera: str, out: str) -> None:
        super().__init__("Bundle", "It is being put together…")
        self._config, self._camera, self._out = config, camera, out
        self.ended = self.made = False

    @property
    def said(self) -> str:
        """What is shown now."""
        return self._text

    def below(self) -> ComposeResult:
        """A hint."""
        yield Static(self.drawn("esc ends it, and nothing is left of it"), id="dialog-hint")

    def on_mount(self) -> None:
        """Begin."""
        self.run_worker(self._make(), group="bundle", exclusive=True)

    async def _make(self) -> None:
        try:
            async with command(self._config, "bundle", self._camera, "-o", self._out) as process:
                _, errors = await process.communicate()
                status = process.returncode
            self.made = status == 0
            told = (words(errors) if self.made else complaint(errors)) or f"the command ended with {status}"
        except (OSError, ValueError) as error:
            told = clean(str(error))
        self.ended = True
        self._text = told
        if self.is_mounted:
            self.query_one("#dialog-text", Static).update(self.drawn(told))
            copies = f"{key_of('dialog.copy')} copies the path (OSC 52), "
            keys = f"{copies if self.made else ''}esc closes"
            self.query_one("#dialog-hint", Static).update(self.drawn(keys))

    def action_close(self) -> None:
        """Closing the screen ends what it runs, which leaves nothing behind."""
        if not self.ended:
            self.notify("It was ended; there is no bundle.")
        self.dismiss()

    def action_copy(self) -> None:
        """Key."""
        if self.made:
            self.app.copy_to_clipboard(self._out)
            self.notify("The path is in the clipboard, if your terminal allows it (OSC 52).")
