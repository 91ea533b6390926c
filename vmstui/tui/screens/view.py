"""What all screens have in common: the header, banners, and that a screen costs nothing while it is not shown.

A screen is told of a new picture only while it is the one that is shown (`show`), begins to ask when it comes up and
rests when another one takes its place, or covers it. Where it leads to is the matter of the `Tour`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.screen import Screen

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import find
from vmstui.tui.fleet_rows import ordered
from vmstui.tui.picture import Picture
from vmstui.tui.screens.covering import is_covered
from vmstui.tui.verdict import Banner, banners
from vmstui.tui.views import View
from vmstui.tui.widgets.banner import Banners
from vmstui.tui.widgets.header import Header

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour


class ViewScreen(Screen[None]):
    """One of the eight."""

    VIEW: ClassVar[View]

    def __init__(self, tour: Tour) -> None:
        super().__init__()
        self.tour = tour
        self.recorder, self.actions = tour.recorder, tour.actions
        self.picture = Picture()
        self.header = Header(id="header")
        self.banners = Banners(id="banners")

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self.header
        yield self.banners
        yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        """What is below the banners."""
        raise NotImplementedError

    @property
    def selected(self) -> CameraSnapshot | None:
        """The camera that is meant."""
        return self.picture.camera(self.tour.selected)

    def mean(self, camera: str) -> None:
        """From now on this camera is meant."""
        self.tour.selected = camera

    def show(self, picture: Picture) -> None:
        """Draw a new picture."""
        self.picture = picture
        if not self.is_mounted or self.tour.way.at is not self.VIEW or is_covered(self.app):
            return
        self._mean_a_camera()
        self.set_class(picture.link.stale, "-stale")
        self.header.update(picture)
        self.lay_out()

    def _mean_a_camera(self) -> None:
        """One that there is, the one most in trouble where nobody chose."""
        snapshot = self.picture.snapshot
        if snapshot is not None and snapshot.cameras and self.picture.camera(self.tour.selected) is None:
            self.tour.selected = ordered(snapshot)[0].id

    def taken(self) -> int:
        """Lines that header and banners take."""
        return 1 + self.banners.update(self.told())

    def told(self) -> list[Banner]:
        """What the banners say."""
        return list(banners(self.picture.snapshot, self.picture.link))

    def lay_out(self) -> None:
        """Divide the room, and fill what is seen."""
        raise NotImplementedError

    @property
    def paging(self) -> bool:
        """Whether a pager has the terminal."""
        return False

    def rest(self) -> None:
        """Another screen is shown: ask nothing, draw nothing."""

    def start_over(self) -> None:
        """There is another service than before."""

    def on_screen_suspend(self) -> None:
        """Something is over it; where nothing is left to be seen of it, it rests."""
        if is_covered(self.app):
            self.rest()

    def on_screen_resume(self) -> None:
        """It is shown, or what was over it is gone."""
        self.show(self.tour.picture())

    def on_resize(self) -> None:
        """Another size, another arrangement."""
        self.show(self.picture)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What a read-only dashboard does not offer does not exist in it."""
        known = find(action)
        return known is None or known in self.actions

    def action_back(self) -> None:
        """Out of what was opened last."""
        self.tour.back()
