"""What a worker spends its CPU time on, by the names that ffmpeg 7 and later give to their threads.

One thread does one thing there (fftools/ffmpeg_sched.c): `dmx0:concat` receives, `dec0:0:h264` and its `av:h264:df0`,
`df1`, … decode, `vf#1:0` filters for output 1, `enc1:0:libx264` encodes it, `mux1:fifo` writes it. Two things are not
in the names:

- An encoder is opened by the first frame that comes out of its filter, in the thread of that filter, and whatever
  threads x264 or x265 then start inherit the name `vf#1:0`. Threads are numbered in the order of their making, so the
  lowest number under that name is the filter, and the others belong to the encoder. libswscale's and libavfilter's own
  helpers would inherit it just so; the recorder gives its workers `-filter_threads 1`, with which there are none.
- The thread behind ffmpeg's `fifo` muxer is called `fifo-consumer` and belongs to the live output.

`classify` is pure. `StageReader` reads `/proc`: per thread two small files at first sight and one after that, which is
ten times the cost of a plain sample, so it is for the camera in focus, and for others now and then.

ffmpeg before 7 calls its threads all alike, or encodes in its main thread: then there is no breakdown.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vmstui.configured import OutputKind
from vmstui.stages import Stage
from vmstui.telemetry.procfs import ProcessGone, cpu_clock

_NANO = 1e-9
_ENCODE = {OutputKind.RECORDING: Stage.ENCODE_RECORDING, OutputKind.LIVE: Stage.ENCODE_LIVE}
# Compared as plain text: the service, which is to stay small, has no other use for that many patterns.
_FILTERS = ("vf#", "af#", "fc")
_ENCODER = "enc"
_BY_NAME = (
    (Stage.DEMUX, ("dmx",)),
    (Stage.DECODE, ("dec", "av:")),
    (Stage.MUX, ("mux", "fifo-consumer")),
)
LOOKS_AT_NAMES = 3
"""A thread is born with the name of its parent and names itself a little later: so often it is asked for its name."""

NO_NAMES = "this worker's ffmpeg does not tell its threads apart (7.0 and later do), so there is no breakdown"
STARTING = "the worker has only just started"
NO_TIMES = "this kernel does not tell the CPU time of threads (/proc/PID/task/TID/schedstat), so there is no breakdown"


class NoBreakdown(Exception):
    """The threads of a process do not tell what they do. The text is the reason."""


class OutputPlan(NamedTuple):
    """What is to be known of one output of a worker, in the order of its command line."""

    kind: OutputKind
    encodes: bool
    """It is not a copy."""


def classify(names: Mapping[int, str], outputs: Sequence[OutputPlan]) -> dict[int, Stage]:
    """The stage of each thread, from all names of a process by thread id.

    Raises NoBreakdown where names do not tell.
    """
    if not any(name.startswith("dmx") for name in names.values()):
        raise NoBreakdown(NO_NAMES if len(names) > 1 and len(set(names.values())) == 1 else STARTING)
    encoders = {_output_of(name) for name in names.values() if name.startswith(_ENCODER)}
    if any(plan.encodes and number not in encoders for number, plan in enumerate(outputs)):
        raise NoBreakdown(NO_NAMES)
    filters = {name: tid for tid, name in sorted(names.items(), reverse=True) if name.startswith(_FILTERS)}
    return {tid: _stage(tid, name, outputs, filters) for tid, name in names.items()}


def _stage(tid: int, name: str, outputs: Sequence[OutputPlan], filters: Mapping[str, int]) -> Stage:
    """`filters` has the lowest thread of each name of a filter graph."""
    if name in filters:
        return Stage.FILTER if filters[name] == tid else _encode(name, outputs)
    if name.startswith(_ENCODER):
        return _encode(name, outputs)
    return next((stage for stage, beginnings in _BY_NAME if name.startswith(beginnings)), Stage.OTHER)


def _encode(name: str, outputs: Sequence[OutputPlan]) -> Stage:
    """Of which output it is; a graph that feeds several (`fc0`) does not tell, unless only one is encoded."""
    if not name.startswith("fc"):
        number = _output_of(name)
        return _ENCODE[outputs[number].kind] if 0 <= number < len(outputs) else Stage.OTHER
    encoded = [plan for plan in outputs if plan.encodes]
    return _ENCODE[encoded[0].kind] if len(encoded) == 1 else Stage.ENCODE


def _output_of(name: str) -> int:
    """The number of the output in `vf#1:0` or `enc1:0:libx264`; -1 where there is none."""
    number = name[3:].partition(":")[0]
    return int(number) if number.isdecimal() else -1


class StageTimes(NamedTuple):
    """CPU time of one process since its reader was made, by stages: grows only."""

    monotonic_s: float
    total_s: float
    """By the clock of the process: live and ended threads."""
    stages_s: Mapping[Stage, float]
    """Of the threads that could be read."""


class StageWindow(NamedTuple):
    """Between two `StageTimes`. 100 % is one core."""

    elapsed_s: float
    cpu_percent: float
    percents: Mapping[Stage, float]
    """Adds up to `cpu_percent`, but for the last ticks of threads that run while they are read."""


def between(before: StageTimes, after: StageTimes) -> StageWindow:
    """What was spent on what meanwhile; what no thread accounts for, because it ended, is `OTHER`."""
    elapsed_s = max(after.monotonic_s - before.monotonic_s, 1e-6)
    spent = {stage: after.stages_s[stage] - before.stages_s.get(stage, 0.0) for stage in after.stages_s}
    total_s = after.total_s - before.total_s
    spent[Stage.OTHER] = spent.get(Stage.OTHER, 0.0) + max(0.0, total_s - sum(spent.values()))
    percents = {stage: 100.0 * spent[stage] / elapsed_s for stage in Stage if stage in spent}
    return StageWindow(elapsed_s, 100.0 * total_s / elapsed_s, percents)


class _Thread:
    """One thread; `name` is what it calls itself, as of its first looks."""

    __slots__ = ("cpu_ns", "looks", "name", "schedstat_fd")

    def __init__(self, schedstat_fd: int) -> None:
        self.schedstat_fd = schedstat_fd
        self.name = ""
        self.looks = 0
        self.cpu_ns = 0


class StageReader:
    """The threads of one process. Make it while the process is known to be the right one, close it when done.

    `read` may be called in another thread than `close`.
    """

    def __init__(self, pid: int, outputs: Sequence[OutputPlan]) -> None:
        """Raises ProcessGone when there is no such process."""
        self._pid = pid
        self._clock = cpu_clock(pid)
        self._outputs = tuple(outputs)
        self._threads: dict[int, _Thread] = {}
        self._stages: dict[int, Stage] | None = None
        """By thread; None: threads or names have changed since."""
        self._spent_ns: dict[Stage, int] = {}
        self._begun = False
        self._reading = threading.Lock()
        """Descriptors of a thread that reads must not come to mean something else meanwhile."""
        try:
            self._folder_fd = os.open(f"/proc/{pid}/task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise ProcessGone(f"process {pid}: {error.strerror}") from None

    def read(self, monotonic_s: float) -> StageTimes:
        """Look at all threads. Raises ProcessGone once the process has ended, NoBreakdown as `classify` does."""
        with self._reading:
            return self._read(monotonic_s)

    def _read(self, monotonic_s: float) -> StageTimes:
        self._look_for_threads()
        spent_ns = {}
        for tid, thread in list(self._threads.items()):
            if thread.looks < LOOKS_AT_NAMES:
                self._look_at_name(tid, thread)
            cpu_ns = self._cpu_ns(tid, thread)
            if cpu_ns is not None:
                spent_ns[tid], thread.cpu_ns = cpu_ns - thread.cpu_ns, cpu_ns
        try:
            total_s = time.clock_gettime(self._clock)
            # After the clock, which goes by the pid: this folder cannot come to mean another process.
            os.stat(str(self._pid), dir_fd=self._folder_fd)
        except OSError as error:
            raise ProcessGone(error.strerror) from None
        if self._stages is None:
            self._stages = classify({tid: thread.name for tid, thread in self._threads.items()}, self._outputs)
        for tid, stage in self._stages.items():
            # What a thread had used when all this began is nobody's; one that was born later is counted from its birth.
            self._spent_ns[stage] = self._spent_ns.get(stage, 0) + (spent_ns.get(tid, 0) if self._begun else 0)
        self._begun = True
        return StageTimes(monotonic_s, total_s, {stage: ns * _NANO for stage, ns in self._spent_ns.items()})

    def close(self) -> None:
        """Release the descriptors. May be called twice."""
        with self._reading:
            for tid in list(self._threads):
                self._forget(tid)
            if self._folder_fd >= 0:
                os.close(self._folder_fd)
                self._folder_fd = -1

    def _look_for_threads(self) -> None:
        try:
            there = {int(name) for name in os.listdir(self._folder_fd)}
        except OSError as error:
            raise ProcessGone(error.strerror) from None
        if not there:
            raise ProcessGone("the process has ended")
        for tid in self._threads.keys() - there:
            self._forget(tid)
        for tid in there - self._threads.keys():
            try:
                opened = os.open(f"{tid}/schedstat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder_fd)
            except OSError:
                if tid == self._pid and os.path.exists(f"/proc/self/fd/{self._folder_fd}/{tid}/stat"):
                    raise NoBreakdown(NO_TIMES) from None
                continue  # it has just ended
            self._threads[tid] = _Thread(opened)
            self._stages = None

    def _look_at_name(self, tid: int, thread: _Thread) -> None:
        thread.looks += 1
        try:
            opened = os.open(f"{tid}/comm", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder_fd)
        except OSError:
            return
        try:
            name = os.read(opened, 64).rstrip(b"\n").decode("utf-8", "replace")
        except OSError:
            return
        finally:
            os.close(opened)
        if name != thread.name:
            thread.name, self._stages = name, None

    def _cpu_ns(self, tid: int, thread: _Thread) -> int | None:
        """CPU time of a thread; None: it has ended, and the clock of the process keeps what it used."""
        try:
            return int(os.pread(thread.schedstat_fd, 96, 0).split(None, 1)[0])
        except (OSError, IndexError):
            self._forget(tid)
            return None

    def _forget(self, tid: int) -> None:
        os.close(self._threads.pop(tid).schedstat_fd)
        self._stages = None
