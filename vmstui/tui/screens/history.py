"""What happened to all cameras, and why, merged by time; or to the one that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vmstui.tui.arrange import Pane
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.views import View
from vmstui.tui.widgets.history import HistoryPane

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour


class HistoryScreen(PanesScreen):
    """Of all of them, to begin with."""

    VIEW: ClassVar[View] = View.HISTORY
    PANES: ClassVar[tuple[Pane, ...]] = (Pane.HISTORY,)

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour)
        self.pane(HistoryPane).everyone = True

    def mean(self, camera: str) -> None:
        """A camera that is named is looked at alone."""
        super().mean(camera)
        self.pane(HistoryPane).show_everyone(False)
