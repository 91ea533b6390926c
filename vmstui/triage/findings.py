"""From the lines of one camera to its findings: counted, graded by rate and circumstances, bounded. Pure.

Who follows a log makes one `CameraTriage` for it, hands on each line once it is masked, cleaned and taken apart, and
tells what else is known of the worker: that it was started, that a picture came, that a good segment was closed, that
it is to end. Whoever knows nothing of that, as with a log from elsewhere, leaves it out; no rule that asks for it holds
then.

Guarantees: memory is bounded whatever is fed; of known messages every line counts in its finding; unknown texts beyond
the bound are counted and said to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vmstui.ffmpeg.loglines import ParsedLine
from vmstui.findings import ERROR_LEVELS, Finding, Origin, Severity
from vmstui.light_dataclass import dataclass
from vmstui.logged import LogLevel
from vmstui.triage.flow import GOES_ON_S, Flow
from vmstui.triage.fold import fold
from vmstui.triage.kept import SEVERITIES, Kept, Line, given_out, is_of_live_connection, order
from vmstui.triage.knowledge import LOOKED_AT_CHARACTERS, Knowledge, Match, Message, Rule
from vmstui.triage.origin import WORKER, Layout, origin_of
from vmstui.triage.standing import Standing, UnknownError

SETTLING_S = 15.0
"""After a start, in which decoders complain because they joined the stream between two keyframes."""
QUIET_S = 300.0
"""After which what goes on is another spell of it, and what was worse is as it was before."""
CHAIN_LINES = 40
"""Lines after an error within which other lines may follow from it."""
FORGOTTEN_S = 24 * 3600.0
"""After which an unknown message makes room for another one."""
EXAMPLES_OF = 32
"""Lines among which examples that differ are looked for."""

_LEVELS = {level: rank for rank, level in enumerate((LogLevel.UNKNOWN, *reversed(tuple(LogLevel)[:-1])))}
_DEGRADED = Severity.DEGRADED.rank
_PROCESS = Origin.PROCESS


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is kept of one camera."""

    unknown_kinds: int = 64
    """Unknown messages that differ; further ones are only counted."""
    text_characters: int = 400
    examples: int = 3


