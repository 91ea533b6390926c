"""The footage of the camera that is meant: files, gaps, days, locks."""

from __future__ import annotations

from typing import ClassVar

from vmstui.tui.arrange import Pane
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.views import View


class SegmentsScreen(PanesScreen):
    """Of one camera, with the whole screen for it."""

    VIEW: ClassVar[View] = View.SEGMENTS
    PANES: ClassVar[tuple[Pane, ...]] = (Pane.SEGMENTS,)
