"""Everything of one camera: details, charts, log, history and footage, as many beside each other as have room."""

from __future__ import annotations

from typing import ClassVar

from vmstui.tui.arrange import Pane
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.views import View


class CameraScreen(PanesScreen):
    """Of the camera that is meant."""

    VIEW: ClassVar[View] = View.CAMERA
    PANES: ClassVar[tuple[Pane, ...]] = (Pane.DETAILS, Pane.CHARTS, Pane.LOG, Pane.HISTORY, Pane.SEGMENTS)
