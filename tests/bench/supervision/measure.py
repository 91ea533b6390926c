"""Takes the figures of one contender, in the order in which the earlier ones do not spoil the later: start, idle cost,
single deaths, all at once, the death of the supervisor itself."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.supervision.contender import SEGMENT_S, Contender
from tests.bench.supervision.figures import Aftermath, Figures, Respawns
from tests.bench.supervision.seen import BusyMeter, Seen, StartLog, cpu_ns, processes_of, reap, rss_bytes, send, until

START_LIMIT_S = 60.0
REPLACED_LIMIT_S = 20.0
HERD_LIMIT_S = 60.0
SETTLE_S = 3.0
WITHOUT_S = 5.0
"""How long nobody supervises after the supervisor was killed."""
BACK_QUIET_S = 6.0
BACK_LIMIT_S = 30.0
"""A supervisor that is back has settled once no worker started for a while, or after so long."""
AFTER_SEGMENTS_S = (6.0, 9.0)
"""Seconds after the common end of all segments: what it caused is done, and a quiet window fits before the next."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is measured."""

    idle_s: float
    kills_percent: float
    """Of those in the contender's habits."""
    kills_limit_s: float
    """No further kill after so long."""
    thorough: bool
    """Look at a whole segment, and wait until all are healthy again before all die; otherwise those die that are."""


