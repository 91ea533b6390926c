"""vmstui beside supervisord, circus and pm2: cost, start, respawns, and what is left when the supervisor dies.

    make bench-supervision [ARGS="--quick --only vmstui --json FILE"]

All of them supervise the same hundred workers on the same machine, one after the other: a stand-in for ffmpeg
(`fake_ffmpeg.c`) that logs a line a second and notes the instant at which it reaches `main()`. Everything is counted
from outside, in `/proc`. The peers are installed in pinned versions below `build/`; one that cannot be had is left out
by name. Takes at most 12 minutes (`--quick`: 4) and leaves no process behind. Not run by pytest.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from tests.bench.fake_fleet import c_compiler, compile_ffmpeg
from tests.bench.supervision.contender import Contender, Setting
from tests.bench.supervision.figures import Figures, percentile, table
from tests.bench.supervision.install import NotInstalled
from tests.bench.supervision.measure import Contest, Pace
from tests.bench.supervision.ours import Vmstui
from tests.bench.supervision.peers import Circus, Pm2, Supervisord
from tests.bench.supervision.seen import become_reaper, end_all
from tests.integration.harness import REPOSITORY

CONTENDERS: tuple[type[Contender], ...] = (Vmstui, Supervisord, Circus, Pm2)
FULL = Pace(idle_s=20.0, kills_percent=100.0, kills_limit_s=180.0, thorough=True)
FULL_LIMIT_S = 12 * 60
QUICK = Pace(idle_s=5.0, kills_percent=12.0, kills_limit_s=35.0, thorough=False)
QUICK_LIMIT_S = 4 * 60
NOTES = """\
The workers of all contenders are the same program; each logs one line a second. Only vmstui also samples each of them
(CPU, memory, I/O), reads its progress, checks what it recorded, and runs a relay, whose cost is counted. vmstui lets
only so many starts pass a second, so that a switch that reboots is no storm: this is in its start, and in what all take
that are killed at once. The peers run with their defaults; circus looks for deaths every five seconds."""
RESPAWN_BUDGET_MS = 100.0
"""From the death of a worker that was healthy to the next one in `main()`, 99th percentile."""
BUILD = REPOSITORY / "build"


class Overtime(Exception):
    """The bench took longer than it may."""


def main() -> int:
    """Measure, print, and exit with 1 if vmstui breaks a promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--only", action="append", choices=names, help="measure this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer kills, shorter looks")
    parser.add_argument("--json", type=Path, default=BUILD / "bench-supervision.json", help="default: %(default)s")
    options = parser.parse_args()
    if not 1 <= options.workers <= 999:
        parser.error(f"--workers: {options.workers} found, 1 to 999 accepted")
    if c_compiler() is None:
        parser.error("a C compiler (cc or gcc) is needed for the workers, none found on PATH")
    chosen = [contender for contender in CONTENDERS if not options.only or contender.name in options.only]
    _end_in_order(QUICK_LIMIT_S if options.quick else FULL_LIMIT_S)
    become_reaper()
    measured, left_out = measure(chosen, options.workers, QUICK if options.quick else FULL)
    print(f"{table(measured, left_out)}\n\n{NOTES}\n")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine(), "left_out": left_out, "measured": [asdict(figures) for figures in measured]}
    options.json.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {options.json}")
    if Vmstui.name in left_out:
        return 1
    broken = [promise for figures in measured if figures.name == Vmstui.name for promise in broken_promises(figures)]
    for promise in broken:
        print(f"NOT kept by vmstui: {promise}")
    return 1 if broken else 0


def measure(contenders: list[type[Contender]], workers: int, pace: Pace) -> tuple[list[Figures], dict[str, str]]:
    """Figures of each contender, and the reasons why there are none of the others."""
    measured: list[Figures] = []
    left_out: dict[str, str] = {}
    names = tuple(f"cam{number:03}" for number in range(1, workers + 1))
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-") as folder:
        ffmpeg = compile_ffmpeg(Path(folder))
        for contender in contenders:
            own = Path(folder, contender.name)
            own.mkdir()
            setting = Setting(own, BUILD / "bench-peers", ffmpeg, uuid.uuid4().hex, names)
            try:
                measured.append(Contest(contender(setting), pace, _teller(contender.name)).measure())
            except Overtime as error:
                rest = contenders[contenders.index(contender) :]
                left_out.update({late.name: str(error) for late in rest})
                break
            except NotInstalled as error:
                left_out[contender.name] = str(error)
            except Exception as error:  # the others are to be measured nevertheless
                left_out[contender.name] = f"{type(error).__name__}: {error}"
            finally:
                end_all(setting.mark)  # should the clean-up itself have been interrupted
    return measured, left_out


def broken_promises(figures: Figures) -> list[str]:
    """What vmstui promises and these figures refute."""
    broken = []
    latencies_ms, aftermath = figures.respawns.latencies_ms, figures.aftermath
    if figures.respawns.missing or not latencies_ms or percentile(latencies_ms, 99) > RESPAWN_BUDGET_MS:
        broken.append(f"the next worker runs within {RESPAWN_BUDGET_MS:g} ms of the death of a healthy one (p99)")
    if aftermath.untouched < aftermath.before or aftermath.doubled or aftermath.lost:
        broken.append("a killed service costs no worker and doubles none")
    return broken


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    return {
        "cores": str(os.cpu_count()),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "taken": time.strftime("%Y-%m-%d"),
    }


def _teller(name: str) -> Callable[[str], None]:
    begun_s = time.monotonic()
    return lambda text: print(f"[{time.monotonic() - begun_s:5.0f} s] {name}: {text}", file=sys.stderr, flush=True)


def _end_in_order(limit_s: int) -> None:
    """Leave through the clean-up also when the time is up, the terminal closes, or somebody ends us."""

    def overtime(number: int, frame: FrameType | None) -> None:
        raise Overtime(f"the bench may take {limit_s} s")

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGALRM, overtime)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    signal.alarm(limit_s)


if __name__ == "__main__":
    sys.exit(main())
