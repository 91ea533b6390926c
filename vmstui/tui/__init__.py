"""The dashboard. Nothing outside this package imports Textual, and importing this package does not either.

`run` is the only door: `cli` calls it with a connected client, prints `Leave.sentence` when it returns.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vmstui.settings.folders import CHOSEN_FILE, own_state_folder
from vmstui.tui.leave import Leave

if TYPE_CHECKING:
    from vmstui.tui.graphics import Terminal
    from vmstui.tui.source import Recorder

__all__ = ["Leave", "Recorder", "run"]


def run(
    recorder: Recorder,
    *,
    readonly: bool = False,
    theme: str | None = None,
    ascii_only: bool = False,
    mouse: bool = True,
    wallboard: bool = False,
    terminal: Terminal | None = None,
    added: str = "",
) -> Leave:
    """Show the dashboard on this terminal until the person leaves.

    The recorder is first used inside the dashboard's own event loop and closed by it. `readonly` takes every action
    that changes something away; `theme` is the name of a theme, None for the one that was chosen last, else the
    default; `ascii_only` draws with ASCII even where the terminal could do more (it is automatic where the terminal is
    not UTF-8); without `mouse` the terminal keeps it, to select text with; `wallboard` begins with all cameras at once;
    `terminal` is what it was found to be, None for one that shows characters; `added` is a camera to be followed from
    its start. What the person chooses is kept in their state folder.
    """
    from vmstui.tui.app import Dashboard
    from vmstui.tui.remembered import Remembered
    from vmstui.tui.way_out import remember

    remember()
    if terminal is not None and (terminal.awaited or terminal.typed):
        from vmstui.tui.inlet import install

        install(terminal)
    dashboard = Dashboard(
        recorder,
        readonly=readonly,
        theme=theme,
        ascii_only=ascii_only,
        wallboard=wallboard,
        terminal=terminal,
        remembered=Remembered(os.path.join(own_state_folder(), CHOSEN_FILE)),
    )
    if added:
        dashboard.fleet.camera_desk.follow(added)
    try:
        return dashboard.run(mouse=mouse) or Leave.DETACHED
    finally:
        dashboard.has_left()
