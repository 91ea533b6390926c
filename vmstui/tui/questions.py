"""The words of the dialogs: what will happen, to which camera, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from vmstui.configured import OutputKind
from vmstui.model import CameraSnapshot, CameraState, RecorderSnapshot
from vmstui.tui.format import names, plural, size, timer


@dataclass(frozen=True, slots=True)
class Question:
    """Title, text, and the words on the button that agrees."""

    title: str
    text: str
    yes: str


def restart(snapshot: RecorderSnapshot, camera: CameraSnapshot, *, by_name: bool = False) -> Question | None:
    """What to ask before a restart; None where nothing can be lost by it.

    `by_name`: chosen from a list by what was typed, where another camera may have been meant: always asked.
    """
    if camera.state is CameraState.AUTH_FAILED:
        return Question(
            f"Try {camera.name} again?",
            "The camera refused its name or password. Each further wrong try counts towards locking the account;"
            f" correct them first, in {snapshot.config_path} or in the password file it names.",
            "Try again",
        )
    if camera.pid is None:
        text = f"{camera.name} does not record now, so nothing is lost by trying at once."
        return Question(f"Try {camera.name} now?", text, "Try now") if by_name else None
    if camera.seamless:
        lines = [
            "A new worker starts beside this one and takes its place once it records: no footage is lost. Should the"
            " camera refuse a second connection, this one is ended first: that costs 1–3 s, once."
        ]
    else:
        lines = ["The worker is ended first, then a new one starts: about 1–3 s of footage are lost."]
    if opened := camera.open_segment:
        age = timer((snapshot.at - opened.started_at).total_seconds())
        lines.append(f"The open segment is closed cleanly and kept:\n{opened.name}, {age}, {size(opened.size_bytes)}.")
    live = camera.output(OutputKind.LIVE)
    if live and live.readers:
        lines.append(f"{plural(live.readers, 'live viewer')} will see an interruption.")
    return Question(f"Restart {camera.name}?", "\n".join(lines), "Restart")


def start(camera: CameraSnapshot) -> Question:
    """What to ask before a camera that was chosen by name is recorded again."""
    return Question(
        f"Record {camera.name}?", f"{camera.name} is recorded from now on, also after a reboot.", "Record it"
    )


def stop(snapshot: RecorderSnapshot, camera: CameraSnapshot) -> Question:
    """What to ask before a camera is no longer recorded."""
    lines = [f"Nothing is recorded from {camera.name} until somebody starts it again (s), also after a reboot."]
    if camera.open_segment:
        lines.append(f"The open segment is closed cleanly and kept:\n{camera.open_segment.name}.")
    return Question(f"Stop recording {camera.name}?", "\n".join(lines), "Stop recording it")


def shutdown(snapshot: RecorderSnapshot | None) -> Question:
    """What to ask before everything ends."""
    cameras = [camera for camera in snapshot.cameras if camera.pid is not None] if snapshot else []
    what = f"{plural(len(cameras), 'worker')} will end: {names([c.name for c in cameras], 6)}." if cameras else ""
    return Question(
        "Stop recording on all cameras?",
        f"{what}\nOpen segments are closed cleanly and kept; the recorder service ends."
        "\nTo leave only the dashboard and go on recording, press n, then q.".strip(),
        "Stop all recording",
    )
