"""Findings of all cameras of a service, what people said of them, and what others may have, too.

No thread and no lock in here: `Triager` owns one of these, and lends it to one thread at a time. Takes in what comes
through the inbox, and looks at cameras where something changed: what is worst there, what began and what is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from vmstui.ffmpeg.loglines import ParsedLine
from vmstui.findings import ExplainedFinding, Finding, FindingsPage, Origin, Severity, UntoldLines
from vmstui.logged import LogLevel
from vmstui.recorder import triage_inbox as inbox
from vmstui.recorder.common_ends import key_of_message, of_message
from vmstui.recorder.findings_file import KeptCamera
from vmstui.recorder.log_counted import Counted, KeptPlace, Part
from vmstui.triage.acknowledged import Acknowledged, Said
from vmstui.triage.findings import CameraTriage
from vmstui.triage.incidents import Common
from vmstui.triage.kept import is_unclear, order
from vmstui.triage.knowledge import Knowledge, Message
from vmstui.triage.remembered import taken_up, written_down
from vmstui.triage.standing import Standing, UnknownError

FOLD_FROM = 64
"""So many lines at once are counted by text before they are looked at: a flood is a few lines over and over."""
GENERATIONS = 3
"""Of a camera of which more is known than that they were: two workers stand beside each other at the most."""
PAGE_BYTES = 2 * 1024 * 1024
"""Of one answer; who asks has a limit."""
TEXT_CHARACTERS = 200
QUIET: tuple[Severity | None, str] = (None, "")

Summary = tuple[Severity | None, str]
"""How bad, and what it means; without severity the line of an error that nobody knows."""


class Seen(NamedTuple):
    """A camera has something that others may have, too, which last came at that time; `what` None: not any more."""

    camera: str
    key: str
    what: Common | None
    at: datetime


class _Camera:
    """What is known of one."""

    __slots__ = ("common", "generation", "is_active", "news", "places", "stopping", "triage")

    def __init__(self, triage: CameraTriage) -> None:
        self.triage = triage
        self.generation = 0
        """Of the present run."""
        self.stopping: set[int] = set()
        """Generations that were told to end."""
        self.places: dict[int, Counted | KeptPlace] = {}
        """By generation: what of its log is in here."""
        self.common: set[str] = set()
        """What it has that others may have, too."""
        self.is_active = False
        """Something comes now."""
        self.news = 0
        """Of its triage, when it was last looked at."""


class FleetTriage:
    """Of one service."""

    def __init__(
        self,
        load: Callable[[str | None], Knowledge],
        acknowledged: Acknowledged,
        say: Callable[[LogLevel, str], None],
        learned: Callable[[Knowledge], None],
    ) -> None:
        """`load` gives the table for a configuration file, None: the shipped one; called when it is first needed, and
        `learned` then. Raises SettingsError."""
        self.acknowledged = acknowledged
        self.summaries: dict[str, Summary] = {}
        """By camera; whoever shows them looks them up here, in any thread."""
        self.disconnected: frozenset[str] = frozenset()
        """Cameras with a message about a connection that comes now; whoever sees whether something flows there again
        looks this up, in any thread."""
        self.path: str | None = None
        """The configuration file."""
        self._load, self._say, self._learned = load, say, learned
        self._known: Knowledge | None = None
        self._cameras: dict[str, _Camera] = {}
        self._changed: set[str] = set()
        """Cameras to be looked at."""

    # -- what comes in -----------------------------------------------------------------------------------------------

    def recall(self, kept: Iterable[KeptCamera]) -> None:
        """Begin with what an earlier service wrote down."""
        for noted in kept:
            camera = self._of(noted.camera)
            camera.generation = noted.generation
            camera.places = {place.generation: place for place in noted.places}
            taken_up(noted.triage, camera.triage, self.knowledge)
            camera.triage.resumed()
            self._changed.add(noted.camera)

    def take(self, item: inbox.Item) -> None:
        """Anything; of lines as many as may be worked on at once."""
        match item:
            case inbox.Lines(name, generation, at_s, lines):
                for before_s, some in item.earlier:
                    self.feed(name, generation, before_s, folded(some))
                self.feed(name, generation, at_s, folded(lines))
                self.count(name, generation, item.parts)
                return
            case inbox.Began(name, generation, at_s, adopted):
                self._began(self._of(name), generation, at_s, adopted=adopted)
            case inbox.Picture(name, at_s):
                self._of(name).triage.picture(at_s)
            case inbox.SegmentClosed(name, generation):
                camera = self._of(name)
                if generation == camera.generation:
                    camera.triage.segment_closed()
            case inbox.Failed(name, since_s):
                self._of(name).triage.flow.failed_since_s = since_s
            case inbox.Flows(name, generation, at_s, recorded_for_s, live_for_s):
                known = self._cameras.get(name)
                if known is None or generation != known.generation:
                    return
                known.triage.flows(at_s, recorded_for_s, live_for_s)
                if known.triage.news == known.news:
                    return
            case inbox.Stopping(name, generation):
                self._of(name).stopping.add(generation)
                return
            case inbox.Lost(name, number, parts):
                self._of(name).triage.left_out += number
                for part in parts:
                    part.taken_in()
            case inbox.Gone(name):
                self._cameras.pop(name, None)
                self.summaries.pop(name, None)
                self.disconnected -= {name}
                self._changed.discard(name)
                return
            case inbox.Configured(path):
                self.path = path
                if self._known is not None:
                    self._learn()
                return
        self._changed.add(name)

    def feed(self, camera: str, generation: int, at_s: float | None, lines: Iterable[tuple[ParsedLine, int]]) -> None:
        """Lines of a worker, and how often each came."""
        one = self._of(camera)
        one.triage.stopping = generation in one.stopping
        if generation != one.generation and at_s is not None:
            one.triage.beside_s = at_s
        feed = one.triage.feed
        for line, times in lines:
            feed(line, at_s, 0, times)
        if one.triage.news != one.news:
            self._changed.add(camera)

    def count(self, camera: str, generation: int, parts: Iterable[Part]) -> None:
        """All lines of these parts of its log are in here."""
        places = self._of(camera).places
        for part in parts:
            part.taken_in()
            if places.get(generation) is not part.log:
                places[generation] = part.log
                if len(places) > GENERATIONS:
                    del places[min(places)]

    # -- what becomes of it ------------------------------------------------------------------------------------------

    @property
    def goes_on(self) -> bool:
        """There is something that changes by itself."""
        return any(camera.is_active for camera in self._cameras.values())

    def look(self, now_s: float, *, everywhere: bool) -> list[Seen]:
        """What is worst on the cameras where something changed, or on all where something comes. Gives what is degraded
        or critical there, or is not any more."""
        now = datetime.fromtimestamp(now_s, UTC)
        if everywhere:
            self.acknowledged.forget_old(now)
            self._changed.update(name for name, camera in self._cameras.items() if camera.is_active)
        seen: list[Seen] = []
        for name in self._changed:
            camera = self._cameras.get(name)
            if camera is not None:
                seen += self._look_at(name, camera, now_s, now)
        self._changed.clear()
        return seen

    def look_again(self) -> None:
        """What people said is another: all cameras are to be looked at."""
        self._changed.update(self._cameras)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Of which anything is known."""
        return tuple(self._cameras)

    def kept(self, name: str) -> KeptCamera | None:
        """A camera as it is to be written down; None if it is gone."""
        camera = self._cameras.get(name)
        if camera is None:
            return None
        places = tuple(
            place if isinstance(place, KeptPlace) else place.kept(generation)
            for generation, place in camera.places.items()
        )
        return KeptCamera(name, camera.generation, places, written_down(camera.triage))

    # -- what is asked -----------------------------------------------------------------------------------------------

    @property
    def knowledge(self) -> Knowledge:
        """The table in use."""
        if self._known is None:
            self._learn()
            assert self._known is not None
        return self._known

    def has(self, said: Said) -> bool:
        """Whether there is a finding that this is about."""
        names = [said.camera] if said.camera else list(self._cameras)
        return any(
            name in self._cameras and self._cameras[name].triage.has(said.fingerprint, said.origin) for name in names
        )

    def common_key(self, finding: Finding) -> str:
        """What it has in common with those of other cameras that mean the same. Of what the live output may have said
        that is the live server, where there is such an incident."""
        message = self.knowledge.messages.get(finding.message)
        if message is None:
            return finding.fingerprint
        origin = Origin.LIVE if is_unclear(message, finding.origin) else finding.origin
        return key_of_message(message, origin)

    def page(self, cameras: Collection[str], now_s: float) -> FindingsPage:
        """All there is of these cameras, but for incidents, which are no matter of findings alone."""
        now = datetime.fromtimestamp(now_s, UTC)
        rows = [row for name in cameras for row in self._rows(name, now_s, now)]
        rows.sort(key=_worst_first)
        room, shown = PAGE_BYTES, 0
        for row in rows:
            room -= _size(row)
            if room < 0:
                break
            shown += 1
        return FindingsPage(
            now,
            tuple(rows[:shown]),
            (),
            self.acknowledged.listed,
            tuple(untold for name in cameras if (untold := self._untold(name)) is not None),
            more=len(rows) - shown,
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _of(self, name: str) -> _Camera:
        camera = self._cameras.get(name)
        if camera is None:
            camera = self._cameras[name] = _Camera(CameraTriage(self.knowledge, camera=name))
        return camera

    def _began(self, camera: _Camera, generation: int, at_s: float, *, adopted: bool) -> None:
        camera.stopping = {number for number in camera.stopping if number > generation - GENERATIONS}
        if adopted and generation == camera.generation:
            return  # it goes on as it was written down
        if generation > camera.generation:
            camera.generation = generation
            camera.triage.began(at_s, sees_frames=not adopted)

    def _learn(self) -> None:
        from vmstui.settings import SettingsError  # here: all of it is needed in this thread alone

        try:
            self._known = self._load(self.path)
        except SettingsError as error:
            goes_on = "the table that comes with vmstui is used" if self._known is None else "the table stays as it was"
            self._say(LogLevel.ERROR, f"messages not loaded, {goes_on}: {error}")
            if self._known is not None:
                return
            self._known = self._load(None)
        self._learned(self._known)
        for name, camera in self._cameras.items():
            camera.triage.learn(self._known)
            self._changed.add(name)

    def _look_at(self, name: str, camera: _Camera, now_s: float, now: datetime) -> Iterator[Seen]:
        standing = camera.triage.standing(now_s)
        unknown = camera.triage.unknown_errors(now_s)
        camera.is_active, camera.news = bool(standing or unknown), camera.triage.news
        if any(one.message.connection for one in standing) is not (name in self.disconnected):
            self.disconnected ^= {name}
        loud = [one for one in standing if not self._is_quiet(name, one.message.id, one, now)]
        loud_unknown = [one for one in unknown if not self._is_quiet(name, one.fingerprint, one, now)]
        self.summaries[name] = _worst(loud, loud_unknown)
        common: dict[str, tuple[Common, float]] = {}
        for one in sorted(loud, key=lambda one: one.severity.rank):  # the worst of those with one key is told
            if one.severity.rank >= Severity.DEGRADED.rank and not one.is_unclear:  # soon it is known whose it is
                said = Common(summary(one.message), one.message.action, one.severity)
                key, what = of_message(one.message, one.origin, said)
                common[key] = what, max(one.last_s, common[key][1] if key in common else 0.0)
        for key in camera.common - common.keys():
            yield Seen(name, key, None, now)
        for key, (what, last_s) in common.items():
            yield Seen(name, key, what, datetime.fromtimestamp(last_s, UTC))
        camera.common = set(common)

    def _is_quiet(self, name: str, fingerprint: str, one: Standing | UnknownError, now: datetime) -> bool:
        return self.acknowledged.judge(name, fingerprint, one.origin, one.rate_per_min, now)[1]

    def _rows(self, name: str, now_s: float, now: datetime) -> Iterator[ExplainedFinding]:
        camera = self._cameras.get(name)
        if camera is None:
            return
        for finding in camera.triage.findings(now_s):
            message = self.knowledge.messages.get(finding.message)
            said, is_quiet = self.acknowledged.judge(
                name, finding.fingerprint, finding.origin, finding.rate_per_min, now
            )
            yield ExplainedFinding(
                finding,
                message.cause if message is not None else "",
                message.action if message is not None else "",
                message.source if message is not None else "",
                camera.triage.is_active(finding, now_s),
                said,
                is_quiet,
                outlived=camera.triage.is_outlived(finding),
            )

    def _untold(self, name: str) -> UntoldLines | None:
        camera = self._cameras.get(name)
        if camera is None:
            return None
        triage = camera.triage
        if not triage.not_kept and not triage.left_out:
            return None
        return UntoldLines(name, triage.not_kept, triage.not_kept_errors, triage.left_out)


def folded(lines: Collection[ParsedLine]) -> Iterable[tuple[ParsedLine, int]]:
    """Lines, and how often each came; in the order they came where they are few, else of their first coming."""
    if len(lines) < FOLD_FROM:
        return ((line, 1) for line in lines)
    return Counter(lines).items()


def slices(lines: Iterable[tuple[ParsedLine, int]], size: int) -> Iterator[list[tuple[ParsedLine, int]]]:
    """In pieces of this many."""
    rest = iter(lines)
    while piece := list(islice(rest, size)):
        yield piece


def _worst(known: Sequence[Standing], unknown: Sequence[UnknownError]) -> Summary:
    """What is to be shown of a camera: what is bad, then errors that nobody knows, then what is not bad."""
    worst = max(known, key=lambda one: (one.severity.rank, one.last_s), default=None)
    latest = max(unknown, key=lambda one: one.last_s, default=None)
    if latest is not None and (worst is None or worst.severity.rank < Severity.DEGRADED.rank):
        return None, _cut(latest.text)
    return QUIET if worst is None else (worst.severity, summary(worst.message))


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS else f"{text[: TEXT_CHARACTERS - 1]}…"


def summary(message: Message) -> str:
    """What it means, in one line: the first sentence."""
    sentence, end, _ = message.cause.partition(". ")
    text = sentence + end.strip() if end else sentence
    return _cut(text)


def _worst_first(row: ExplainedFinding) -> tuple[bool, tuple[int, int, int]]:
    """What comes and is not acknowledged, by how bad it is now; then the rest, by how bad it was."""
    loud = row.active and not row.is_quiet
    now = replace(row.finding, worst=row.finding.severity) if loud else row.finding
    return not loud, order(now)


def _size(row: ExplainedFinding) -> int:
    """About, as it goes over the socket."""
    finding: Finding = row.finding
    texts = (finding.fingerprint, finding.first.text, finding.last.text, *finding.examples)
    return 1500 + sum(2 * len(text.encode("utf-8", "surrogatepass")) for text in texts)
