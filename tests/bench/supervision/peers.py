"""supervisord, circus and pm2, each with its own defaults and one program per camera.

All of them take what a worker logs from a pipe and write it to a file, which is their way to keep logs.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tests.bench.supervision.contender import Habits, Peer
from tests.bench.supervision.install import CIRCUS, PM2, SUPERVISOR, from_npm, from_pypi
from tests.bench.supervision.seen import until
from vmstui.recorder.process import MARKER

_PM2_START_S = 30.0


class Supervisord(Peer):
    """Notices a death when it wakes: once a second, or when a worker logs."""

    name = "supervisord"
    version = SUPERVISOR
    habits = Habits(kills=40, pause_s=(0.2, 1.2))

    def install(self, cache: Path) -> Path:
        return from_pypi(cache, "supervisor", SUPERVISOR)

    def configure(self) -> None:
        folder = self.setting.folder
        lines = [
            "[supervisord]",
            "nodaemon=true",
            "minfds=4096",
            f"logfile={folder}/supervisord.log",
            f"pidfile={folder}/supervisord.pid",
        ]
        for worker in self.setting.workers:
            lines += [
                f"[program:{worker}]",
                f"command={shlex.join(self.command(worker)).replace('%', '%%')}",
                f'environment={MARKER}="{self.marker(worker)}"',
                "autorestart=true",
                "redirect_stderr=true",
                f"stdout_logfile={folder}/{worker}/log",
            ]
        (folder / "supervisord.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        self.run([str(self.programs / "supervisord"), "-c", "supervisord.conf"])


class Circus(Peer):
    """Looks for deaths every five seconds."""

    name = "circus"
    version = CIRCUS
    habits = Habits(kills=20, pause_s=(0.0, 5.0))

    def install(self, cache: Path) -> Path:
        return from_pypi(cache, "circus", CIRCUS)

    def configure(self) -> None:
        folder = self.setting.folder
        sockets = ("endpoint", "pubsub_endpoint")
        lines = ["[circus]", *(f"{name} = ipc://{folder}/{name}" for name in sockets)]
        for worker in self.setting.workers:
            lines += [
                f"[watcher:{worker}]",
                f"cmd = {shlex.join(self.command(worker))}",
                "copy_env = True",
                "stderr_stream.class = FileStream",
                f"stderr_stream.filename = {folder}/{worker}/log",
                f"[env:{worker}]",
                f"{MARKER} = {self.marker(worker)}",
            ]
        (folder / "circus.ini").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        self.run([str(self.programs / "circusd"), "--log-output", "circus.log", "circus.ini"])


class Pm2(Peer):
    """Is told of deaths by node at once; its command leaves a daemon behind."""

    name = "pm2"
    version = PM2
    habits = Habits(kills=60)

    def install(self, cache: Path) -> Path:
        return from_npm(cache, "pm2", PM2)

    def configure(self) -> None:
        commands = {worker: self.command(worker) for worker in self.setting.workers}
        apps = [
            {
                "name": worker,
                "script": argv[0],
                "args": argv[1:],
                "interpreter": "none",
                "env": {MARKER: self.marker(worker)},
            }
            for worker, argv in commands.items()
        ]
        (self.setting.folder / "apps.json").write_text(json.dumps({"apps": apps}))

    def start(self) -> None:
        self._pid_file.unlink(missing_ok=True)  # of a daemon that was killed
        home = {"PM2_HOME": str(self._pid_file.parent)}
        self.run([str(self.programs / "pm2"), "start", "apps.json"], home)
        until(lambda: self._pid_file.exists() and self._pid_file.read_text() != "", _PM2_START_S)

    def pid(self) -> int:
        return int(self._pid_file.read_text())

    @property
    def _pid_file(self) -> Path:
        return self.setting.folder / "home" / "pm2.pid"