class Contest:
    """One contender and what is known about it while it is measured."""

    def __init__(self, contender: Contender, pace: Pace, say: Callable[[str], None]) -> None:
        self._contender = contender
        self._pace = pace
        self._say = say
        self._setting = contender.setting
        self._starts = StartLog(self._setting.starts)
        self._random = random.Random(1)

    def measure(self) -> Figures:
        """Everything. Raises AssertionError when it cannot be measured, as when workers do not start."""
        with self._contender:
            start_s = self._start()
            cpu_percent, publishing_percent = self._idle()
            rss = [rss_bytes(seen.pid) for seen in self._supervisors()]
            busy = BusyMeter()
            respawns = self._single_deaths(round(self._contender.habits.kills * self._pace.kills_percent / 100))
            busy_percent = busy.percent()
            herd = self._death_of_all()
            aftermath = self._death_of_the_supervisor()
        return Figures(
            name=self._contender.name,
            version=self._contender.version,
            workers=len(self._setting.workers),
            start_s=start_s,
            cpu_percent=cpu_percent,
            publishing_percent=publishing_percent,
            rss_mib=sum(rss) / 2**20,
            processes=len(rss),
            respawns=respawns,
            busy_percent=busy_percent,
            herd=herd,
            aftermath=aftermath,
        )

    # -- the figures, in order ---------------------------------------------------------------------------------------

    def _start(self) -> float:
        self._say("starting")
        begun_ns = time.monotonic_ns()
        self._contender.start()
        wanted = len(self._setting.workers)
        assert until(lambda: self._read_starts() >= wanted, START_LIMIT_S), f"only {self._read_starts()} started"
        return (max(self._starts.last.values()) - begun_ns) / 1e9

    def _idle(self) -> tuple[float, float | None]:
        time.sleep(SETTLE_S)
        self._say("idle")
        if not self._contender.publishing():
            return self._cpu_percent(self._pace.idle_s), None
        until(lambda: AFTER_SEGMENTS_S[0] < time.time() % SEGMENT_S < AFTER_SEGMENTS_S[1], SEGMENT_S)
        quiet_percent = self._cpu_percent(self._pace.idle_s)
        return quiet_percent, self._cpu_percent(SEGMENT_S) if self._pace.thorough else None

    def _single_deaths(self, kills: int) -> Respawns:
        self._say(f"{kills} single deaths")
        latencies_ms: list[float] = []
        given_up: set[str] = set()
        deadline = time.monotonic() + self._pace.kills_limit_s
        while len(latencies_ms) + len(given_up) < kills and time.monotonic() < deadline:
            time.sleep(self._random.uniform(*self._contender.habits.pause_s))
            candidates = [(at_ns, name) for name, at_ns in self._starts.last.items() if name not in given_up]
            if not candidates:
                break
            _, worker = min(candidates)  # whoever has run longest: all have their turn, and are healthy by then
            self._wait_healthy((worker,))
            (victim,) = self._workers()[worker]
            latency_ms = self._kill(victim)
            if latency_ms is None:
                given_up.add(worker)
            else:
                latencies_ms.append(latency_ms)
        return Respawns(tuple(latencies_ms), len(given_up))

    def _kill(self, victim: Seen) -> float | None:
        """Milliseconds until the next one was in `main()`, None when it never was."""
        killed_ns = time.monotonic_ns()
        assert send(victim, signal.SIGKILL)
        if until(lambda: self._started_since(killed_ns, (victim.worker,)) == 1, REPLACED_LIMIT_S):
            return (self._starts.last[victim.worker] - killed_ns) / 1e6
        return None

    def _death_of_all(self) -> Respawns:
        if self._pace.thorough:
            self._say("waiting until all count as healthy")
            self._wait_healthy(self._setting.workers)
        young_ns = time.monotonic_ns() - self._contender.habits.healthy_s * 1e9
        names = tuple(name for name, at_ns in self._starts.last.items() if at_ns <= young_ns)
        self._say(f"{len(names)} die at once")
        workers = self._workers()
        victims = [seen for name in names for seen in workers[name]]
        killed_ns = time.monotonic_ns()
        for victim in victims:
            send(victim, signal.SIGKILL)
        until(lambda: self._started_since(killed_ns, names) == len(names), HERD_LIMIT_S, 0.02)
        back_ns = [self._starts.last[name] for name in names if self._starts.last[name] > killed_ns]
        return Respawns(tuple((at_ns - killed_ns) / 1e6 for at_ns in back_ns), len(names) - len(back_ns))

    def _death_of_the_supervisor(self) -> Aftermath:
        self._say("the supervisor dies")
        time.sleep(SETTLE_S)
        before = {seen for group in self._workers().values() for seen in group}
        pid = self._contender.pid()
        (supervisor,) = (seen for seen in self._supervisors() if seen.pid == pid)
        assert send(supervisor, signal.SIGKILL)
        time.sleep(WITHOUT_S)
        alive_without = len(before & self._all_workers())
        self._say("and is started again")
        self._contender.start()
        self._wait_settled()
        after = self._all_workers()
        counts = Counter(seen.worker for seen in after)
        return Aftermath(
            before=len(before),
            alive_without=alive_without,
            untouched=len(before & after),
            alive=len(after),
            doubled=sum(count > 1 for count in counts.values()),
            lost=sum(counts[name] == 0 for name in self._setting.workers),
        )

    # -- looking -----------------------------------------------------------------------------------------------------

    def _read_starts(self) -> int:
        """Take in new starts; gives the number of workers that ever started."""
        self._starts.read()
        return len(self._starts.last)

    def _started_since(self, since_ns: int, names: tuple[str, ...]) -> int:
        """How many of these workers started after an instant."""
        self._starts.read()
        return sum(self._starts.last[name] > since_ns for name in names)

    def _wait_healthy(self, names: tuple[str, ...]) -> None:
        self._starts.read()
        newest_ns = max(self._starts.last[name] for name in names)
        time.sleep(max(0.0, self._contender.habits.healthy_s - (time.monotonic_ns() - newest_ns) / 1e9))

    def _wait_settled(self) -> None:
        deadline = time.monotonic() + BACK_LIMIT_S
        quiet_since = time.monotonic()
        while time.monotonic() < min(deadline, quiet_since + BACK_QUIET_S):
            if self._starts.read():
                quiet_since = time.monotonic()
            time.sleep(0.1)

    def _supervisors(self) -> list[Seen]:
        reap()
        return [seen for seen in processes_of(self._setting.mark) if not seen.worker]

    def _all_workers(self) -> set[Seen]:
        reap()
        return {seen for seen in processes_of(self._setting.mark) if seen.worker}

    def _workers(self) -> dict[str, list[Seen]]:
        found: dict[str, list[Seen]] = {name: [] for name in self._setting.workers}
        for seen in self._all_workers():
            found[seen.worker].append(seen)
        return found

    def _cpu_percent(self, window_s: float) -> float:
        before = {seen: cpu_ns(seen.pid) for seen in self._supervisors()}
        begun_s = time.monotonic()
        time.sleep(window_s)
        after = {seen: cpu_ns(seen.pid) for seen in self._supervisors()}
        elapsed_s = time.monotonic() - begun_s
        return 100 * sum(spent - before.get(seen, 0) for seen, spent in after.items()) / 1e9 / elapsed_s
