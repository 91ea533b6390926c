"""How the fleet is looked at, and whom its keys mean: order, columns and filters, marks, silence; and what of that is
remembered. Called by the fleet screen and by commands; it owns no widget but asks the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from textual.screen import Screen

from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.tui import fleet_view
from vmstui.tui.actions import key_of
from vmstui.tui.fleet_rows import NAME, RowContext
from vmstui.tui.fleet_view import View, arranged, left_out
from vmstui.tui.format import day_and_clock, names, plural, zone
from vmstui.tui.lines import Role
from vmstui.tui.remembered import Chosen, Remembered, Silenced, silent, with_view, without
from vmstui.tui.screens.tell import Tell
from vmstui.tui.verdict import Banner
from vmstui.tui.widgets.fleet_table import FleetTable

SILENT_FOR = timedelta(hours=8)


class FleetDesk:
    """Of one fleet screen."""

    def __init__(
        self, screen: Screen[Any], table: FleetTable, remembered: Remembered, redraw: Callable[[], None]
    ) -> None:
        self._screen, self._table, self._remembered, self._redraw = screen, table, remembered, redraw
        self._recorder = ""
        self.view = remembered.chosen().view
        self.silenced: Silenced = {}
        self._snapshot: RecorderSnapshot | None = None

    # ------------------------------------------------------------------------------------------------- what is shown

    def hear(self, snapshot: RecorderSnapshot) -> None:
        """What there is now, whether the table is looked at or not."""
        self._snapshot = snapshot
        recorder = f"{snapshot.host}:{snapshot.config_path}"
        if recorder != self._recorder:  # the first picture, or another recorder
            chosen = self._remembered.chosen(recorder)
            typed = self.view.pattern if not self._recorder else ""  # before there was anything to be seen
            self.view = replace(chosen.view, pattern=typed or chosen.view.pattern)
            self.silenced, self._recorder = chosen.silenced, recorder
        there = {camera.id for camera in snapshot.cameras}
        if not self._table.marked <= there:
            self._table.mark(self._table.marked & there)

    def show(self, snapshot: RecorderSnapshot, context: RowContext) -> None:
        """Fill the table."""
        empty = ""
        if snapshot.cameras:
            empty = f"No camera matches {self.view.pattern!r}; esc shows all."
            if not self.view.pattern:
                empty = "No camera has a fault; esc shows all."
        silent_here = self.silent(snapshot.at) & {camera.id for camera in snapshot.cameras}
        self._table.update(arranged(snapshot, self.view, context), context, empty, self.view, silent_here)

    def banner(self) -> list[Banner]:
        """That not all cameras are shown, or nothing."""
        if self._snapshot is None:
            return []
        words, bad = left_out(self._snapshot, self.view, "esc")
        return [Banner(words, Role.PILL_WARN if bad else Role.LABEL)] if words else []

    def silent(self, now: datetime) -> frozenset[str]:
        """Cameras of which no notices come."""
        return silent(self.silenced, now)

    # ---------------------------------------------------------------------------------------------------- whom it means

    def meant(self) -> tuple[tuple[CameraSnapshot, ...], int]:
        """All that are marked, else the one under the cursor; and how many of them are not in the table now."""
        if self._snapshot is None:
            return (), 0
        cameras = self._snapshot.cameras
        if not self._table.marked:
            return tuple(one for one in cameras if one.id == self._table.selected_id), 0
        shown = {camera.id for camera in self._table.cameras}
        return tuple(one for one in cameras if one.id in self._table.marked), len(self._table.marked - shown)

    def back(self) -> bool:
        """A step back: marks go first, then what leaves cameras out; False where there is nothing of that."""
        if self._table.marked:
            self._table.mark(())
        elif self.view.pattern:
            self.look(replace(self.view, pattern=""))
        elif self.view.faults:
            self.look(replace(self.view, faults=False))
        else:
            return False
        return True

    def back_words(self) -> str:
        """What a step back does; empty where there is none."""
        return "unmark" if self._table.marked else "all" if self.view.leaves_out else ""

    # ------------------------------------------------------------------------------------------------------- its looks

    def look(self, view: View, *, keep: bool = True) -> None:
        """Look at it that way from now on; what is only being typed is not kept."""
        self.view = view
        self._redraw()
        if keep:
            self._remember(with_view(view))

    def faults(self) -> None:
        """Only cameras with faults, or all again."""
        self.look(replace(self.view, faults=not self.view.faults))

    def sort(self, column: str = "", by: int = 0) -> None:
        """By that column, or the next one; by the one that it is sorted by already, the other way round."""
        view = self.view
        if by:
            self.look(fleet_view.sorted_by_next(view, by, self._table.columns_seen))
        else:
            again = column == view.sort
            self.look(fleet_view.sorted_by(view, column, backwards=again and not view.backwards))

    def reverse(self) -> None:
        """The other way round."""
        self.look(replace(self.view, backwards=not self.view.backwards))

    def hide(self, column: str) -> None:
        """Without that column."""
        if column == NAME:
            self._say("The name of a camera stays: without it no row could be told from another.")
            return
        self.look(fleet_view.hides(self.view, column))

    def show_column(self, column: str) -> None:
        """With that column, where it can be had."""
        self.look(fleet_view.with_column(self.view, column))
        if column not in self._table.columns_seen:
            self._say(f"There is no room for {fleet_view.title(column)} here: hide another one.")

    def usual(self) -> None:
        """Columns and order of somebody who asked for nothing."""
        self.look(fleet_view.usual(self.view))

    # --------------------------------------------------------------------------------------------------------- silence

    def silence(self, cameras: tuple[CameraSnapshot, ...], for_: timedelta | None = SILENT_FOR) -> None:
        """No notices of them for that long; None: until somebody undoes it."""
        if self._snapshot is None or not cameras:
            return
        until = self._snapshot.at + for_ if for_ is not None else None
        self._silence(dict(self.silenced) | {camera.id: until for camera in cameras})
        when = f"until {self._when(until)}" if until is not None else f"until {key_of('table.silence')} undoes it"
        who = cameras[0].name if len(cameras) == 1 else plural(len(cameras), "camera")
        self._say(f"No notices of {who} {when}. What is wrong is still shown.")

    def unsilence(self, cameras: tuple[CameraSnapshot, ...]) -> None:
        """Notices of them come again."""
        silenced = self.silenced
        for camera in cameras:
            silenced = without(silenced, camera.id)
        self._silence(silenced)
        self._say(f"Notices of {names([camera.name for camera in cameras], 6)} come again.")

    def toggle_silence(self, cameras: tuple[CameraSnapshot, ...]) -> None:
        """Silence them; where all of them are silent, not any more."""
        if self._snapshot is None or not cameras:
            return
        quiet = self.silent(self._snapshot.at)
        if all(camera.id in quiet for camera in cameras):
            self.unsilence(cameras)
        else:
            self.silence(cameras)

    def list_silences(self) -> None:
        """Who is silent, and until when."""
        if self._snapshot is None:
            return
        quiet = self.silent(self._snapshot.at)
        lines = []
        for camera in self._snapshot.cameras:
            if camera.id in quiet:
                until = self.silenced[camera.id]
                lines.append(f"{camera.name}: {f'until {self._when(until)}' if until else 'until it is undone'}")
        undo = f"{key_of('table.silence')} on a camera, or :unsilence, undoes it."
        text = "\n".join([*lines, "", undo]) if lines else f"No camera is silent. {key_of('table.silence')} makes one."
        self._screen.app.push_screen(Tell("No notices of", text))

    def _silence(self, silenced: Silenced) -> None:
        now = self._snapshot.at if self._snapshot is not None else None
        self.silenced = {one: until for one, until in silenced.items() if until is None or now is None or until > now}
        self._redraw()
        self._remember(lambda chosen: replace(chosen, silenced=self.silenced))

    def _when(self, until: datetime) -> str:
        where = zone(self._snapshot.timezone) if self._snapshot is not None else None
        return day_and_clock(until, where)[:16]

    # --------------------------------------------------------------------------------------------------------- keeping

    def _remember(self, change: Callable[[Chosen], Chosen]) -> None:
        for sentence in self._remembered.remember(self._recorder, change):
            self._screen.app.notify(sentence, severity="warning", timeout=10)

    def _say(self, sentence: str) -> None:
        self._screen.app.notify(sentence)
