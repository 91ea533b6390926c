"""The logs of all cameras, merged by time, or of the one that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vmstui.tui.arrange import Pane
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.views import View
from vmstui.tui.widgets.log_pane import LogPane

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour


class LogsScreen(PanesScreen):
    """All of them, to begin with."""

    VIEW: ClassVar[View] = View.LOGS
    PANES: ClassVar[tuple[Pane, ...]] = (Pane.LOG,)

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour)
        self.pane(LogPane).everyone = True

    def mean(self, camera: str) -> None:
        """A camera that is named is looked at alone."""
        super().mean(camera)
        self.pane(LogPane).show_everyone(False)
