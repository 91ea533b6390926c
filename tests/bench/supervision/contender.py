"""What the bench needs of a supervisor: to be configured for so many workers, started, and found."""

from __future__ import annotations

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from tests.bench.supervision.seen import MARK, end_all

SEGMENT_S = 30
"""Length of a segment, so that two are closed within the minute after which a worker of vmstui counts as healthy."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a contender works, and with what."""

    folder: Path
    """Its own, and empty."""
    cache: Path
    """Of installed programs, shared and kept."""
    ffmpeg: Path
    """The stand-in that every worker is."""
    mark: str
    workers: tuple[str, ...]

    @property
    def starts(self) -> Path:
        """The file that workers note their starts in."""
        return self.folder / "starts"

    @property
    def environment(self) -> dict[str, str]:
        """What everything of this contender has in its environment."""
        return {MARK: self.mark, "FAKE_FFMPEG_STARTS": str(self.starts)}


@dataclass(frozen=True, slots=True)
class Habits:
    """What has to be known of a contender to measure it fairly."""

    kills: int
    """Single deaths that tell its respawn latency."""
    pause_s: tuple[float, float] = (0.2, 0.6)
    """Between a replacement and the next kill, at random: one that looks only now and then is met at any phase."""
    healthy_s: float = 2.0
    """Uptime after which a death counts as the first one."""


class Contender(ABC):
    """A supervisor, used as a context: installed and configured once entered, running from `start` on."""

    name: ClassVar[str]
    version: ClassVar[str]
    habits: ClassVar[Habits]

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    @abstractmethod
    def __enter__(self) -> Self:
        """Raises NotInstalled when it cannot be had here."""

    def __exit__(self, *error: object) -> None:
        """Nothing of it runs any more."""
        end_all(self.setting.mark)

    @abstractmethod
    def start(self) -> None:
        """Start the supervisor on its configuration, whatever an earlier one left."""

    @abstractmethod
    def pid(self) -> int:
        """The process that is the supervisor."""

    def publishing(self) -> bool:
        """Whether it does work of its own for each segment that a worker closes."""
        return False


class Peer(Contender):
    """A supervisor that is not ours: configured by a file, run by a command, which is the supervisor if it stays."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.programs = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.programs = self.install(self.setting.cache)
        for worker in self.setting.workers:
            (self.setting.folder / worker).mkdir()
        self.configure()
        return self

    @abstractmethod
    def install(self, cache: Path) -> Path:
        """The folder of its programs. Raises NotInstalled."""

    @abstractmethod
    def configure(self) -> None:
        """Write its configuration into its folder, which holds one for each worker."""

    def command(self, worker: str) -> list[str]:
        """The command line of a worker. It reports no progress: what the workers of vmstui write into files by
        themselves, the peers would have to carry."""
        segments = str(self.setting.folder / worker / "segments.csv")
        return [str(self.setting.ffmpeg), "-segment_time", str(SEGMENT_S), "-segment_list", segments]

    def marker(self, worker: str) -> str:
        """What a worker has in its environment, in the form that those of vmstui have it."""
        return f"{self.name}:{worker}:1"

    def run(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start the command of the supervisor, away from this terminal."""
        with (self.setting.folder / "supervisor.out").open("ab") as output:
            self._process = subprocess.Popen(
                argv,
                env={**os.environ, **self.setting.environment, **(environment or {})},
                cwd=self.setting.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid
