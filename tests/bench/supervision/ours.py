"""vmstui as a contender: a real service over cameras that are answered for, with the same stand-in as its ffmpeg."""

from __future__ import annotations

from typing import Self

from tests.bench.fake_fleet import FakeFleet
from tests.bench.supervision.contender import SEGMENT_S, Contender, Habits, Setting
from vmstui import __version__


class Vmstui(Contender):
    """Besides supervising, it samples every worker, reads its log and its progress, and checks every segment."""

    name = "vmstui"
    version = __version__
    habits = Habits(kills=200, healthy_s=65.0)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._fleet = FakeFleet(
            setting.folder, len(setting.workers), environment=setting.environment, segment=f"{SEGMENT_S}s"
        )

    def __enter__(self) -> Self:
        self._fleet.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            super().__exit__()
        finally:
            self._fleet.__exit__(None, None, None)

    def start(self) -> None:
        self._fleet.start()

    def pid(self) -> int:
        assert self._fleet.service is not None, "vmstui was not started"
        return self._fleet.service.pid

    def publishing(self) -> bool:
        return True
