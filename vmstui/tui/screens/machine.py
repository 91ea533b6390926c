"""The machine: what it is at now, and what it looked like over a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vmstui.measured import MACHINE
from vmstui.tui.arrange import Pane
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.views import View
from vmstui.tui.widgets.charts import ChartsPane
from vmstui.tui.widgets.machine import MachinePane

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour


class MachineScreen(PanesScreen):
    """Now, and its charts."""

    VIEW: ClassVar[View] = View.MACHINE
    PANES: ClassVar[tuple[Pane, ...]] = (Pane.MACHINE, Pane.CHARTS)

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour)
        self.pane(ChartsPane).fix(MACHINE)

    def lay_out(self) -> None:
        """The footage that fills its disk is projected elsewhere."""
        self.pane(MachinePane).storage = self.picture.storage
        super().lay_out()
