"""Every screen as somebody on call sees it, over a fleet in trouble, at 80x24 and 160x45, without colour and in ASCII.

What is on the screen lies in `snapshots/`, a file each. Without colour the stretches that are bold, reverse or the like
stand below it, for nothing else tells things apart then; a colour that is sent all the same fails. `make snapshots`
writes the files anew: look at what it changed before you believe it.

A screen is waited for until it is what its file says, so that no machine is too slow for that; time stands still in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.style import Style
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.fake_fleet import GIB, FakeFleet
from vmstui.capacity.host import Host
from vmstui.model import RecorderSnapshot
from vmstui.tui.app import Dashboard
from vmstui.tui.first_run import FirstRun

FOLDER = Path(__file__).with_name("snapshots")
WRITES = "VMSTUI_WRITE_SNAPSHOTS" in os.environ
AT = datetime(2025, 10, 20, 7, 56, 12, tzinfo=UTC)
SIZES = (80, 24), (160, 45)
LOOKS, LOOKS_AFTER = 1200, 40
"""Until a screen is given up; once one was, others differ too, and nobody waits long for them."""
LOOK_S = 0.025
ALIKE = 40
"""Looks that have to be alike before a screen is written down."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A screen on the way: the keys that lead to it from the fleet, and those that lead back."""

    name: str
    keys: tuple[str, ...] = ()
    back: tuple[str, ...] = ("1",)


WALK = (
    Stop("fleet", back=()),
    Stop("details", ("down", "down", "enter"), ("escape", "home")),
    Stop("camera", ("2",)),
    Stop("logs", ("3",)),
    Stop("findings", ("4",)),
    Stop("finding", ("4", "enter"), ("escape", "1")),
    Stop("segments", ("end", "5"), ("1", "home")),
    Stop("capacity", ("6",)),
    Stop("machine", ("7",)),
    Stop("history", ("8",)),
    Stop("wallboard", ("B",), ("escape",)),
    Stop("pictures", ("v",), ("escape",)),
    Stop("help", ("question_mark",), ("escape",)),
    Stop("palette", ("colon", *"logs", "space", *"gate"), ("escape",)),
    Stop("restart", ("end", "r"), ("escape", "home")),
    Stop("adding", ("A",), ("escape",)),
)
INCIDENT = (
    Stop("incident-fleet", back=()),
    Stop("incident-details", ("home", "enter"), ("escape", "home")),
    Stop("incident-findings", ("4",), back=()),
    Stop("incident-open", ("enter",), ("enter", "1")),
    Stop("incident-wallboard", ("B",), ("escape",)),
)
"""Where seven of the twelve cameras have one cause in common."""


class Frozen(FakeFleet):
    """At one moment."""

    def __init__(self, in_common: int = 0) -> None:
        super().__init__(12, at=AT)
        self.common = tuple(self.ids[number] for number in (0, 1, 3, 6, 8, 10, 11)[:in_common])

    async def snapshots(self) -> AsyncIterator[RecorderSnapshot]:
        yield self.snapshot()
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def anywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever machine this is, in whatever zone, with whatever film; and nothing that is shown grows old."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(Dashboard, "_look_at_clock", lambda _: None)
    monkeypatch.setattr("vmstui.tui.load.look", lambda _: Host(16 * GIB, 5 * GIB))
    monkeypatch.setattr("vmstui.tui.app.ROOM_FIRST_S", 0.0)
    monkeypatch.setattr("vmstui.tui.stills.command", decoded)
    yield
    monkeypatch.undo()
    time.tzset()


@contextlib.asynccontextmanager
async def decoded(config: str, *asked: str) -> AsyncIterator[Any]:
    """Instead of `vmstui still`: a picture with a bright disc in it, as large as was asked for."""
    width, height = (int(part) for part in asked[asked.index("--fit") + 1].split("x"))
    yield Decoded(width, height)


class Decoded:
    """A process that has ended well."""

    returncode = 0

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height

    async def communicate(self) -> tuple[bytes, bytes]:
        pixels = bytearray()
        for y in range(self.height):
            for x in range(self.width):
                across, down = 2 * x / self.width - 1, 2 * y / self.height - 1
                pixels += bytes([230 if across**2 + down**2 < 0.3 else int(60 * (1 + across))] * 3)
        return b"P6\n%d %d\n255\n%s" % (self.width, self.height, bytes(pixels)), b""


# ------------------------------------------------------------------------------------------------- what is on a screen


def seen(app: App[Any], *, styles: bool) -> str:
    """The characters of a screen, and which of them stand out without any colour."""
    strips = app.screen._compositor.render_strips()
    lines = [strip.text.rstrip() for strip in strips]
    if styles:
        lines += ["", *(line for number, strip in enumerate(strips, 1) for line in outstanding(number, strip))]
    return "\n".join(lines) + "\n"


