"""The dashboard. Nothing outside this package imports Textual, and importing this package does not either.

`run` is the only door: `cli` calls it with a connected client, prints `Leave.sentence` when it returns.
"""

from __future__ import annotations

from vmstui.tui.graphics import Terminal
from vmstui.tui.leave import Leave
from vmstui.tui.source import Recorder

__all__ = ["Leave", "Recorder", "run"]


def run(
    recorder: Recorder,
    *,
    readonly: bool = False,
    theme: str | None = None,
    ascii_only: bool = False,
    mouse: bool = True,
    terminal: Terminal | None = None,
) -> Leave:
    """Show the dashboard on this terminal until the person leaves.

    The recorder is first used inside the dashboard's own event loop and closed by it. `readonly` takes every action
    that changes something away; `theme` is the name of a theme, None for the default; `ascii_only` draws with ASCII
    even where the terminal could do more (it is automatic where the terminal is not UTF-8); without `mouse` the
    terminal keeps it, to select text with; `terminal` is what it was
    found to be, None for one that shows characters.
    """
    from vmstui.tui.app import Dashboard

    if terminal is not None and (terminal.awaited or terminal.typed):
        from vmstui.tui.inlet import install

        install(terminal)
    dashboard = Dashboard(recorder, readonly=readonly, theme=theme, ascii_only=ascii_only, terminal=terminal)
    try:
        return dashboard.run(mouse=mouse) or Leave.DETACHED
    finally:
        dashboard.has_left()
