"""Gathers what a report is made from: asks the recorder for what only it knows, reads the rest beside it.

The past of a long time is read from the files, not asked for: the service has recordings to look after. What a question
fails at is told in the report and ends nothing, unless the recorder itself is lost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TypeVar

import psutil

from vmstui.capacity.projection import Unmeasured, project
from vmstui.capacity.words import Capacity, Question
from vmstui.cli.asked import opened
from vmstui.cli.capacity import measured as capacity_measured
from vmstui.cli.recorded import ongoing_gaps
from vmstui.cli.recorder_socket import socket_path
from vmstui.cli.storage import config_in_use
from vmstui.codec import Json, from_json, to_json
from vmstui.configured import OutputKind, Settings
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.findings import FindingsPage
from vmstui.footage import Gap
from vmstui.live_check import LiveCheck
from vmstui.logged import LogLevel, LogLine, LogPage
from vmstui.measured import ALL, MAX_POINTS, RELAY, SERVICE, Measured
from vmstui.model import CameraDetails, CameraSnapshot, Event, EventKind, OutputState, ProcessSnapshot, RecorderSnapshot
from vmstui.recorder.downtime import read_alive
from vmstui.recorder.history import EVENTS_KEPT, History
from vmstui.recording.account import account
from vmstui.recording.catalogue import Catalogue
from vmstui.report.gathered import Absence, Gathered, OfCamera, OfProcess, Recordings, recordings
from vmstui.report.layouts import FILE_NAME as BENCH
from vmstui.settings import SettingsError, default_folders, load
from vmstui.settings.secrets import secret_values
from vmstui.stages import StageBreakdown
from vmstui.telemetry.history_ask import ask
from vmstui.telemetry.history_file import FILE_NAME as SAMPLES
from vmstui.telemetry.history_file import HistoryError
from vmstui.triage.masking import Masker

FRESH_S = 2 * 3600.0
"""A report over less wants the last minute as well, which is not written yet: that is asked for."""
POINT_S = 10.0
"""No point tells of less: the CPU of a single second is a matter of keyframes."""
LOG_LINES = 2000
"""As many as are told at once."""
LOOKS = 8
"""At live streams that nobody has watched so far."""
LOOK_S = 60.0
LEAST_S = 60.0
_LOUD = frozenset((LogLevel.FATAL, LogLevel.ERROR, LogLevel.WARNING))
T = TypeVar("T")
Progress = Callable[[str], None]


def gather(config: str | None, since: datetime, until: datetime, zone: tzinfo | None, progress: Progress) -> Gathered:
    """All of it. Raises RecorderLost where no recorder runs."""
    return _Gathering(config, since, until, zone, progress).all()


class _Gathering:
    """One report's worth of questions."""

    def __init__(
        self, config: str | None, since: datetime, until: datetime, zone: tzinfo | None, progress: Progress
    ) -> None:
        self._asked_since, self._since, self._until, self._zone = since, since, until, zone
        self._progress = progress
        self._socket = socket_path()
        self._state = Path(default_folders().state)
        self._troubles: list[str] = []
        self._snapshot = from_json(RecorderSnapshot, call(self._socket, "snapshot"))
        self._settings = self._load(config)
        self._masker = Masker(secret_values(self._settings) if self._settings is not None else ())

    def all(self) -> Gathered:
        """Ask and read."""
        mask, snapshot = self._masker.mask, self._snapshot
        self._since = self._known_since()
        footage = self._footage()
        stages = {one.camera: one for one in self._stages()}
        cameras: list[OfCamera] = []
        for number, camera in enumerate(snapshot.cameras, 1):
            self._progress(f"gathering: {camera.id}, {number} of {len(snapshot.cameras)}")
            cameras.append(
                OfCamera(
                    _masked_camera(camera, mask),
                    self._details(camera.id),
                    self._measured(camera.id),
                    footage.get(camera.id, Recordings()),
                    self._events(camera.id),
                    stages.get(camera.id),
                )
            )
        cameras = self._watched(cameras)
        lines, lines_since = self._lines()
        self._progress("gathering: capacity")
        return Gathered(
            since=self._since,
            until=self._until,
            asked_since=self._asked_since,
            zone=self._zone,
            snapshot=replace(snapshot, warnings=tuple(map(mask, snapshot.warnings))),
            cameras=tuple(cameras),
            together=self._measured(ALL),
            processes=self._processes(),
            capacity=self._capacity(),
            lines=lines,
            lines_since=lines_since,
            findings=self._findings(),
            absences=self._absences(),
            layouts=self._bench(),
            troubles=tuple(map(mask, dict.fromkeys(self._troubles))),
        )

    # -- what only the recorder knows --------------------------------------------------------------------------------

    def _details(self, camera: str) -> CameraDetails | None:
        with self._told(f"details of {camera}"):
            found = from_json(CameraDetails, call(self._socket, "details", {"camera": camera}))
            mask = self._masker.mask
            return replace(found, command=tuple(map(mask, found.command)), source=mask(found.source))
        return None

    def _stages(self) -> tuple[StageBreakdown, ...]:
        with self._told("CPU by stage"):
            asked: dict[str, Json] = {"cameras": [], "seconds": 10}
            return from_json(tuple[StageBreakdown, ...], call(self._socket, "stages", asked))
        return ()

    def _watched(self, cameras: list[OfCamera]) -> list[OfCamera]:
        """With what was last seen of each live stream; of a few that nobody has watched, what is seen now."""
        looks = 0
        found = []
        for one in cameras:
            live, check = one.camera.output(OutputKind.LIVE), None
            if live is not None:
                check = self._live_check(one.camera.id, latest=True)
                if check is None and live.state is OutputState.UP and looks < LOOKS:
                    looks += 1
                    self._progress(f"watching the live stream of {one.camera.id}")
                    check = self._live_check(one.camera.id, latest=False)
            found.append(replace(one, live=check))
        return found

    def _live_check(self, camera: str, *, latest: bool) -> LiveCheck | None:
        with self._told(f"live stream of {camera}"):
            asked: dict[str, Json] = {"camera": camera, "latest": latest}
            answer = call(self._socket, "live_check", asked, timeout_s=LOOK_S)
            if answer is not None:
                found, mask = from_json(LiveCheck, answer), self._masker.mask
                return replace(found, url=mask(found.url), reason=mask(found.reason))
        return None

    def _lines(self) -> tuple[tuple[LogLine, ...], datetime | None]:
        """Loud lines in the time of the report, and since when there are all of them if that is later."""
        found: dict[int, LogLine] = {}
        held_since: datetime | None = None
        for camera in (None, *(camera.id for camera in self._snapshot.cameras)):
            with self._told("the log"):
                asked: dict[str, Json] = {"camera": camera, "limit": LOG_LINES}
                page = from_json(LogPage, call(self._socket, "logs", asked))
                if len(page.lines) >= LOG_LINES and camera is not None:
                    oldest = page.lines[0].at
                    held_since = max(held_since, oldest) if held_since is not None else oldest
                for line in page.lines:
                    if line.level in _LOUD and line.at >= self._since:
                        found[line.seq] = replace(line, text=self._masker.mask(line.text))
        begun = self._snapshot.started_at
        if begun > self._since and (held_since is None or begun > held_since):
            held_since = begun
        if held_since is not None and held_since <= self._since:
            held_since = None
        return tuple(found[seq] for seq in sorted(found)), held_since

    def _findings(self) -> FindingsPage | None:
        with self._told("what messages mean"):
            return from_json(FindingsPage, call(self._socket, "findings"))
        return None

    def _capacity(self) -> Capacity | str:
        try:
            return project(*capacity_measured(Question()))
        except RecorderLost:
            raise
        except (Unmeasured, RecorderError) as error:
            return str(error)

    # -- what lies in its files --------------------------------------------------------------------------------------

    def _known_since(self) -> datetime:
        """Since when anything is known of the time that is asked about: a recorder that runs for an hour has a report
        over an hour, at the distances that suit one."""
        found = self._until
        with self._told("the history of samples"):
            asked: dict[str, Json] = {"subject": ALL, "since": to_json(self._asked_since), "until": None, "width": 1}
            oldest_at = from_json(Measured, call(self._socket, "telemetry", asked)).oldest_at
            found = min(oldest_at or found, found)
        with self._told("the catalogue"), opened() as catalogue:
            for segment in catalogue.segments(None, self._asked_since, self._until, limit=1):
                found = min(segment.started_at, found)
            for gap in catalogue.gaps(None, self._asked_since, self._until)[:1]:
                found = min(gap.started_at, found)
        return max(self._asked_since, min(found, self._until - timedelta(seconds=LEAST_S)))

    def _measured(self, subject: str) -> Measured | None:
        since_s, until_s = self._since.timestamp(), self._until.timestamp()
        width = max(1, min(MAX_POINTS, int((until_s - since_s) / POINT_S)))
        with self._told(f"samples of {subject}"):
            if until_s - since_s < FRESH_S:
                asked: dict[str, Json] = {
                    "subject": subject,
                    "since": to_json(self._since),
                    "until": to_json(self._until),
                    "width": width,
                }
                return from_json(Measured, call(self._socket, "telemetry", asked))
            return ask(self._state / SAMPLES, subject, since_s, until_s, time.time(), width)
        return None

    def _events(self, camera: str) -> tuple[Event, ...]:
        """In the time of the report; before them the last start, by which a run is known."""
        history = History(self._state / "cameras" / camera / "events.jsonl", Event, EVENTS_KEPT)
        mask, before = self._masker.mask, None
        found: list[Event] = []
        for event in history.read(EVENTS_KEPT):
            if event.at < self._since:
                before = event if event.kind is EventKind.START else before
            else:
                text, measured = mask(event.text), mask(event.measured)
                threshold, outcome = mask(event.threshold), mask(event.outcome)
                found.append(replace(event, text=text, measured=measured, threshold=threshold, outcome=outcome))
        return (before, *found) if before is not None else tuple(found)

    def _footage(self) -> dict[str, Recordings]:
        found: dict[str, Recordings] = {}
        with self._told("the catalogue"), opened() as catalogue:
            if catalogue.fresh:
                self._troubles.append("the catalogue is being filled: some segments may not be in it yet")
            ongoing = ongoing_gaps(self._settings, catalogue, self._until) if self._settings is not None else []
            for camera in self._snapshot.cameras:
                self._progress(f"gathering: footage of {camera.id}")
                found[camera.id] = self._of_camera(catalogue, camera.id, ongoing)
        return found

    def _of_camera(self, catalogue: Catalogue, camera: str, ongoing: Sequence[Gap]) -> Recordings:
        segments = catalogue.segments(camera, self._since, self._until)
        gaps = list(catalogue.gaps(camera, self._since, self._until))
        gaps += [gap for gap in ongoing if gap.camera == camera and gap.ended_at > self._since]
        mask = self._masker.mask
        gaps = [replace(gap, detail=mask(gap.detail)) for gap in gaps]
        of_time = account(camera, segments, gaps, self._since, self._until)
        return recordings((replace(segment, reason=mask(segment.reason)) for segment in segments), gaps, of_time)

    def _processes(self) -> tuple[OfProcess, ...]:
        found = []
        service, relay = self._snapshot.service, self._snapshot.relay
        named: tuple[tuple[str, str, ProcessSnapshot], ...] = (("service", SERVICE, service), ("relay", RELAY, relay))
        for name, subject, process in named:
            if process.pid is None:
                continue
            started_at = _started_at(process.pid)
            if name == "service":  # an upgrade is another program in the same process
                started_at = max(started_at, self._snapshot.started_at) if started_at else self._snapshot.started_at
            found.append(OfProcess(name, process.pid, started_at, self._measured(subject)))
        return tuple(found)

    def _absences(self) -> tuple[Absence, ...]:
        alive = read_alive(self._state)
        downtimes = alive.downtimes if alive is not None else ()
        return tuple(
            Absence(down.since, down.until, down.new_boot)
            for down in downtimes
            if down.until > self._since and down.since < self._until
        )

    def _bench(self) -> Json:
        try:
            found: Json = json.loads((self._state / BENCH).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._troubles.append(f"what the last bench wrote cannot be read: {error}")
            return None
        return found

    def _load(self, config: str | None) -> Settings | None:
        try:
            return load(config_in_use(config)).settings
        except SettingsError:
            self._troubles.append(
                "the configuration cannot be read by this command, so gaps that go on are not told: vmstui config check"
            )
            return None

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """What fails at one question is told, and the next one asked."""
        try:
            yield
        except RecorderLost:
            raise
        except (RecorderError, HistoryError) as error:
            self._troubles.append(f"{what}: {str(error).rstrip('.')}")


def _masked_camera(camera: CameraSnapshot, mask: Callable[[str], str]) -> CameraSnapshot:
    outputs = tuple(
        replace(output, reason=mask(output.reason), address=mask(output.address)) for output in camera.outputs
    )
    return replace(camera, outputs=outputs, reason=mask(camera.reason))


def _started_at(pid: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC)
    except psutil.Error:
        return None
