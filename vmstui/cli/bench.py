"""`vmstui bench`: what the cameras of this recorder, or simulated ones, take in each layout.

Beside a recorder that records it asks before it begins whether there is room, gives way to recording while it runs, and
ends when a recording suffers. It writes into a temporary folder, which goes with it, and its result into the state
folder; the recordings it does not touch.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from vmstui import __version__
from vmstui.bench import danger, told
from vmstui.bench.kept import BENCH_FILE, keep
from vmstui.bench.layouts import Layouts, NothingToCompare, found_here
from vmstui.bench.rounds import differences, order, percent_of, summarised
from vmstui.bench.stand import BenchCamera, BenchFailed, Stand
from vmstui.bench.turn import SETTLE_S, Task, measured
from vmstui.bench.words import FORMAT, BenchResult, Layout, Setting, Turn
from vmstui.capacity.projection import given
from vmstui.capacity.words import Limit, Resource
from vmstui.cli.bench_recorder import Mute, seen
from vmstui.cli.ending import Ending, ended_in_order
from vmstui.cli.export_progress import JsonLines, Shown, shown_on
from vmstui.cli.recorder_socket import socket_path
from vmstui.cli.table import table
from vmstui.codec import to_json
from vmstui.configured import CORE_BUDGET_PERCENT, Camera, OutputSettings, Profile, Settings, VideoCodec
from vmstui.ffmpeg.abilities import choose
from vmstui.ffmpeg.binary import NoUsableFfmpeg
from vmstui.ffmpeg.command import CommandError
from vmstui.live.simulated import CameraSpec
from vmstui.model import RecorderSnapshot
from vmstui.recorder.launch import worker_environment
from vmstui.sanitise import clean
from vmstui.settings import default_folders, find_path, load
from vmstui.settings.loader import shipped_profiles
from vmstui.settings.secrets import secret_values
from vmstui.spoken import plural
from vmstui.triage.masking import Masker

if TYPE_CHECKING:
    from vmstui.settings import Loaded

DONE, NOT_WELL, WRONG_USE = 0, 1, 2
OWN_CAMERAS = 2
"""So many, where none is named."""
REENCODE = "reencode"
TRIAL_S = 4.0
COLUMNS = 80
_INDENT = 10
LOWEST_PRIORITY, GIVING_WAY = 19, 10
"""Of the trial; of all turns. Workers have 0, also those of a recorder that is not seen: of another user, or started
meanwhile."""
SIMULATED_SIZE, SIMULATED_FPS = (1280, 720), 15
SIMULATED_BPS_PER_PIXEL = 2_000_000 / (1280 * 720)
_START_S = 6.0
"""What a turn takes beside its window, about."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What was asked on the command line."""

    config: str | None
    cameras: tuple[str, ...]
    simulated: int | None
    size: tuple[int, int] | None
    fps: int | None
    codec: str | None
    """Of simulated cameras; None where nothing was asked for."""
    profile: str | None
    rounds: int
    seconds: int
    as_json: bool
    markdown: bool