class CameraTriage:
    """Findings of one camera. Times are seconds of one clock, such as POSIX time; None where the log does not tell."""

    def __init__(
        self, knowledge: Knowledge, layout: Layout = WORKER, camera: str = "", bounds: Bounds | None = None
    ) -> None:
        self._knowledge = knowledge
        self._layout = layout
        self._camera = camera
        self._bounds = bounds or Bounds()
        self._kept: dict[str, list[Kept]] = {}
        """By fingerprint; one for each origin."""
        self._unknown_kinds = 0
        self._previous: Kept | None = None
        self._cause: tuple[int, str] | None = None
        """Line and fingerprint of what went wrong last."""
        self._said: dict[str, int] = {}
        """By message: the line of this run in which it last said that something went wrong."""
        self.run = 0
        """Number of the present one."""
        self.proven = False
        """A good segment was closed in this run."""
        self._made_room_s = 0.0
        self._began_s: float | None = None
        self._settled = True
        self._frame_known = False
        self._frame_at_s: float | None = None
        self._pictured_run = 0
        """The last before the present one that had a picture, or may have had one."""
        self.stopping: bool | None = None
        """Whether the worker was told to end; None where nobody knows."""
        self.news = 0
        """Counts what may make another finding the worst that comes now: one that is new, back, better or worse."""
        self.lines = 0
        """That were fed."""
        self.not_kept = 0
        """Unknown lines of a kind beyond the bound: counted here, not stored."""
        self.not_kept_errors = 0
        """Of them, those that ffmpeg calls errors."""
        self.left_out = 0
        """Lines that whoever reads the log could not hand on."""
        self.settled_lines = 0
        """Noise of starts that was forgotten once footage was good."""
        self.flow = Flow()
        """What is known of its connections since they broke."""
        self.beside_s = 0.0
        """When a worker that is not of the present run said something last."""

    def began(self, at_s: float | None, *, sees_frames: bool = False) -> None:
        """ffmpeg was started. `sees_frames`: `picture` will be told, so that none means that there is none."""
        if not self._frame_known or self._frame_at_s is not None:
            self._pictured_run = self.run
            self.flow.restless = self.run > 0 and not self.proven
        self._turned_out(Origin.INPUT)
        self.run += 1
        self.news += 1
        self.proven = False
        self._began_s = at_s
        self._settled = False
        self._frame_known = sees_frames
        self._frame_at_s = None
        self._previous = self._cause = None
        self._said = {}
        self.stopping = None if not sees_frames else False

    def kept(self) -> Iterator[Kept]:
        """All findings as they are kept."""
        return (kept for some in self._kept.values() for kept in some)

    def recall(self, kept: Iterable[Kept], *, proven: bool) -> None:
        """Begin with these."""
        self._kept = {}
        for one in kept:
            self._kept.setdefault(one.fingerprint, []).append(one)
            self._unknown_kinds += one.message is None
        self.proven = proven

    def resumed(self) -> None:
        """It goes on with the run that was under way when what is known of it was written down (`remembered`)."""
        self._began_s = None
        self._settled = True
        self._frame_known = False
        self._previous = self._cause = None
        self._said = {}

    def picture(self, at_s: float) -> None:
        """A picture came in."""
        if self._frame_at_s is None:
            self._frame_at_s = at_s
            self.news += 1

    def segment_closed(self) -> None:
        """A good segment was closed: what was noise of the start is over."""
        self.proven = True
        self.flow.restless = False
        self.news += 1
        if self._settled:
            return
        self._settled = True
        for fingerprint, some in list(self._kept.items()):
            message = some[0].message
            if message is not None and message.settles:
                self.settled_lines += sum(kept.count for kept in some if not kept.is_unsettled)
                self._kept[fingerprint] = [kept for kept in some if kept.is_unsettled]
                if not self._kept[fingerprint]:
                    del self._kept[fingerprint]
        self._previous = None

    def flows(self, at_s: float, recorded_for_s: float, live_for_s: float) -> None:
        """For so long the present worker has recorded, and its live stream been taken, without a pause up to now."""
        if recorded_for_s >= GOES_ON_S:
            self._turned_out(Origin.LIVE, self.beside_s, at_s - GOES_ON_S)
        before = self.flow.recorded_s, self.flow.live_s
        self.flow.seen(at_s, recorded_for_s, live_for_s)
        self.news += before != (self.flow.recorded_s, self.flow.live_s)

    def feed(self, line: ParsedLine, at_s: float | None = None, number: int = 0, times: int = 1) -> None:
        """One line, masked and without control characters; `number` is that in its log. `times`: so many of it came
        one after the other, or nearly."""
        self.lines += 1
        self._take(line, at_s, number, times)
        if times > 1:
            if self._cause is not None and self._cause[0] == self.lines:
                self._cause = self.lines + times - 1, self._cause[1]
                if self._cause[1] in self._said:
                    self._said[self._cause[1]] = self._cause[0]
            self.lines += times - 1

    def _take(self, line: ParsedLine, at_s: float | None, number: int, times: int) -> None:
        text = line.text if len(line.text) <= LOOKED_AT_CHARACTERS else line.text[:LOOKED_AT_CHARACTERS]
        if not text or text.isspace():
            return
        match = self._knowledge.match(text)
        if match is None:
            message, fingerprint = None, fold(text)
        else:
            message = match.message
            if message.continues and self._previous is not None:
                self._continue(match, at_s, times)
                return
            fingerprint = message.id
        origin = origin_of(line.component, text, self._layout) or (message and message.origin) or _PROCESS
        most = self._bounds.text_characters
        seen = (number or self.lines, at_s, text if len(text) <= most else text[:most])
        for kept in self._kept.get(fingerprint, ()):
            if kept.origin is origin:
                break
        else:
            new = self._new(fingerprint, message, origin, seen)
            if new is None:
                self._previous = None
                self.not_kept += times
                self.not_kept_errors += times * (line.level in ERROR_LEVELS)
                return
            kept = new
        kept.last = seen
        if line.level is not kept.level and _LEVELS[line.level] > _LEVELS[kept.level]:
            kept.level = line.level
        if match is not None and match.numbers:
            kept.numbers = match.numbers
        if kept.count < EXAMPLES_OF and len(kept.examples) < self._bounds.examples:
            self._remember(kept, seen[2])
        self._previous = kept
        amount = times * (max(kept.numbers.get(kept.sums, 1), 0) if kept.sums else 1)
        kept.count += times
        kept.amount += amount
        settling = message is not None and message.settles and self._settles_at(at_s)
        if at_s is not None:
            if kept.spell_at_s is None or (kept.last_at_s is not None and at_s - kept.last_at_s > QUIET_S):
                kept.spell_at_s = at_s
                self.news += 1
            kept.last_at_s = at_s
            if not settling:
                kept.minutes.add(at_s, amount)
        if kept.run != self.run:
            kept.starts = kept.starts + 1 if kept.run == self.run - 1 else 1
            kept.run = self.run
            self.news += 1
        if message is not None:
            if message.connection and origin is Origin.LIVE and at_s is not None:
                # It is tried anew; a worker that had lost its input would end.
                self._turned_out(Origin.LIVE, at_s - GOES_ON_S, at_s)
            self._grade(kept, message, at_s, settling)
        elif line.level in ERROR_LEVELS:
            self._cause = self.lines, fingerprint

    def findings(self, now_s: float | None = None) -> tuple[Finding, ...]:
        """All there are; the worst first, then the most frequent. `now_s` is None for a log that is over."""
        return tuple(sorted((self._finding(kept, now_s) for kept in self.kept()), key=order))

    def standing(self, now_s: float) -> list[Standing]:
        """The known messages that come now (`is_active`)."""
        return [
            Standing(
                kept.message,
                kept.origin,
                SEVERITIES[self._severity(kept, kept.message, now_s)],
                kept.minutes.within(60, now_s),
                kept.last_at_s,
            )
            for kept in self.kept()
            if kept.message is not None and kept.last_at_s is not None and self._is_active(kept, now_s)
        ]

    def unknown_errors(self, now_s: float) -> list[UnknownError]:
        """Those that come now (`is_active`)."""
        return [
            UnknownError(kept.fingerprint, kept.origin, kept.minutes.within(60, now_s), kept.last_at_s, kept.last[2])
            for kept in self.kept()
            if kept.message is None
            and kept.level in ERROR_LEVELS
            and kept.last_at_s is not None
            and self._is_active(kept, now_s)
        ]

    def is_active(self, finding: Finding, now_s: float) -> bool:
        """Whether it came within the last minutes, in the present run; or in one before, as long as the present one
        has not closed a good segment, or got as far as a picture, if that one did not: a camera that fails at each
        start, or a while after it, has the same finding all the time."""
        some = self._kept.get(finding.fingerprint, ())
        return any(kept.origin is finding.origin and self._is_active(kept, now_s) for kept in some)

    def is_outlived(self, finding: Finding) -> bool:
        """Whether it is about a connection, and the newest try that came to nothing did not say it."""
        some = self._kept.get(finding.fingerprint, ())
        return any(
            kept.origin is finding.origin and (self.flow.is_outlived(kept) or self._is_said_anew(kept)) for kept in some
        )

    def most(self, origin: Origin) -> int:
        """As severe as what is about this part can be: severity is about the footage, and where a recording is made
        beside it, none is lost for a live stream."""
        is_beside = origin is Origin.LIVE and Origin.RECORDING in self._layout.outputs.values()
        return (Severity.DEGRADED if is_beside else Severity.CRITICAL).rank

    def has(self, fingerprint: str, origin: Origin | None) -> bool:
        """Whether there is such a finding; with `origin` None whatever it is about."""
        return any(origin in (None, kept.origin) for kept in self._kept.get(fingerprint, ()))

    def learn(self, knowledge: Knowledge) -> None:
        """Go on with another table. Findings whose entry is gone are dropped, and unknown ones that have one now."""
        self._knowledge = knowledge
        self._previous = None
        for kept in list(self.kept()):
            if kept.message is None:
                if knowledge.match(kept.last[2]) is not None:
                    self._drop(kept)
            elif kept.message.id not in knowledge.messages:
                self._drop(kept)
            else:
                kept.is_of(knowledge.messages[kept.message.id])

    def _new(self, fingerprint: str, message: Message | None, origin: Origin, seen: Line) -> Kept | None:
        if message is None:
            if self._unknown_kinds >= self._bounds.unknown_kinds and not self._made_room(seen[1]):
                return None
            self._unknown_kinds += 1
        self.news += 1
        kept = Kept(fingerprint, message, origin, seen, self.most(origin))
        self._kept.setdefault(fingerprint, []).append(kept)
        return kept

    def _made_room(self, now_s: float | None) -> bool:
        """Whether an unknown message could be dropped that has not come for long; its lines are in no finding then."""
        if now_s is None or now_s - self._made_room_s < 1.0:  # not again for each line of a flood
            return False
        self._made_room_s = now_s
        oldest = min(
            (kept for kept in self.kept() if kept.message is None), key=lambda kept: kept.last_at_s or 0.0, default=None
        )
        if oldest is None or now_s - (oldest.last_at_s or 0.0) < FORGOTTEN_S:
            return False
        self.not_kept += oldest.count
        self.not_kept_errors += oldest.count * (oldest.level in ERROR_LEVELS)
        self._drop(oldest)
        return True

    def _turned_out(self, origin: Origin, after_s: float = float("-inf"), until_s: float = float("inf")) -> None:
        """What the present worker said within this time, and nobody knew which part of it, was about this one."""
        for kept in [kept for kept in self.kept() if kept.is_unclear and kept.run == self.run]:
            if kept.last_at_s is None or not after_s < kept.last_at_s <= until_s:
                continue
            self.news += 1
            kept.is_about(origin, self.most(origin))
            same = [one for one in self._kept[kept.fingerprint] if one.origin is origin and one is not kept]
            if same:
                same[0].take_in(kept, QUIET_S)
                self._drop(kept)
                self._previous = None

    def _drop(self, kept: Kept) -> None:
        some = self._kept[kept.fingerprint]
        some.remove(kept)
        if not some:
            del self._kept[kept.fingerprint]
        self._unknown_kinds -= kept.message is None

    def _continue(self, match: Match, at_s: float | None, lines: int) -> None:
        """A line that belongs to the one before it, and may say how often that one came again."""
        assert self._previous is not None
        kept, times = self._previous, lines * match.numbers.get("times", 0)
        if times:
            kept.count += times
            kept.amount += times
            if at_s is not None:
                kept.minutes.add(at_s, times)

    def _remember(self, kept: Kept, text: str) -> None:
        """Keep a line as an example if it is one of its own."""
        if kept.message is None:
            if not kept.examples:
                kept.examples.append(text)
            return
        folded = fold(text)
        if folded not in kept.example_folds:
            kept.example_folds.add(folded)
            kept.examples.append(text)

    def _grade(self, kept: Kept, message: Message, at_s: float | None, settling: bool) -> None:
        """Worse at once, better only after a while."""
        base = kept.rank
        if settling:
            base = max(base - 1, 0)
        else:
            kept.is_unsettled = True
        if message.follows or message.repeats:
            kept.follows = self._cause_of(message)
            base = 0 if kept.follows else base
        if base >= _DEGRADED and not message.follows:
            self._cause = self.lines, message.id
            self._said[message.id] = self.lines
        kept.base = base
        if (
            kept.severity == kept.top
            and kept.graded_at_s is not None
            and at_s is not None
            and at_s - kept.graded_at_s < 1.0
        ):
            return  # in a flood: it is as bad as it can be, and was so just now
        now = self._judged(kept, message, at_s) if message.rules else base
        if now >= kept.severity or at_s is None or kept.graded_at_s is None or at_s - kept.graded_at_s > QUIET_S:
            self.news += now != kept.severity
            kept.severity = now
            kept.graded_at_s = at_s
        kept.worst = max(kept.worst, now)

    def _cause_of(self, message: Message) -> str:
        """Fingerprint of what it only follows from or says again; empty where there is nothing of the kind."""
        if message.follows:
            cause = self._cause
            return cause[1] if cause is not None and self.lines - cause[0] <= CHAIN_LINES else ""
        said = ((self._said.get(identity, -CHAIN_LINES - 1), identity) for identity in message.repeats)
        line, identity = max(said)
        return identity if self.lines - line <= CHAIN_LINES else ""

    def _judged(self, kept: Kept, message: Message, at_s: float | None) -> int:
        for rule in message.rules if not kept.follows else ():
            if self._holds(rule, kept, at_s):
                return min(rule.severity.rank, kept.most)
        return kept.base

    def _holds(self, rule: Rule, kept: Kept, at_s: float | None) -> bool:
        # A look at the sum of all saves most looks at the minutes.
        if rule.over is not None and (
            at_s is None or kept.amount <= rule.over or kept.minutes.within(rule.within_s, at_s) <= rule.over
        ):
            return False
        if rule.lasts_s is not None and (
            at_s is None or kept.spell_at_s is None or at_s - kept.spell_at_s <= rule.lasts_s
        ):
            return False
        if rule.number is not None and next(iter(kept.numbers.values()), -1) < rule.number:
            return False
        if rule.starts is not None and kept.starts < rule.starts:
            return False
        if rule.no_frame_s is not None and not self._without_picture(rule.no_frame_s, at_s):
            return False
        if rule.stopping is not None and self.stopping is not rule.stopping:
            return False
        return rule.origin is None or rule.origin is kept.origin

    def _settles_at(self, at_s: float | None) -> bool:
        if self._settled or self._began_s is None or at_s is None:
            return False
        return at_s - self._began_s <= SETTLING_S

    def _without_picture(self, limit_s: int, at_s: float | None) -> bool:
        if not self._frame_known or self._began_s is None or at_s is None:
            return False
        until_s = at_s if self._frame_at_s is None else self._frame_at_s
        return until_s - self._began_s > limit_s

    def _is_active(self, kept: Kept, now_s: float) -> bool:
        if kept.last_at_s is None or now_s - kept.last_at_s > QUIET_S or self.flow.is_over(kept):
            return False
        if self._is_said_anew(kept):
            return False
        if kept.run == self.run:
            return True
        return not self.proven and (self._frame_at_s is None or kept.run <= self._pictured_run)

    def _is_said_anew(self, kept: Kept) -> bool:
        """Whether it is about the connection to the live server, of which something else was said since then: that it
        was lost is no matter of its own once it cannot be made again."""
        return is_of_live_connection(kept) and any(
            is_of_live_connection(other)
            and other.run == self.run
            and other.last[0] > kept.last[0]
            and other.severity >= kept.severity
            for other in self.kept()
        )

    def _severity(self, kept: Kept, message: Message, now_s: float | None) -> int:
        """As it is held to be now."""
        if message.rules and now_s is not None:
            judged = self._judged(kept, message, now_s)
            if judged > kept.severity or kept.graded_at_s is None or now_s - kept.graded_at_s > QUIET_S:
                return judged
        return kept.severity

    def _finding(self, kept: Kept, now_s: float | None) -> Finding:
        end_s = now_s if now_s is not None else kept.last_at_s
        severity = self._severity(kept, kept.message, end_s) if kept.message is not None else kept.severity
        return given_out(kept, self._camera, severity, end_s)
