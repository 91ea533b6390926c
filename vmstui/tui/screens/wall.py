"""Pictures of all cameras, as they are now: only while somebody looks, and only those of the page that is seen.

They are taken two at a time (`stills`). A picture is kept until its camera has a newer keyframe, and is taken anew then
at most twice a minute. Over a slow link there are none unless somebody asks for them (`link`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.geometry import Region
from textual.strip import Strip

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import ACTIONS, Scope, binding, bindings, key_of
from vmstui.tui.drawn import Lent, in_the_middle
from vmstui.tui.format import wrap
from vmstui.tui.glyphs import CURSOR, DOT, RULE
from vmstui.tui.graphics import Terminal
from vmstui.tui.lines import Line, Role
from vmstui.tui.link import Link, too_slow
from vmstui.tui.picture import Picture
from vmstui.tui.screens.covering import Covering
from vmstui.tui.screens.help import Help
from vmstui.tui.stills import PERIOD_S, Taken, take
from vmstui.tui.wall import BETWEEN, title, wall
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar

AT_ONCE = 2
LOOK_S = 1.0
FIRST_NUMBER = 0xD75E00
"""Of pictures that the terminal is given, which are told apart by the colour that this is."""


class WallBody(LineBar):
    """The tiles."""

    def __init__(self) -> None:
        super().__init__(id="wall-body")
        self.wall = wall(80, 22, 1)
        self.cursor = 0
        self.cameras: tuple[CameraSnapshot, ...] = ()
        self.now: datetime | None = None
        self.taken: dict[str, Taken] = {}
        self.why = ""
        """None are taken at all."""

    @property
    def page(self) -> int:
        """The one that the cursor is on."""
        return self.wall.page_of(self.cursor)

    def seen(self) -> list[CameraSnapshot]:
        """Cameras of the page."""
        return [self.cameras[index] for index in self.wall.on_page(self.page, len(self.cameras))]

    @property
    def titles(self) -> list[Region]:
        """Where the titles of the tiles are."""
        return [Region(0, row * (self.wall.lines + 1), self.size.width, 1) for row in range(self.wall.rows)]

    def render_line(self, y: int) -> Strip:
        """Line API."""
        row, line = divmod(y, self.wall.lines + 1)
        cells, base = self.size.width, self.role_style(Role.TEXT)
        if row >= self.wall.rows or self.now is None:
            return Strip.blank(cells, base)
        first = self.page * self.wall.count + row * self.wall.columns
        numbers = range(first, min(first + self.wall.columns, len(self.cameras)))
        segments = [one for number in numbers for one in self._of_tile(number, line)]
        return Strip(segments).crop_extend(0, cells, base)

    def _of_tile(self, number: int, line: int) -> Iterator[Segment]:
        camera, cells, base = self.cameras[number], self.wall.cells, self.role_style(Role.TEXT)
        taken, chosen = self.taken.get(camera.id), number == self.cursor
        kind = "cursor" if chosen else "head"
        if line == 0:
            assert self.now is not None
            at = taken.at if taken is not None and taken.drawn is not None else None
            yield from self.paint(title(camera, self.now, at, cells, CURSOR if chosen else " "), cells, kind)
        elif taken is not None and taken.drawn is not None:
            yield from in_the_middle(taken.drawn, line - 1, cells, self.wall.lines, base)
        else:
            words = wrap(self.why or (taken.why if taken is not None else "decoding…"), cells)
            yield from self.paint(((words[line - 1] if line <= len(words) else "", Role.DIM),), cells)
        yield Segment(" " * BETWEEN, base)


class WallScreen(Covering):
    """All cameras; dismisses with nothing, and opens what is asked for over itself or in its place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.PICTURES),
        binding("view.pictures", "dismiss", "close"),
        binding("view.back", "dismiss", "close"),
        binding("recorder.leave", "dismiss", "close"),
        binding("view.help", "keys"),
    ]

    def __init__(
        self,
        picture: Callable[[], Picture],
        cameras: tuple[str, ...],
        terminal: Terminal,
        link: Link,
        still: Callable[[CameraSnapshot], None],
        details: Callable[[str], None],
    ) -> None:
        """`cameras` in the order in which they are shown; `still` and `details` open those of one."""
        super().__init__()
        self._picture, self._order, self._terminal, self._link = picture, cameras, terminal, link
        self._still, self._details = still, details
        self.body = WallBody()
        self._title = LineBar(classes="title")
        self._lent = Lent()
        self._anyway = False
        """Somebody asked for pictures though the link is slow."""

    def compose(self) -> ComposeResult:
        """Title above the pictures."""
        with Vertical(id="wall-box"):
            yield self._title
            yield self.body

    def on_mount(self) -> None:
        """What the titles tell grows old."""
        self.set_interval(LOOK_S, self._look)

    def on_screen_resume(self) -> None:
        """Somebody looks."""
        self._look()
        self._begin()

    def on_screen_suspend(self) -> None:
        """Nobody does; what is being decoded is ended."""
        self.workers.cancel_group(self, "wall")

    def on_resize(self) -> None:
        """Other tiles, other pictures."""
        self.call_after_refresh(self._arrange)

    def on_unmount(self) -> None:
        """The terminal need not keep them."""
        self.take_back()

    def take_back(self) -> None:
        """What the terminal has of the pictures."""
        self._lent.take_back(self.app)

    # ------------------------------------------------------------------------------------------------- what is seen

    def _look(self) -> None:
        """The newest picture of the fleet."""
        snapshot, before = self._picture().snapshot, self._tiles
        if snapshot is not None:
            known = {camera.id: camera for camera in snapshot.cameras}
            self.body.cameras = tuple(known[camera] for camera in self._order if camera in known)
            self.body.now = snapshot.at
            self.body.cursor = self.body.wall.moved(self.body.cursor, 0, len(self.body.cameras))
        self._arrange(ticked=self._tiles == before)

    @property
    def _tiles(self) -> tuple[object, ...]:
        """Whose they are, and which has the cursor."""
        return (self.body.cursor, *(camera.id for camera in self.body.cameras))

    def _arrange(self, *, ticked: bool = False) -> None:
        size = self.body.size
        made = wall(size.width, size.height, len(self.body.cameras))
        if made != self.body.wall:
            self.body.wall = made
            self._forget()
            ticked = False
        self._draw(ticked=ticked)

    def _forget(self) -> None:
        self.take_back()
        self.body.taken.clear()
        if self.is_current:
            self._begin()

    def _draw(self, *, ticked: bool = False) -> None:
        """All of it; after a mere tick the titles, as the pictures are much to send."""
        body, count = self.body, len(self.body.cameras)
        numbers = body.wall.on_page(body.page, count)
        about = f"{numbers.start + 1}–{numbers.stop} of {count}" if count else "no cameras"
        stale = "no news of the recorder" if self._picture().link.stale else ""
        keys = f"{key_of('pictures.open')} large {DOT} {key_of('pictures.again')} again {DOT} esc closes"
        right: Line = ((stale, Role.WARN),) if stale else ((keys, Role.DIM),)
        self._title.show_lines(title_line("Pictures", about, right, self._title.size.width, focused=True, rule=RULE))
        body.refresh(*(body.titles if ticked else ()))

    # ---------------------------------------------------------------------------------------------------- taking them

    def _begin(self) -> None:
        """Take what is wanted now, and nothing else any more."""
        self.run_worker(self._take_on, group="wall", exclusive=True)  # type: ignore[arg-type]

    async def _take_on(self) -> None:
        """Pictures of the page, and those that are old anew, for as long as somebody looks."""
        while True:
            wanted = [camera for camera in self.body.seen() if self._is_wanted(camera)]
            if wanted and self.app.app_focus and await self._quick():
                await asyncio.gather(*(self._take(camera) for camera in wanted[:AT_ONCE]))
                self._draw()
            else:
                await asyncio.sleep(LOOK_S / 2)

    async def _quick(self) -> bool:
        """Whether the link is; says so where it is not."""
        slow = "" if self._anyway else too_slow(await self._link.answer_s())
        self.body.why = f"No pictures: {slow}. {key_of('pictures.again')} takes them." if slow else ""
        if slow:
            self._draw()
            await asyncio.sleep(PERIOD_S)
        return not slow

    def _is_wanted(self, camera: CameraSnapshot) -> bool:
        taken = self.body.taken.get(camera.id)
        return taken is None or taken.is_old(camera)

    async def _take(self, camera: CameraSnapshot) -> None:
        snapshot = self._picture().snapshot
        config = snapshot.config_path if snapshot is not None else ""
        room = self.body.wall.cells, self.body.wall.lines
        number = FIRST_NUMBER + self._order.index(camera.id) % 256
        self.body.taken[camera.id] = await take(self.app, self._terminal, config, camera, room, number, self._lent)

    # ---------------------------------------------------------------------------------------------------------- keys

    @property
    def selected(self) -> CameraSnapshot | None:
        """The camera at the cursor."""
        cameras = self.body.cameras
        return cameras[self.body.cursor] if self.body.cursor < len(cameras) else None

    def _go(self, by: int) -> None:
        page = self.body.page
        self.body.cursor = self.body.wall.moved(self.body.cursor, by, len(self.body.cameras))
        self._draw()
        if self.body.page != page:  # what is out of sight is not waited for
            self._begin()

    def action_side(self, by: int) -> None:
        """Key."""
        self._go(by)

    def action_row(self, by: int) -> None:
        """Key."""
        self._go(by * self.body.wall.columns)

    def action_leaf(self, by: int) -> None:
        """Key."""
        self._go(by * self.body.wall.count)

    def action_large(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self._still(camera)

    def action_to_camera(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.dismiss()
            self._details(camera.id)

    def action_anew(self) -> None:
        """Key: those of the page, also over a slow link."""
        self._anyway = True
        for camera in self.body.seen():
            self.body.taken.pop(camera.id, None)
        self._begin()
        self._draw()

    def action_keys(self) -> None:
        """The keys that work here."""
        self.app.push_screen(Help([action for action in ACTIONS if action.scope is Scope.PICTURES]))
