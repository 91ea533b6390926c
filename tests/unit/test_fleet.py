"""What one camera's files do to the service must not blind it to the others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from vmstui.logged import LogLevel
from vmstui.recorder.context import Context
from vmstui.recorder.fleet import ROUNDS, TURNS, Fleet
from vmstui.recording.spool import SpoolView


class Watched:
    """A camera whose run sees what a test says; keeps what it is told."""

    def __init__(self, name: str, sees: SpoolView | Exception) -> None:
        self.camera = SimpleNamespace(id=name)
        self.sees = sees
        self.told: asyncio.Queue[SpoolView] = asyncio.Queue()
        self.awaits_boundary = self.calm = False
        self.samples = self.ticks = self.log_looks = 0
        self.more_to_read = 0
        """Pieces of a look at its log."""
        self.process = None
        self.workers = (SimpleNamespace(run=SimpleNamespace(recorded=True, look_at_spool=self.look)),)

    def look(self) -> SpoolView:
        if isinstance(self.sees, Exception):
            raise self.sees
        return self.sees

    def read_logs(self, *, everything: bool) -> None:
        self.log_looks += everything

    @property
    def has_more_to_read(self) -> bool:
        return self.more_to_read > 0

    def read_on(self) -> None:
        self.more_to_read -= 1
        if isinstance(self.sees, Exception):
            raise self.sees

    def read_calm_logs(self) -> None:
        self.log_looks += 1
        if isinstance(self.sees, Exception):
            raise self.sees

    def sample(self, now_s: float, at_s: float) -> None:
        self.samples += 1

    def tick(self, now_s: float, late_s: float) -> None:
        self.ticks += 1

    def stall(self, now_s: float) -> None:
        return

    def saw_spool(self, worker: object, run: object, view: SpoolView, now_s: float) -> None:
        self.told.put_nowait(view)

    def close(self) -> None:
        return


async def test_a_spool_that_cannot_be_looked_at_hides_no_other_and_is_looked_at_again(tmp_path: Path) -> None:
    said: list[tuple[LogLevel, str]] = []
    kept: list[asyncio.Task[None]] = []
    context = cast(Context, SimpleNamespace(spools_due=asyncio.Event(), state_folder=tmp_path, installation="none"))
    fleet = Fleet(context, lambda *line: said.append(line), lambda work: kept.append(asyncio.ensure_future(work)))
    broken = Watched("gate", ValueError("a mistake of ours"))
    well = Watched("lobby", SpoolView((), None))
    dead_disk = Watched("yard", OSError(5, "Input/output error"))
    fleet.cameras = cast(Any, {watched.camera.id: watched for watched in (broken, dead_disk, well)})
    fleet.open(cast(Any, SimpleNamespace(cameras=())), None)
    async with asyncio.timeout(20):
        for _ in range(3):
            await well.told.get()
            for _ in range(TURNS):  # one of them is that of the spools
                await fleet.tick(0.0)
        broken.sees = SpoolView((), None)
        for _ in range(TURNS):
            await fleet.tick(0.0)
        await broken.told.get()
    assert {text for _, text in said} == {"gate: cannot look at its spool: ValueError: a mistake of ours"}
    for task in kept:
        task.cancel()
    fleet.close()


async def test_a_camera_that_is_calm_is_sampled_each_second_and_looked_after_when_that_is_due(tmp_path: Path) -> None:
    context = cast(Context, SimpleNamespace(spools_due=asyncio.Event(), state_folder=tmp_path, installation="none"))
    fleet = Fleet(context, lambda *line: None, lambda work: work.close())
    calm, waiting = Watched("gate", SpoolView((), None)), Watched("lobby", SpoolView((), None))
    calm.calm = True
    fleet.cameras = cast(Any, {watched.camera.id: watched for watched in (calm, waiting)})
    ticks = 2 * ROUNDS * TURNS
    for _ in range(ticks):
        await fleet.tick(0.0)
    assert (calm.samples, calm.ticks) == (ticks, 2)
    assert (waiting.samples, waiting.ticks) == (ticks, ticks)
    for _ in range(TURNS):
        await fleet.tick(3.0)
    assert calm.ticks == 2 + TURNS, "no time in which the service itself was late may count against it"
    fleet.close()


async def test_logs_are_looked_at_rarely_where_all_is_well_and_at_once_when_somebody_reads_them(tmp_path: Path) -> None:
    said: list[str] = []
    context = cast(Context, SimpleNamespace(spools_due=asyncio.Event(), state_folder=tmp_path, installation="none"))
    fleet = Fleet(context, lambda level, text: said.append(text), lambda work: work.close())
    calm, waiting = Watched("gate", SpoolView((), None)), Watched("lobby", ValueError("a mistake of ours"))
    calm.calm = True
    fleet.cameras = cast(Any, {watched.camera.id: watched for watched in (waiting, calm)})
    for _ in range(2 * ROUNDS * TURNS):
        await fleet.tick(0.0)
    assert (calm.log_looks, waiting.log_looks) == (2, 2 * ROUNDS)
    await fleet.log_lines_asked_for(None)
    assert (calm.log_looks, waiting.log_looks) == (3, 2 * ROUNDS + 1)
    assert said == ["lobby: cannot look after it: ValueError: a mistake of ours"]
    await fleet.tick(0.0)
    await fleet.log_lines_asked_for(None)
    assert calm.log_looks == 4, "all are read each second by now"
    await fleet.log_lines_asked_for("gate")
    assert calm.log_looks == 5, "who asks for one camera gets all that it has said"
    fleet.close()


async def test_others_have_their_turn_while_a_flooded_log_is_looked_at(tmp_path: Path) -> None:
    context = cast(Context, SimpleNamespace(spools_due=asyncio.Event(), state_folder=tmp_path, installation="none"))
    said: list[str] = []
    fleet = Fleet(context, lambda level, text: said.append(text), lambda work: work.close())
    flooded, broken = Watched("gate", SpoolView((), None)), Watched("lobby", ValueError("a mistake of ours"))
    fleet.cameras = cast(Any, {watched.camera.id: watched for watched in (flooded, broken)})
    flooded.more_to_read, broken.more_to_read = 5, 1
    left: list[int] = []

    async def other() -> None:
        while flooded.more_to_read:
            left.append(flooded.more_to_read)
            await asyncio.sleep(0)

    await asyncio.gather(fleet.tick(0.0), other())
    assert set(left) == {5, 4, 3, 2, 1}, "a turn after each piece"
    assert said == ["lobby: cannot look after it: ValueError: a mistake of ours"]
    assert (flooded.more_to_read, flooded.ticks) == (0, 1)
    fleet.close()
