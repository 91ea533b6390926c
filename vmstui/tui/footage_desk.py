"""What is done with footage on the dashboard: look at it, find its file, export it, lock it, go to another time.

Asks for what has to be known, and hands over to a command of ours or to the recorder. Called by the fleet screen with
what was meant in the segments pane.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from textual.screen import Screen

from vmstui.control.errors import RecorderError
from vmstui.sanitise import clean
from vmstui.times import TimeError, parse_time
from vmstui.tui.actions import key_of
from vmstui.tui.format import clock, day_and_clock, plural, size, span
from vmstui.tui.graphics import Terminal
from vmstui.tui.log_desk import free_name
from vmstui.tui.screens.ask import Ask
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.tell import Tell
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.stretch import Kind, Range, Row, file_name
from vmstui.tui.widgets.segments import SegmentsBody, SegmentsPane

MAX_NOTE = 500
DAYS = 62
OPENER = "VMSTUI_OPENER"
"""Command that opens a file on the desktop; without one, `xdg-open` where there is a desktop."""


class FootageDesk:
    """Over the segments pane of a screen."""

    def __init__(self, screen: Screen[Any], recorder: Recorder, pane: SegmentsPane) -> None:
        self._screen, self._recorder, self._pane = screen, recorder, pane
        self.config = ""
        """Configuration of the recorder, from its snapshot: commands shall mean the same one."""
        self.terminal = Terminal()
        """Which pictures it can show."""

    def take(self, asked: SegmentsBody.Asked) -> None:
        """A key was pressed in the pane."""
        row, wanted = asked.row, asked.range
        match asked.verb:
            case "open_file":
                self._open_file(row)
            case "still":
                self._still(row, wanted.camera)
            case "export":
                self._export(wanted)
            case "lock":
                self._lock(wanted)
            case "unlock":
                self._unlock(row)
            case "go_to_time":
                self._go_to_time()
            case "go_to_day":
                self._go_to_day(wanted.camera, row.at)

    def still_of(self, camera: str, name: str) -> None:
        """A picture of what is being recorded of a camera."""
        self._show_still(camera, name)

    def _show_still(self, what: str, name: str) -> None:
        from vmstui.tui.screens.still import Still  # here, as are other dialogs that few ask for

        self._screen.app.push_screen(Still(self.config, what, name, self.terminal))

    @property
    def _where(self) -> tzinfo | None:
        return self._pane.list.where

    # ------------------------------------------------------------------------------------------------------- looking

    def _still(self, row: Row, camera: str) -> None:
        if row.kind is Kind.OPEN:
            self.still_of(camera, self._pane.camera_name)
        elif row.segment is not None:
            path = row.segment.path
            self._show_still(path, os.path.basename(path))
        else:
            self._say("Nothing was recorded then, so there is no picture of it.")

    def _open_file(self, row: Row) -> None:
        if row.kind is Kind.OPEN:
            shows = f"{key_of('segments.still')} shows it now."
            self._say(f"It is being written: its file gets its name once it is closed. {shows}")
            return
        if row.segment is None:
            self._say("Nothing was recorded then, so there is no file.")
            return
        path = row.segment.path
        self._screen.app.copy_to_clipboard(path)
        lines = [path, ""]
        if not os.path.exists(path):
            lines.append("The file is not there any more.")
        elif opener := _opener():
            lines.append(_opened([*opener, path]))
        lines.append("The path is in the clipboard, if your terminal allows it (OSC 52).")
        self._screen.app.push_screen(Tell("File of the segment", "\n".join(lines), path))

    # ------------------------------------------------------------------------------------------------------ exporting

    def _export(self, wanted: Range) -> None:
        from vmstui.tui.screens.export import Export

        if wanted.reaches_now and wanted.segments:
            wanted = replace(wanted, until=self._closed_until(wanted))
        if not wanted.segments:
            self._say("There is no closed segment in that: what is being written can be exported once it is closed.")
            return
        begin = free_name(os.path.join(os.getcwd(), file_name(wanted, self._where)))
        text = f"{self._told(wanted)}\nWithout re-encoding, from keyframe to keyframe. Which file?"

        def named(out: str | None) -> None:
            if out is not None:
                path = os.path.abspath(os.path.expanduser(out))
                self._screen.app.push_screen(Export(self.config, wanted, path))

        self._screen.app.push_screen(Ask("Export footage", text, begin, _wrong_name), named)

    def _closed_until(self, wanted: Range) -> datetime:
        ends = (row.until for row in self._pane.list.rows if row.segment is not None)
        return max((end for end in ends if end <= wanted.until), default=wanted.until)

    # -------------------------------------------------------------------------------------------------------- locking

    def _lock(self, wanted: Range) -> None:
        async def send(note: str) -> None:
            held = harmless(await self._recorder.lock(wanted.camera, wanted.since, wanted.until, note))
            what = f"{plural(held.segments, 'segment')}, {size(held.size_bytes)}" if held.segments else "what comes"
            self._say(f"Lock {held.lock.id}: {what}, stays until it is unlocked (U, or vmstui unlock {held.lock.id}).")
            self._pane.again()

        def noted(note: str | None) -> None:
            if note is not None:
                self._run(lambda: send(note))

        text = f"{self._told(wanted)}\nRetention leaves it alone until it is unlocked. Why? (may be left empty)"
        self._screen.app.push_screen(Ask("Lock footage", text, check=_wrong_note), noted)

    def _unlock(self, row: Row) -> None:
        lock = row.lock
        if lock is None:
            self._say("That is not locked; the column `kept` tells what is.")
            return

        async def send() -> None:
            await self._recorder.unlock(lock.id)
            self._say(f"Lock {lock.id} is given back.")
            self._pane.again()

        since, until = (day_and_clock(at, self._where) for at in (lock.since, lock.until))
        noted = f"\n{lock.note}" if lock.note else ""
        text = f"{since} to {until}, locked by {lock.by}.{noted}\nIt is deleted when its time has come."
        dialog = Confirm(f"Give lock {lock.id} back?", text, "Unlock")
        self._screen.app.push_screen(dialog, lambda agreed: self._run(send) if agreed else None)

    # --------------------------------------------------------------------------------------------------------- moving

    def _go_to_time(self) -> None:
        now, where = self._pane.list.now, self._where

        def wrong(typed: str) -> str:
            try:
                return "" if parse_time(typed, now, where) <= now else "That has not come yet."
            except TimeError as error:
                return str(error)

        def typed(text: str | None) -> None:
            if text is not None:
                self._pane.jump(parse_time(text, now, where))

        text = "07:54 (today), yesterday 18:00, 2025-10-20, 2025-10-20T07:54, -2h"
        self._screen.app.push_screen(Ask("Go to which time?", text, check=wrong), typed)

    def _go_to_day(self, camera: str, at: datetime) -> None:
        from vmstui.tui.screens.days import Days

        async def ask() -> None:
            days = harmless(await self._recorder.days(camera, DAYS))
            if not days:
                self._say("There is no footage of this camera yet.")
                return
            dialog = Days(self._pane.camera_name, days, self._where, at)
            self._screen.app.push_screen(dialog, chosen)

        def chosen(began_at: datetime | None) -> None:
            if began_at is not None:
                self._pane.jump(began_at, forward=True)

        self._run(ask)

    # --------------------------------------------------------------------------------------------------------- common

    def _told(self, wanted: Range) -> str:
        since, until = day_and_clock(wanted.since, self._where), clock(wanted.until, self._where)
        held = f"{plural(wanted.segments, 'segment')}, {size(wanted.size_bytes)}"
        return f"{self._pane.camera_name}, {since} to {until} ({span(wanted.length_s)}): {held}."

    def _run(self, send: Callable[[], Awaitable[None]]) -> None:
        async def sent() -> None:
            try:
                await send()
            except RecorderError as error:
                self._screen.notify(clean(str(error)), severity="error")

        self._screen.run_worker(sent(), group="requests")

    def _say(self, words: str) -> None:
        self._screen.notify(words)


def _wrong_name(typed: str) -> str:
    """What `vmstui export` would refuse, told before it is started."""
    path = os.path.abspath(os.path.expanduser(typed))
    if not typed.lower().endswith(".mp4") or os.path.basename(path).lower() == ".mp4":
        return "The name has to end in .mp4."
    if not os.path.isdir(os.path.dirname(path)):
        return f"The folder {clean(os.path.dirname(path))} does not exist."
    return f"{clean(path)} exists, and nothing is overwritten." if os.path.lexists(path) else ""


def _wrong_note(typed: str) -> str:
    return f"{len(typed)} characters, accepted at most {MAX_NOTE}" if len(typed) > MAX_NOTE else ""


def _opener() -> list[str]:
    """The command that opens files, empty where there is no desktop: over SSH the path is all there is."""
    if chosen := os.environ.get(OPENER):
        return shlex.split(chosen)
    desktop = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    return ["xdg-open"] if desktop and shutil.which("xdg-open") else []


def _opened(argv: list[str]) -> str:
    with contextlib.suppress(OSError):
        subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return f"Opened with {clean(argv[0])}."
    return f"{clean(argv[0])} could not be started."
