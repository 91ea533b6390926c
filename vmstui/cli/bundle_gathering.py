"""Gathers what a bundle is made of: asks the recorder what it offers, and reads its files where none answers.

Also of a recorder that hangs: whoever does not answer once is not asked again. What cannot be had is told in the
manifest and ends nothing.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from vmstui.cli import bundle_machine as machine
from vmstui.cli.bundle_archive import MOST_BYTES, Members
from vmstui.cli.bundle_masking import LOGIN, Hider, secret_variables
from vmstui.cli.config_commands import values
from vmstui.cli.findings_page import of_camera, page_lines
from vmstui.cli.history import lines as event_lines
from vmstui.cli.picture import picture
from vmstui.cli.recorder_socket import socket_path
from vmstui.cli.table import table
from vmstui.codec import CodecError, Json, from_json, to_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.ffmpeg.binary import NoUsableFfmpeg, find_binaries
from vmstui.ffmpeg.inspect import Unplayable, inspect_media
from vmstui.findings import FindingsPage
from vmstui.footage import Segment
from vmstui.logged import LogLine, LogPage, RunLog
from vmstui.model import Event
from vmstui.recorder.findings_file import FINDINGS
from vmstui.recorder.findings_kept import kept_page
from vmstui.recorder.history import EVENTS_KEPT, History
from vmstui.recorder.past_run import NoSuchRun, read
from vmstui.recorder.record import load_record
from vmstui.recorder.state_folder import LOCK
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.settings import Loaded, SettingsError, default_folders, find_path, load, load_secrets
from vmstui.settings.problems import Problem
from vmstui.settings.rows import NOTHING
from vmstui.triage.messages_file import MESSAGES_FILE

ANSWER_S = 8.0
"""Longer than the recorder waits for its own disks."""
WIDTH = 120
LOG_LINES = 2000
SERVICE_LOG_BYTES = 512 * 1024
SEGMENTS = 50
"""Of a camera, as the catalogue has them."""
PROBED = 3
"""Newest files of a camera that are read through."""
PROBED_IN_ALL = 30
PROBE_S = 20.0
SHARE = 0.8
"""Of the room that cameras share."""
Progress = Callable[[str], None]


class Gathering:
    """One bundle's worth of questions, of one camera or of all."""

    def __init__(self, config: str | None, camera: str | None, progress: Progress) -> None:
        """Raises RecorderError for a camera that there is not."""
        self._progress = progress
        self._state = Path(default_folders().state)
        self._lost = ""
        """Why the recorder is not asked any more."""
        self._refused: list[tuple[str, str]] = []
        self._snapshot = self._ask("snapshot", {}, "status.json")
        self._config = config or self._of_snapshot("config_path") or find_path()
        self.loaded, self.problems, secrets = _configuration(self._config)
        self._service = self._service_pid()
        secrets += secret_variables(os.environ)
        if self._service is not None:
            secrets += secret_variables(machine.environment_of(self._service))
        self.hider = Hider(secrets)
        self.members = Members(self.hider)
        self.cameras, self._others = self._chosen(camera)

    @property
    def recorder(self) -> str:
        """Whether one answers, in words."""
        if self._lost and self._service is not None:
            return f"process {self._service} is a recorder that does not answer: {self._lost}"
        return self._lost or f"the recorder runs: process {self._service}"

    def gather(self) -> Members:
        """All of it."""
        self._progress("gathering: recorder and machine")
        self._recorder()
        self._machine()
        per_camera = int(SHARE * (MOST_BYTES - self.members.size_bytes) / max(len(self.cameras), 1))
        for number, camera in enumerate(self.cameras, 1):
            self._progress(f"gathering: {camera}, {number} of {len(self.cameras)}")
            self._camera(camera, per_camera)
        self._findings()
        self._footage()
        for what, why in self._refused:
            self.members.lacks(what, why)
        if self._lost:
            self.members.lacks("what only a recorder that answers can tell (status, findings, details)", self._lost)
        return self.members

    # -- the recorder -------------------------------------------------------------------------------------------------

    def _recorder(self) -> None:
        add, members = self.members.add, self.members
        if isinstance(self._snapshot, dict):
            members.add_data("status.json", "what the recorder does now, and its machine", self._snapshot)
            add("status.txt", "the same as `vmstui status` shows it", picture(self._snapshot))
        for name in ("service.log", "relay/relay.log", "relay/relay.1.log"):
            about = "the end of what the service said" if name == "service.log" else "the end of the log of the relay"
            with self._told(name, FileNotFoundError):
                add(name.replace("/", "-"), about, _tail(self._state / name), SERVICE_LOG_BYTES)
        if (page := self._page(None)) is not None:
            lines = [line for line in page.lines if line.camera not in self._others]
            add("recorder.log.txt", "the newest lines of the service and of the workers", _log(lines))
        if self.loaded is not None:
            rows = table(("key", "value", "origin"), list(self._values(self.loaded)))
            add("configuration.txt", f"{self._config} as it is understood", rows)
        if self.problems:
            add("configuration.problems.txt", "what is wrong in it", "\n".join(map(str, self.problems)))
        with self._told(MESSAGES_FILE, FileNotFoundError):
            own = Path(self._config).with_name(MESSAGES_FILE).read_text(errors="replace")
            add(MESSAGES_FILE, "your own table of messages", own)
        for path in sorted((self._state / "cache").glob("ffmpeg-*.json")):
            with self._told(path.name):
                add(f"abilities/{path.name}", "what an ffmpeg was seen to do on this machine", path.read_text())

    def _machine(self) -> None:
        add, pid = self.members.add, self._service
        add("versions.txt", "of vmstui, Python, ffmpeg, kernel, distribution", machine.versions(self._ffmpegs()))
        environments = [f"of this command:\n{machine.environment(os.environ)}"]
        if pid is not None:
            environments.append(f"of the service:\n{machine.environment(machine.environment_of(pid))}")
            for name, about, text in machine.unit(pid):
                add(name, about, text, SERVICE_LOG_BYTES)
            shown = [machine.process("service", pid)]
            workers = ((camera, worker) for camera, worker in self._workers() if worker and camera in self.cameras)
            shown += [machine.process(camera, worker) for camera, worker in workers]
            add("processes.txt", "what the kernel tells of the service and the workers", "\n\n".join(shown))
        else:
            self.members.lacks("processes.txt, unit.txt", "no service holds the state folder")
        add("environment.txt", "variables that matter, by name; no others", "\n\n".join(environments))
        timezone = self._of_snapshot("timezone") or (self.loaded.settings.timezone if self.loaded else "not known")
        started_at = self._of_snapshot("started_at")
        clock = machine.clock(timezone, datetime.fromisoformat(started_at) if started_at else None)
        add("clock.txt", "clocks and time zones", clock)
        folders = [str(self._state), *([self.loaded.settings.recordings] if self.loaded is not None else [])]
        disks = []
        for folder in folders:
            with self._told(f"disk.txt: {folder}"):
                disks.append(machine.disk(folder))
        add("disk.txt", "room and mounts of the state folder and the recordings", "\n\n".join(disks))

    def _ffmpegs(self) -> list[str]:
        found = self._of_snapshot("ffmpeg", "path")
        if found:
            return [found]
        try:
            wanted = self.loaded.settings.ffmpeg if self.loaded is not None else "auto"
            return [binary.path for binary in find_binaries(wanted)]
        except NoUsableFfmpeg as error:
            self.members.lacks("ffmpeg", str(error))
            return []

    # -- cameras ------------------------------------------------------------------------------------------------------

    def _camera(self, camera: str, room: int) -> None:
        folder, add = f"cameras/{camera}", self.members.add
        state = self._state / "cameras" / camera
        record = load_record(state / "worker.json", camera)
        # The digest is made from the password, too: a weak one could be found by trying.
        self.members.add_data(f"{folder}/worker.json", "its last worker", to_json(replace(record, config_digest="")))
        about = "the command line of its last worker, as a shell would take it"
        add(f"{folder}/command.txt", about, shlex.join(record.argv))
        details = self._ask("details", {"camera": camera}, f"{folder}/details.json")
        if details is not None:
            self.members.add_data(f"{folder}/details.json", "what the dashboard shows of it", details)
        events = self._events(camera, state)
        told = "\n".join(chain.from_iterable(map(_event_lines, events)))
        add(f"{folder}/events.txt", "starts, ends and automatic actions, with their reasons", told, room // 5)
        for name, about, text in self._logs(camera, state / "log", record.generation):
            add(f"{folder}/{name}", about, text, room * 2 // 5)

    def _events(self, camera: str, state: Path) -> Sequence[Event]:
        limit = min(EVENTS_KEPT, max(50, 10_000 // len(self.cameras)))
        answer = self._ask("history", {"camera": camera, "limit": limit}, f"cameras/{camera}/events.txt")
        if answer is not None:
            return from_json(tuple[Event, ...], answer)
        return History(state / "events.jsonl", Event, EVENTS_KEPT).read(limit)

    def _logs(self, camera: str, folder: Path, present: int) -> Iterator[tuple[str, str, str]]:
        """Of the present run and of the one before it, as name, meaning and text of a file each."""
        now, before = "log.present.txt", "log.previous.txt"
        if (page := self._page(camera)) is not None:
            yield now, "the newest lines of its worker and about it", _log(page.lines)
            asked: dict[str, Json] = {"camera": camera, "back": 1, "limit": LOG_LINES}
            answer = self._ask("run_log", asked, f"cameras/{camera}/{before}") if present > 1 else None
            if answer is not None:
                yield before, "of the run before; without times where nobody knows them", _of_run(answer)
            return
        runs = (1, now, "of its last run, without times"), (2, before, "of the run before that, without times")
        for back, name, about in runs[: min(present, 2)]:
            with self._told(f"cameras/{camera}/{name}"):
                found = read(folder, camera, present + 1, back, LOG_LINES, (), self.hider.line)
                yield name, about, _log(found.lines, untimed=found.untimed)

    def _findings(self) -> None:
        """Asked for; where nobody answers, as they were kept."""
        answer = self._ask("findings", {"camera": None}, "findings.json")
        if answer is None:
            if self._lost:
                self._kept_findings()
            return
        self._page_of_findings(from_json(FindingsPage, answer), "")

    def _kept_findings(self) -> None:
        with self._told("findings.json", FileNotFoundError):
            found = kept_page(self._state, self._config)
            if found is None:
                self.members.lacks("findings.json", f"nothing in {self._state / FINDINGS} can be read")
                return
            page, troubles = found
            as_of = page.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            self._page_of_findings(page, f", as a recorder wrote it down at {as_of}")
            for trouble in troubles:
                self.members.lacks("some findings or acknowledgements", trouble)

    def _page_of_findings(self, page: FindingsPage, as_of: str) -> None:
        if self._others:
            page = of_camera(page, self.cameras[0])
        self.members.add_data("findings.json", f"what the messages mean{as_of}", to_json(page))
        told = "\n".join(page_lines(page, WIDTH, every=True))
        self.members.add("findings.txt", f"the same as `vmstui findings --all` shows it{as_of}", told)

    def _footage(self) -> None:
        """The newest segments as the catalogue has them, and what is in the newest files."""
        ffmpegs, left = self._ffmpegs(), PROBED_IN_ALL
        for camera in self.cameras:
            name = f"cameras/{camera}/segments.json"
            try:
                with Catalogue.open(self._state / FILE_NAME, readonly=True) as catalogue:
                    found = catalogue.segments(camera, None, None, limit=SEGMENTS, newest_first=True)
            except CatalogueError as error:
                self.members.lacks("segments", str(error))
                return
            self.members.add_data(name, "its newest segments, as the catalogue has them", to_json(found))
            probed = found[: min(PROBED, left)] if ffmpegs else ()
            left -= len(probed)
            if not found:
                self.members.lacks(f"cameras/{camera}/probe.txt", "the catalogue has no segment of it")
            if len(probed) < min(PROBED, len(found)):
                self.members.lacks(f"cameras/{camera}/probe.txt", f"{PROBED_IN_ALL} files are probed at most")
            self._progress(f"gathering: newest files of {camera}")
            told = "\n".join(_probed(ffmpegs[0], segment) for segment in probed)
            self.members.add(f"cameras/{camera}/probe.txt", "what is in its newest files, read through now", told)

    # -- asking -------------------------------------------------------------------------------------------------------

    def _chosen(self, camera: str | None) -> tuple[list[str], frozenset[str]]:
        """The cameras that it is about, and the others."""
        known = {name for name, _ in self._workers()}
        if not known:
            configured = [one.id for one in self.loaded.settings.cameras] if self.loaded is not None else []
            with_state = [path.name for path in (self._state / "cameras").glob("*") if path.is_dir()]
            known = {*configured, *with_state}
        if camera is None:
            return sorted(known), frozenset()
        if camera not in known:
            raise RecorderError(f"no camera {camera!r}; there are: {', '.join(sorted(known)) or 'none'}")
        if isinstance(self._snapshot, dict):
            cameras = self._snapshot.get("cameras")
            shown = cameras if isinstance(cameras, list) else []
            self._snapshot["cameras"] = [one for one in shown if isinstance(one, dict) and one.get("id") == camera]
        return [camera], frozenset(known - {camera})

    def _values(self, loaded: Loaded) -> Iterator[tuple[str, str, str]]:
        """What is configured, of the cameras that it is about, without user names."""
        others = [f"cameras[{at}]." for at, one in enumerate(loaded.settings.cameras) if one.id in self._others]
        for key, value, origin in values(loaded):
            if not key.startswith(tuple(others)):
                yield key, LOGIN if key.endswith("username") and value != NOTHING else value, origin

    def _service_pid(self) -> int | None:
        """Of the recorder, also of one that does not answer: whoever holds the state folder has noted itself there."""
        answer = self._ask("hello", {}, "hello")
        pid = answer.get("pid") if isinstance(answer, dict) else None
        if isinstance(pid, int):
            return pid
        try:
            noted = int((self._state / LOCK).read_text())
            return noted if b"vmstui" in Path(f"/proc/{noted}/cmdline").read_bytes() else None
        except (OSError, ValueError):
            return None

    def _workers(self) -> Iterator[tuple[str, int]]:
        """Cameras of the recorder that runs, and the process ids of their workers; 0 for none."""
        cameras = self._snapshot.get("cameras") if isinstance(self._snapshot, dict) else None
        for one in cameras if isinstance(cameras, list) else ():
            if isinstance(one, dict):
                pid = one.get("pid")
                yield str(one["id"]), pid if isinstance(pid, int) else 0

    def _of_snapshot(self, *keys: str) -> str:
        found: Json = self._snapshot
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, str) else ""

    def _page(self, camera: str | None) -> LogPage | None:
        answer = self._ask("logs", {"camera": camera, "limit": LOG_LINES}, "the log")
        return from_json(LogPage, answer) if answer is not None else None

    def _ask(self, method: str, params: dict[str, Json], name: str) -> Json:
        """None where nobody answers, or it was refused."""
        if self._lost:
            return None
        try:
            return call(socket_path(), method, params, ANSWER_S)
        except RecorderLost as error:
            self._lost = str(error)
        except RecorderError as error:
            self._refused.append((name, str(error)))
        return None

    @contextmanager
    def _told(self, what: str, *silent: type[Exception]) -> Iterator[None]:
        try:
            yield
        except silent:
            pass
        except OSError as error:
            self.members.lacks(what, (error.strerror or str(error)).lower())
        except (machine.NoAnswer, NoSuchRun, ValueError, CodecError) as error:
            self.members.lacks(what, str(error))


def _configuration(path: str) -> tuple[Loaded | None, Sequence[Problem], list[str]]:
    """What is configured, what is wrong with it, and the passwords that can be read in any case."""
    secrets = list(load_secrets(path)[0])
    try:
        loaded = load(path)
    except SettingsError as error:
        return None, error.problems, secrets
    return loaded, loaded.warnings, secrets


def _event_lines(event: Event) -> Iterator[str]:
    told = to_json(event)
    assert isinstance(told, dict)
    yield from event_lines(told)


def _of_run(answer: Json) -> str:
    run = from_json(RunLog, answer)
    return _log(run.lines, untimed=run.untimed)


def _log(lines: Sequence[LogLine], *, untimed: int = 0) -> str:
    """As `vmstui logs` prints them, the first ones without a time."""
    told = []
    for number, line in enumerate(lines):
        at = line.at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if number >= untimed else " " * 19
        component = f"{line.component}: " if line.component else ""
        told.append(f"{at} {line.camera} {line.level.value:<7} {component}{line.text}")
    return "\n".join(told)


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        begin = max(os.fstat(file.fileno()).st_size - SERVICE_LOG_BYTES, 0)
        file.seek(begin)
        raw = file.read(SERVICE_LOG_BYTES)
    return (raw.partition(b"\n")[2] if begin else raw).decode(errors="replace")


def _probed(ffmpeg: str, segment: Segment) -> str:
    try:
        about = json.dumps(to_json(inspect_media(ffmpeg, segment.path, PROBE_S)))
    except Unplayable as error:
        about = f"does not play: {error}"
    except (TimeoutError, OSError) as error:
        about = f"could not be read through: {error}"
    return f"{segment.path}\n  {about}"
