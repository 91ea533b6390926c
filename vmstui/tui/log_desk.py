"""What is done with the lines of the log pane outside of it: a file of them, a pager.

The pager gets plain text from memory, so that nothing is left behind, and the terminal while it runs. The dashboard
goes on reading the recorder meanwhile but draws nothing: what it would write to a terminal that it does not own would
fill its queue, and then it would wait for itself (research/terminal_dashboards.md C6). Called by the fleet screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import termios
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from textual.app import SuspendNotSupported
from textual.screen import Screen

from vmstui.sanitise import clean
from vmstui.tui.format import plural
from vmstui.tui.screens.ask import Ask
from vmstui.tui.widgets.log_pane import LogPane

END_S = 2.0
"""A pager that is told to end gets so long."""


class LogDesk:
    """Over the log pane of a screen."""

    def __init__(self, screen: Screen[Any], pane: LogPane) -> None:
        self._screen, self._pane = screen, pane
        self.paging = False
        """A pager has the terminal: ctrl+c, which goes to both of us, means it."""

    # -------------------------------------------------------------------------------------------------------- a file

    def save(self, now: datetime) -> None:
        """Ask for a name and write all lines that are shown to a new file of it."""
        count = self._pane.log_body.view.shown
        if not count:
            self._screen.notify("There is nothing to save.")
            return
        begin = free_name(os.path.join(os.getcwd(), self._name(now)))
        text = f"{plural(count, 'line')}, as they are shown but with their dates and with repeats unfolded. Which file?"

        def named(out: str | None) -> None:
            if out is not None:
                path = os.path.abspath(os.path.expanduser(out))
                self._screen.run_worker(self._write(path), group="log-file")

        self._screen.app.push_screen(Ask("Save the log", text, begin, wrong_name), named)

    async def _write(self, path: str) -> None:
        lines = list(self._pane.log_body.records())
        try:
            size = await asyncio.to_thread(written, path, lines)
        except OSError as error:
            self._screen.notify(f"{clean(path)} was not written: {error.strerror}.", severity="error")
        else:
            self._screen.notify(f"{plural(len(lines), 'line')}, {size:,} bytes, are in {clean(path)}.", timeout=10)

    def _name(self, now: datetime) -> str:
        pane = self._pane
        whose = "all" if pane.everyone and pane.run is None else pane.camera or "log"
        run = f"_run{pane.run.generation}" if pane.run is not None else ""
        at = now.astimezone(pane.log_body.looks.where)
        return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', whose)}{run}_{at:%Y%m%d_%H%M%S}.log"

    # ------------------------------------------------------------------------------------------------------- a pager

    def page(self, *, readonly: bool) -> None:
        """Give the terminal to `$PAGER` with all lines that are shown."""
        # Of all pagers less alone can be told to do nothing else (LESSSECURE): others start a shell or write files.
        argv = pager("less" if readonly else os.environ.get("PAGER", ""))
        if not argv or (readonly and not shutil.which("less")):
            lacking = "neither $PAGER nor less nor more is" if not readonly else "less, which only shows, is not"
            self._screen.notify(f"There is no pager: {lacking} there.", severity="warning")
            return
        body = self._pane.log_body
        row = body.view.row_of(body.current) if body.current is not None else None
        if row is None:
            self._screen.notify("There is nothing to show.")
            return
        lines = list(body.records())
        if os.path.basename(argv[0]) == "less":
            numbers = list(body.view.kept())
            argv.append("+G" if body.following else f"+{numbers.index(row.number) + 1}g")
        self._screen.run_worker(self._run(argv, lines, readonly=readonly), group="pager", exclusive=True)

    async def _run(self, argv: list[str], lines: list[str], *, readonly: bool) -> None:
        app = self._screen.app
        environment = dict(os.environ) | ({"LESSSECURE": "1"} if readonly else {})
        trouble = ""
        self.paging = True
        try:
            with app.batch_update(), app.suspend():
                try:
                    with _settings_of_terminal():
                        await _shown(argv, lines, environment)
                except OSError as error:  # in here: else the terminal would not be taken back
                    trouble = f"{clean(argv[0])} could not be started: {error.strerror}."
        except SuspendNotSupported:
            trouble = "A pager needs a terminal of its own."
        finally:
            self.paging = False
        app.refresh(layout=True)
        if trouble:
            self._screen.notify(trouble, severity="warning")


def written(path: str, lines: Iterable[str]) -> int:
    """Write lines to a new file that only its owner may read; its size. Raises OSError, also where there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            return os.fstat(descriptor).st_size
    except OSError:
        os.unlink(path)  # half of it would look like all
        raise


def wrong_name(typed: str) -> str:
    """What is wrong with the name of a file that is to be made; empty if nothing is."""
    path = os.path.abspath(os.path.expanduser(typed))
    if not typed:
        return "A file needs a name."
    if not os.path.isdir(os.path.dirname(path)):
        return f"The folder {clean(os.path.dirname(path))} does not exist."
    return f"{clean(path)} exists, and nothing is overwritten." if os.path.lexists(path) else ""


def free_name(path: str) -> str:
    """The name, or one like it that no file has."""
    stem, ending = os.path.splitext(path)
    names = (path, *(f"{stem}_{number}{ending}" for number in range(2, 100)))
    return next((name for name in names if not os.path.lexists(name)), path)


def pager(wanted: str) -> list[str]:
    """The command of `$PAGER`, else of a pager that is there; empty where none is."""
    with contextlib.suppress(ValueError):
        if argv := shlex.split(wanted):
            return argv
    return next(([name] for name in ("less", "more") if shutil.which(name)), [])


@contextlib.contextmanager
def _in_memory(lines: Iterable[str]) -> Iterator[int]:
    """A descriptor from which the lines are read."""
    descriptor = os.memfd_create("log")
    try:
        with os.fdopen(os.dup(descriptor), "w", encoding="utf-8", errors="replace") as file:
            file.writelines(f"{line}\n" for line in lines)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _settings_of_terminal() -> Iterator[None]:
    """As they were before: a pager that is killed leaves its own, and the shell would find them when we have left."""
    try:
        found = termios.tcgetattr(0)
    except termios.error:
        found = None
    try:
        yield
    finally:
        if found is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, found)


async def _shown(argv: list[str], lines: list[str], environment: dict[str, str]) -> None:
    """Until the pager has ended. Raises OSError."""
    with _in_memory(lines) as descriptor:
        process = await asyncio.create_subprocess_exec(*argv, stdin=descriptor, env=environment)
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """The dashboard is left, whoever asked for that."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await process.wait()
                return
        process.kill()