class Refused(Exception):
    """It may not run, or was asked for what there is not; a sentence for each reason, and the exit code."""

    def __init__(self, reasons: Sequence[str], code: int = NOT_WELL) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be measured, before anything is started."""

    settings: Settings | None
    own: tuple[Camera, ...]
    profile: Profile
    budget_percent: float
    budget_why: str


def bench(options: BenchOptions) -> int:
    """Measure, print, keep. Exit code 1 when it may not run or cannot be measured, 2 for wrong use."""
    if options.simulated is not None and options.cameras:
        print("found cameras beside --simulated, accepted one of them", file=sys.stderr)
        return WRONG_USE
    simulated_only = {"--size": options.size, "--fps": options.fps, "--codec": options.codec}
    given_alone = [name for name, value in simulated_only.items() if value is not None]
    if options.simulated is None and given_alone:
        print(f"found {', '.join(given_alone)} without --simulated, accepted only with it", file=sys.stderr)
        return WRONG_USE
    with ended_in_order() as ending:
        try:
            result = _run(options, ending)
        except NothingToCompare as error:
            return _no(options, [str(error)], WRONG_USE)
        except Refused as error:
            return _no(options, error.reasons, error.code)
        except (BenchFailed, NoUsableFfmpeg, CommandError, OSError) as error:
            return _no(options, [str(error)], NOT_WELL)
        return finish(options, result, Path(default_folders().state))


def finish(options: BenchOptions, result: BenchResult, state: Path) -> int:
    """Keep and print it. What was measured is printed also where it cannot be kept, which is an exit code of 1."""
    why = ""
    try:
        kept = keep(state, result)
    except OSError as error:
        kept, why = state / BENCH_FILE, error.strerror or str(error)
    if options.as_json:
        print(json.dumps({"result": to_json(result)}))
    elif options.markdown:
        print("\n".join(clean(line) for line in told.markdown(result).split("\n")), end="")
    else:
        print("\n".join(clean(line) for line in _lines(result)))
        if not why:
            print(f"kept in {clean(str(kept))}", file=sys.stderr)
    if why:
        sys.stdout.flush()
        print(f"not kept in {clean(str(kept))}: {clean(why)}", file=sys.stderr)
        return NOT_WELL
    return DONE


def _no(options: BenchOptions, reasons: Sequence[str], code: int) -> int:
    said = [clean(reason) for reason in reasons]
    if options.as_json:
        print(json.dumps({"refused": said}))
    else:
        print("\n".join(f"not measured: {reason}" for reason in said), file=sys.stderr)
    return code


def _run(options: BenchOptions, ending: Ending) -> BenchResult:
    recorder = _recorder()
    asked = _asked(options, recorder)
    if recorder is not None and (reasons := tuple(_before(recorder, asked))):
        raise Refused(reasons)
    environment = worker_environment(asked.settings or Settings("", "", ()))
    masker = Masker(secret_values(asked.settings) if asked.settings is not None else ())
    shown: Shown = JsonLines(sys.stdout) if options.as_json else shown_on(sys.stderr)
    abilities = choose(
        asked.settings.ffmpeg if asked.settings is not None else "auto", Path(default_folders().state) / "cache"
    )

    def look(before: RecorderSnapshot | None) -> None:
        ending.check()
        _see_to_it(before)

    with shown, Stand(abilities, environment, masker) as stand:
        shown.tell("cameras", 0.0)
        cameras = _cameras(stand, options, asked, lambda: look(recorder))
        layouts = found_here(asked.profile, tuple(dict.fromkeys(one.source.codec for one in cameras)), abilities)
        if reason := danger.disk_refusal(_disk(stand, asked.settings), len(cameras), options.seconds + SETTLE_S):
            raise Refused([reason])
        task = Task(
            layout=next(iter(layouts.plans)),
            round=0,
            plans=next(iter(layouts.plans.values())),
            profile=asked.profile,
            segment_length_s=asked.settings.segment_length_s if asked.settings is not None else 180,
            seconds=options.seconds,
            nice=GIVING_WAY,
        )
        if recorder is not None:
            shown.tell("trial", 0.0)
            recorder = _tried(stand, cameras, task, recorder, look)
        turns = _turns(stand, cameras, task, layouts, options.rounds, shown, lambda: look(recorder))
    limit = Limit(Resource.CPU, asked.budget_percent, why=asked.budget_why)
    return BenchResult(
        format=FORMAT,
        setting=_setting(options, asked, stand),
        sources=tuple(one.source for one in cameras),
        layouts=summarised(
            turns,
            len(cameras),
            {layout: layouts.encoders(layout) for layout in layouts.plans},
            lambda percent: given(percent, limit).maximum if percent > 0 else None,
        ),
        differences=differences(turns),
        left_out=layouts.left_out,
        turns=turns,
    )


def _turns(
    stand: Stand,
    cameras: Sequence[BenchCamera],
    task: Task,
    layouts: Layouts,
    rounds: int,
    shown: Shown,
    see_to_it: Callable[[], None],
) -> tuple[Turn, ...]:
    """All rounds. Raises BenchFailed, Refused when a recording suffers."""
    plan = order(tuple(layouts.plans), rounds)
    found: list[Turn] = []
    each_s, ticks = task.seconds + SETTLE_S + _START_S, 0
    for number, (round_, layout) in enumerate(plan):
        ticks = 0

        def look(number: int = number, round_: int = round_, layout: Layout = layout) -> None:
            nonlocal ticks
            ticks += 1
            done = min(ticks / each_s, 1.0)
            shown.tell(f"round {round_} of {rounds}: {layout.value}", (number + done) / len(plan))
            see_to_it()

        shown.tell(f"round {round_} of {rounds}: {layout.value}", number / len(plan))
        now = replace(task, layout=layout, round=round_, plans=layouts.plans[layout])
        found.append(measured(stand, cameras, now, look))
    return tuple(found)


def _tried(
    stand: Stand,
    cameras: Sequence[BenchCamera],
    task: Task,
    recorder: RecorderSnapshot,
    look: Callable[[RecorderSnapshot | None], None],
) -> RecorderSnapshot:
    """The heaviest layout for one camera, behind everything else; gives the recorder as it was before. Raises Refused
    and BenchFailed."""
    before = _recorder() or recorder
    trial = measured(stand, cameras[:1], replace(task, seconds=TRIAL_S, nice=LOWEST_PRIORITY), lambda: look(before))
    tried = danger.Trial(percent_of(trial), trial.rss_bytes, trial.speed)
    if reasons := tuple(danger.load_refusals(before, tried, len(cameras), _available_bytes())):
        raise Refused(reasons)
    return before


def _see_to_it(before: RecorderSnapshot | None) -> None:
    """That no recording suffers. A recorder that is gone for a moment is no harm: its workers go on. One that was not
    there before was not asked whether it has CPU to spare. Raises Refused."""
    now = _recorder()
    if now is None:
        return
    if what := danger.harm(before, now) if before is not None else "a recorder was started":
        raise Refused([f"ended, because {what}"])


def _recorder() -> RecorderSnapshot | None:
    """What runs now, None where no recorder does. Raises Refused where one does not answer."""
    try:
        return seen(socket_path())
    except Mute as error:
        raise Refused([str(error)]) from None


def _before(recorder: RecorderSnapshot, asked: _Asked) -> Iterator[str]:
    yield from danger.connection_refusals(recorder, tuple(camera.id for camera in asked.own))
    if recorder.cpu_percent > recorder.cpu_budget_percent:
        yield (
            f"recording uses {recorder.cpu_percent:.0f} % of a core already, its budget is "
            f"{recorder.cpu_budget_percent:.0f} %"
        )


def _asked(options: BenchOptions, recorder: RecorderSnapshot | None) -> _Asked:
    """Raises Refused, SettingsError."""
    loaded = _loaded(options)
    settings = loaded.settings if loaded is not None else None
    own: tuple[Camera, ...] = ()
    if options.simulated is None:
        assert settings is not None
        own = _own(options.cameras, settings)
    cores = os.cpu_count() or 1
    budget = settings.cpu_budget_percent if settings is not None else None
    if recorder is not None:
        budget = recorder.cpu_budget_percent
    if budget is None or budget == CORE_BUDGET_PERCENT * cores:
        why = f"{CORE_BUDGET_PERCENT:g} % of {plural(cores, 'core')}"
        return _Asked(settings, own, _profile(options.profile, own, settings), CORE_BUDGET_PERCENT * cores, why)
    return _Asked(settings, own, _profile(options.profile, own, settings), budget, "capacity.cpu_budget")


def _loaded(options: BenchOptions) -> Loaded | None:
    """The configuration; simulated cameras do without one."""
    if options.simulated is None or Path(find_path(options.config)).exists():
        return load(options.config)
    return None


def _own(ids: Sequence[str], settings: Settings) -> tuple[Camera, ...]:
    known = {camera.id: camera for camera in settings.cameras}
    if unknown := [name for name in ids if name not in known]:
        accepted = ", ".join(known) or "none is configured"
        raise Refused([f"camera: found {', '.join(unknown)}; accepted: {accepted}"], WRONG_USE)
    if ids:
        return tuple(known[name] for name in dict.fromkeys(ids))
    enabled = tuple(camera for camera in settings.cameras if camera.enabled)[:OWN_CAMERAS]
    if not enabled:
        raise Refused(["no camera is configured and enabled: use --simulated 2"])
    return enabled


def _profile(name: str | None, own: Sequence[Camera], settings: Settings | None) -> Profile:
    """The one that was asked for; else that of the first camera that encodes at all; else the one that always does."""
    of_cameras = {camera.profile.name: camera.profile for camera in (settings.cameras if settings is not None else ())}
    known = shipped_profiles() | of_cameras
    if name is None:
        return next((camera.profile for camera in own if _may_encode(camera.profile)), known[REENCODE])
    if name not in known:
        accepted = f"{', '.join(known)} (of cameras, or shipped)"
        raise Refused([f"--profile: found {name}; accepted: {accepted}"], WRONG_USE)
    return known[name]


def _may_encode(profile: Profile) -> bool:
    """Both outputs ask for more than a copy."""
    asked = (profile.recording, profile.live)
    return all(output is not None and output.codec is not VideoCodec.SOURCE for output in asked)


def _cameras(stand: Stand, options: BenchOptions, asked: _Asked, look: Callable[[], None]) -> tuple[BenchCamera, ...]:
    if options.simulated is None:
        return stand.connect(asked.own, look)
    width, height = options.size or SIMULATED_SIZE
    spec = CameraSpec(
        "",
        codec="h265" if options.codec == "h265" else "h264",
        size=(width, height),
        fps=options.fps or SIMULATED_FPS,
        bitrate_bps=max(round(width * height * SIMULATED_BPS_PER_PIXEL), 100_000),
    )
    return stand.simulate([replace(spec, path=f"cam{number}") for number in range(1, (options.simulated or 0) + 1)])


def _disk(stand: Stand, settings: Settings | None) -> danger.Disk:
    """What is free for temporary files, and what has to stay free."""
    found = os.statvfs(stand.folder)
    free, total = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    floor, why = 64_000_000, "of any disk"
    if settings is not None:
        with suppress(OSError):
            if os.stat(settings.recordings).st_dev == os.stat(stand.folder).st_dev:
                wanted = settings.min_free_bytes
                floor = wanted if wanted is not None else round(total * (settings.min_free_percent or 0.0) / 100.0)
                why = "retention.min_free of the recordings, which are on the same disk"
    return danger.Disk(str(stand.folder), free, floor, why)


def _available_bytes() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _setting(options: BenchOptions, asked: _Asked, stand: Stand) -> Setting:
    assert asked.profile.live is not None
    return Setting(
        at=datetime.now(UTC),
        host=platform.node(),
        machine=f"{_cpu_model()}, {plural(os.cpu_count() or 1, 'core')}",
        ffmpeg=f"{stand.abilities.binary.version} ({stand.abilities.binary.origin})",
        version=__version__,
        simulated=options.simulated is not None,
        profile=asked.profile.name,
        recording=_spoken(asked.profile.recording),
        live=_spoken(asked.profile.live),
        rounds=options.rounds,
        window_s=float(options.seconds),
        budget_percent=asked.budget_percent,
        budget_why=asked.budget_why,
    )


def _spoken(output: OutputSettings) -> str:
    codecs = {VideoCodec.H264: "H.264", VideoCodec.H265: "H.265", VideoCodec.SOURCE: "as the camera sends it"}
    said = [codecs[output.codec]]
    if output.size is not None:
        said.append(f"{output.size[0]}x{output.size[1]}")
    if output.fps is not None:
        said.append(f"{output.fps:g} fps")
    if output.bitrate_bps is not None:
        said.append(f"{output.bitrate_bps / 1e6:g} Mbit/s")
    return ", ".join(said)


def _cpu_model() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    return platform.machine()


def _lines(found: BenchResult) -> Iterator[str]:
    for one in (told.layouts(found), told.differences(found)):
        yield from table(one.header, one.rows, one.right).split("\n")
        yield ""
    if any(not one.kept_up for one in found.layouts):
        yield told.KEPT_UP_NOTE
    yield from told.sentences(found)
    yield ""
    for name, text in told.facts(found):
        yield from wrap(text, COLUMNS, initial_indent=f"{name:<{_INDENT}}", subsequent_indent=" " * _INDENT)