def outstanding(number: int, strip: Any) -> Iterator[str]:
    """`12: bold 3-9, reverse 0-79` of a line, or nothing where nothing stands out; columns from 1."""
    runs: list[tuple[str, int, int]] = []
    at = 1
    for segment in strip:
        cells = segment.cell_length
        kind = kind_of(segment.style or Style())
        if kind and runs and runs[-1][0] == kind and runs[-1][2] == at - 1:
            runs[-1] = (kind, runs[-1][1], at + cells - 1)
        elif kind and cells:
            runs.append((kind, at, at + cells - 1))
        at += cells
    if runs:
        yield f"{number}: " + ", ".join(f"{kind} {first}-{last}" for kind, first, last in runs)


def kind_of(style: Style) -> str:
    """The attributes of a style, which has no colour."""
    colours = [colour for colour in (style.color, style.bgcolor) if colour is not None and not colour.is_default]
    assert not colours, f"NO_COLOR is set, and {colours} was drawn"
    names = ("bold", "dim", "italic", "underline", "reverse")
    return "+".join(name for name in names if getattr(style, name))


class Album:
    """The files of one walk; what differs is told in the end, all at once."""

    def __init__(self, kind: str, *, styles: bool) -> None:
        self.kind, self.styles = kind, styles
        self.wrong: list[str] = []

    async def compare(self, app: App[Any], pilot: Pilot[Any], name: str) -> None:
        """Wait until the screen is what its file says, or write the file."""
        for one in app.screen.query(Input):
            one.cursor_blink = False
        file = FOLDER / f"{name}-{self.kind}.txt"
        if WRITES:
            file.write_text(await self._settled(app, pilot))
            return
        expected = file.read_text() if file.exists() else ""
        for _ in range(LOOKS_AFTER if self.wrong else LOOKS):
            if seen(app, styles=self.styles) == expected:
                return
            await pilot.pause(LOOK_S)
        found = seen(app, styles=self.styles)
        lines = difflib.unified_diff(expected.splitlines(), found.splitlines(), file.name, "the screen", lineterm="")
        self.wrong.append("\n".join(lines))

    async def _settled(self, app: App[Any], pilot: Pilot[Any]) -> str:
        found, alike = seen(app, styles=self.styles), 0
        while alike < ALIKE:
            await pilot.pause(LOOK_S)
            before, found = found, seen(app, styles=self.styles)
            alike = alike + 1 if found == before else 0
        return found

    def close(self) -> None:
        """Tell what was wrong."""
        if self.wrong:
            raise AssertionError("screens differ from their snapshots; if they are meant to: make snapshots\n"
                                 + "\n".join(self.wrong))  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- the walks


async def walk(
    size: tuple[int, int],
    album: Album,
    stops: tuple[Stop, ...] = WALK,
    *,
    in_common: int = 0,
    ascii_only: bool = False,
) -> None:
    """Through the screens of one dashboard; so many cameras have one cause in common."""
    app = Dashboard(Frozen(in_common), ascii_only=ascii_only)
    async with app.run_test(size=size) as pilot:
        while app.picture.room is None or app.picture.storage is None or app.picture.strips is None:
            await pilot.pause(LOOK_S)
        for stop in stops:
            await pilot.press(*stop.keys)
            await album.compare(app, pilot, stop.name)
            await pilot.press(*stop.back)
        app.exit()
    album.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_without_colour_every_screen_tells_all(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    await walk(size, Album(f"{size[0]}x{size[1]}-no-color", styles=True))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_in_ascii_every_screen_tells_all(size: tuple[int, int]) -> None:
    await walk(size, Album(f"{size[0]}x{size[1]}-ascii", styles=False), ascii_only=True)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("kind", ["no-color", "ascii"])
async def test_an_incident_of_the_whole_fleet(
    size: tuple[int, int], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    album = Album(f"{size[0]}x{size[1]}-{kind}", styles=kind == "no-color")
    await walk(size, album, INCIDENT, in_common=7, ascii_only=kind == "ascii")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("kind", ["no-color", "ascii"])
async def test_the_first_screen(size: tuple[int, int], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    album = Album(f"{size[0]}x{size[1]}-{kind}", styles=kind == "no-color")
    app = FirstRun("/etc/vmstui/vmstui.yaml", ascii_only=kind == "ascii")
    async with app.run_test(size=size) as pilot:
        await album.compare(app, pilot, "first")
        app.exit()
    album.close()


async def test_a_terminal_that_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    album = Album("59x15-no-color", styles=True)
    app = Dashboard(Frozen())
    async with app.run_test(size=(59, 15)) as pilot:
        await album.compare(app, pilot, "too-small")
        app.exit()
    album.close()


def test_ascii_is_ascii() -> None:
    files = sorted(FOLDER.glob("*-ascii.txt"))
    assert len(files) == len(SIZES) * (len(WALK) + len(INCIDENT) + 1)
    assert [file.name for file in files if not file.read_text().isascii()] == []
