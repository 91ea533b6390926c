"""Screens over others of which nothing is seen meanwhile: pictures, and what is said of a terminal that is too small.

What is below such a screen is neither told of news nor asks for any, until it is seen again (`ViewScreen`): it would be
drawn for nobody, and, as Textual draws what is below a dialog with it, sent to the terminal, too.
"""

from __future__ import annotations

from textual.app import App
from textual.screen import ModalScreen

from vmstui.tui.leave import Leave


class Covering(ModalScreen[None]):
    """Fills the terminal, and its background is opaque (`vmstui.tcss`)."""


def is_covered(app: App[Leave]) -> bool:
    """Whether one is open, perhaps below a dialog."""
    return any(isinstance(screen, Covering) for screen in app.screen_stack)
