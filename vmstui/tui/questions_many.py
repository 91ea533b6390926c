"""The words of dialogs about several cameras at once: how many, which, what becomes of them, what it costs. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from vmstui.configured import OutputKind
from vmstui.findings import ExplainedFinding
from vmstui.model import CameraSnapshot, CameraState, RecorderSnapshot
from vmstui.tui.actions import key_of
from vmstui.tui.findings_lines import meaning
from vmstui.tui.format import fit, names, plural, short_span
from vmstui.tui.questions import Question

NAMES = 12
"""So many are named; beside them stands how many more there are."""
FEW = 6
WORDS_CELLS = 40


def who(cameras: Sequence[CameraSnapshot], unseen: int = 0) -> str:
    """Their names, and how many of them the person does not see now."""
    hidden = f"\n{unseen} of them {'is' if unseen == 1 else 'are'} not in the table now." if unseen else ""
    return f"{names([camera.name for camera in cameras], NAMES)}.{hidden}"


def restart(snapshot: RecorderSnapshot, cameras: Sequence[CameraSnapshot], unseen: int = 0) -> Question:
    """What to ask before several are restarted; all of them are wanted."""
    running = [camera for camera in cameras if camera.pid is not None and camera.state is not CameraState.AUTH_FAILED]
    seamless = [camera for camera in running if camera.seamless]
    refused = [camera for camera in cameras if camera.state is CameraState.AUTH_FAILED]
    down = len(cameras) - len(running) - len(refused)
    lines = [who(cameras, unseen)]
    if seamless:
        lines.append(f"{_are(len(seamless), running)} handed over to a new worker: no footage is lost.")
    if len(running) > len(seamless):
        lines.append(
            f"{_are(len(running) - len(seamless), running)} ended first: about 1–3 s of footage are lost of each."
        )
    if down:
        lines.append(f"{_do(down)} not record now: nothing to lose.")
    if refused:
        lines.append(
            f"{names([one.name for one in refused], FEW)}: the login was refused. A further wrong try counts towards"
            " locking the account."
        )
    viewers = sum(live.readers or 0 for one in cameras if (live := one.output(OutputKind.LIVE)) is not None)
    if viewers:
        lines.append(f"{plural(viewers, 'live viewer')} will see an interruption.")
    return Question(f"Restart {plural(len(cameras), 'camera')}?", "\n".join(lines), f"Restart {len(cameras)}")


def stop(cameras: Sequence[CameraSnapshot], unseen: int = 0) -> Question:
    """What to ask before several are no longer recorded."""
    text = (
        f"{who(cameras, unseen)}\nNothing is recorded from them until somebody starts them again"
        f" ({key_of('camera.toggle')}), also after a reboot. Open segments are closed cleanly and kept."
    )
    return Question(f"Stop recording {plural(len(cameras), 'camera')}?", text, f"Stop {len(cameras)}")


def start(cameras: Sequence[CameraSnapshot], unseen: int = 0) -> Question:
    """What to ask before several are recorded again."""
    text = f"{who(cameras, unseen)}\nThey are recorded from now on, also after a reboot."
    return Question(f"Record {plural(len(cameras), 'camera')}?", text, f"Record {len(cameras)}")


def acknowledge(
    rows: Sequence[ExplainedFinding], cameras: Sequence[CameraSnapshot], for_s: float, critical: int, unseen: int = 0
) -> Question:
    """What to ask before findings of cameras are known; `critical` ones are left out of it."""
    lines = [who(cameras, unseen)]
    called = {camera.id: camera.name for camera in cameras}
    for row in rows[:FEW]:
        name = called.get(row.finding.camera, row.finding.camera)
        lines.append(f"{fit(name, min(len(name), 16)).rstrip()}: {fit(meaning(row), WORDS_CELLS).rstrip()}")
    if len(rows) > FEW:
        lines.append(f"And {len(rows) - FEW} more.")
    lines.append(f"They are not told again for {short_span(for_s)}, unless they come at twice their present rate.")
    if critical:
        left = "is left as it is" if critical == 1 else "are left as they are"
        lines.append(
            f"{plural(critical, 'critical finding')} {left}: {key_of('view.findings')} acknowledges each on its own."
        )
    return Question(f"Acknowledge {plural(len(rows), 'finding')}?", "\n".join(lines), f"Acknowledge {len(rows)}")


def _are(count: int, of: Sequence[CameraSnapshot]) -> str:
    """`All are`, `1 is`."""
    return "All are" if count == len(of) > 1 else f"{count} {'is' if count == 1 else 'are'}"


def _do(count: int) -> str:
    return f"{count} {'does' if count == 1 else 'do'}"
