"""`vmstui stages [CAMERA…]`: what workers spend their CPU time on, as bars or, of several cameras, as a table."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from vmstui.cli.recorder_socket import socket_path
from vmstui.cli.table import table
from vmstui.codec import Json, from_json, to_json
from vmstui.control.call import call
from vmstui.sanitise import clean
from vmstui.spoken import plural, span
from vmstui.stages import Stage, StageBreakdown

MOST = 8
"""More are not measured at once; of more, what the recorder last measured by itself is shown."""
LATE_S = 5.0
"""The recorder needs a second before it knows anything, more on a busy machine."""
BAR_CELLS = 32
_SHORT = {
    Stage.DEMUX: "DEMUX",
    Stage.DECODE: "DECODE",
    Stage.FILTER: "FILTER",
    Stage.ENCODE_RECORDING: "ENC REC",
    Stage.ENCODE_LIVE: "ENC LIVE",
    Stage.ENCODE: "ENCODE",
    Stage.MUX: "MUX",
    Stage.OTHER: "OTHER",
}


def stages(cameras: tuple[str, ...], *, seconds: int, as_json: bool) -> int:
    """Print it. Exit code 1 where there is no breakdown of a camera that was asked for."""
    path = socket_path()
    found = _ask(path, cameras, seconds)
    if not cameras and len(found) <= MOST:
        cameras = tuple(breakdown.camera for breakdown in found)
    if cameras:
        found = _measured(path, cameras, seconds)
    if as_json:
        print(json.dumps(to_json(found)))
    elif len(found) == 1:
        print("\n".join(bars(found[0], "█" if _can_show("█") else "#")))
    else:
        print("\n".join(rows(found, datetime.now(UTC))))
    return 1 if cameras and any(breakdown.reason for breakdown in found) else 0


def bars(breakdown: StageBreakdown, block: str) -> list[str]:
    """One camera, as an owner would write it into a report."""
    name = clean(breakdown.camera)
    if breakdown.reason:
        return [f"{name}: no CPU breakdown: {clean(breakdown.reason)}"]
    lines = [
        f"{name}, PID {breakdown.pid}: {_share(breakdown.cpu_percent)} % of a core over {breakdown.elapsed_s:.0f} s"
    ]
    whole = max(breakdown.cpu_percent, 1e-9)
    for share in breakdown.shares:
        part = share.cpu_percent / whole
        bar = block * round(part * BAR_CELLS)
        lines.append(f"  {share.stage.value:<17}{_share(share.cpu_percent):>8} %{100 * part:>5.0f} %  {bar}".rstrip())
    total = sum(share.cpu_percent for share in breakdown.shares)
    lines.append(f"  {'all stages':<17}{_share(total):>8} %{100 * total / whole:>5.0f} %")
    return lines


def rows(found: Sequence[StageBreakdown], now: datetime) -> list[str]:
    """Several cameras, one a row, and below them why some have none."""
    if not found:
        return ["no camera is configured"]
    measured = [breakdown for breakdown in found if not breakdown.reason]
    shown = [stage for stage in Stage if any(share.stage is stage for entry in measured for share in entry.shares)]
    lines = []
    if measured:
        header = ("CAMERA", "PID", "CPU %", *(_SHORT[stage] for stage in shown), "OVER", "AGO")
        cells = [_row(breakdown, shown, now) for breakdown in measured]
        lines = table(header, cells, frozenset(range(1, len(header)))).split("\n")
    reasons: dict[str, list[str]] = {}
    for breakdown in found:
        if breakdown.reason:
            reasons.setdefault(breakdown.reason, []).append(clean(breakdown.camera))
    lines += [f"{', '.join(names)}: no CPU breakdown: {clean(reason)}" for reason, names in reasons.items()]
    if not measured:
        lines.append(f"{plural(len(found), 'camera')}; one is measured at once by: vmstui stages CAMERA")
    return lines


def _row(breakdown: StageBreakdown, shown: Sequence[Stage], now: datetime) -> tuple[str, ...]:
    percents: Mapping[Stage, float] = {share.stage: share.cpu_percent for share in breakdown.shares}
    values = (_share(percents[stage]) if stage in percents else "-" for stage in shown)
    ago = span((now - breakdown.at).total_seconds()) if breakdown.at is not None else "-"
    over = f"{breakdown.elapsed_s:.0f} s"
    return clean(breakdown.camera), str(breakdown.pid or "-"), _share(breakdown.cpu_percent), *values, over, ago


def _measured(path: Path, cameras: tuple[str, ...], seconds: int) -> tuple[StageBreakdown, ...]:
    """Of the last seconds once they have been measured, or as many as there are when it takes too long."""
    begun_at, until_s = datetime.now(UTC), time.monotonic() + seconds + LATE_S
    while True:
        found = _ask(path, cameras, seconds)
        if all(_is_final(breakdown, seconds, begun_at) for breakdown in found) or time.monotonic() > until_s:
            _progress("")
            return found
        _progress(f"measuring: {max(0.0, until_s - LATE_S - time.monotonic()):.0f} s to go")
        time.sleep(0.5)


def _is_final(breakdown: StageBreakdown, seconds: int, begun_at: datetime) -> bool:
    """It was measured for so long, and not before we asked; or there is none, and waiting would not help."""
    if breakdown.at is None:
        return not breakdown.pending
    return breakdown.elapsed_s >= seconds - 0.5 and breakdown.at >= begun_at


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _ask(path: Path, cameras: tuple[str, ...], seconds: int) -> tuple[StageBreakdown, ...]:
    asked: dict[str, Json] = {"cameras": list(cameras), "seconds": seconds}
    return from_json(tuple[StageBreakdown, ...], call(path, "stages", asked))


def _share(percent: float) -> str:
    return f"{percent:.1f}" if percent >= 9.995 else f"{percent:.2f}"


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
