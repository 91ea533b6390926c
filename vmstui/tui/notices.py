"""What is new and bad enough to be told at once, from one snapshot to the next: incidents, and critical findings. Pure.

A burst becomes one notice: what is new is held back for some seconds, and after a notice the next one waits a while.
What there was when the dashboard attached is old; what comes back within minutes is no news either. A camera that is in
an incident says nothing of its own, and one that a person silenced says nothing at all: what goes on with it is news
only once it may be told again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vmstui.findings import Severity
from vmstui.model import RecorderSnapshot
from vmstui.sanitise import clean
from vmstui.tui.actions import key_of
from vmstui.tui.format import names, plural
from vmstui.tui.glyphs import BAD, WARN
from vmstui.tui.verdict import incidents_of

FOLD = timedelta(seconds=3)
"""What comes within this time is told together."""
PAUSE = timedelta(seconds=15)
"""Between two notices at least."""
FORGET = timedelta(minutes=10)
"""What was gone for so long is news again."""
NAMES = 4
ESCAPE = "\x1b"
MOST_CHARACTERS = 300
"""Of a notification on the desktop."""


@dataclass(frozen=True, slots=True)
class _News:
    key: tuple[str, str]
    """`incident` and its id, or a camera and what is wrong with it."""
    at: datetime


class Notices:
    """One dashboard's view; asked once for each snapshot."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], datetime] = {}
        """When each was last there."""
        self._waiting: list[_News] = []
        self._told_at: datetime | None = None
        self._attached = False

    def detached(self) -> None:
        """The recorder is lost: what it tells when it is back is old."""
        self._attached = False
        self._waiting.clear()

    def heard(self, snapshot: RecorderSnapshot, silent: frozenset[str] = frozenset()) -> str:
        """A notice that is due with this snapshot; empty if none is. Nothing is told of those that are `silent`, nor of
        an incident of none but them."""
        now = snapshot.at
        if self._attached and silent:
            snapshot = _without(snapshot, silent)
            self._waiting = [one for one in self._waiting if one.key[0] not in silent]
        common = incidents_of(snapshot)
        there = [("incident", incident.id) for incident in snapshot.incidents]
        there += [
            (camera.id, camera.finding)
            for camera in snapshot.cameras
            if camera.severity is Severity.CRITICAL and camera.id not in common
        ]
        if self._attached:
            self._waiting += [_News(key, now) for key in there if key not in self._seen]
        self._attached = True
        self._seen |= dict.fromkeys(there, now)
        if len(self._seen) > len(there):
            self._seen = {key: at for key, at in self._seen.items() if now - at < FORGET}
        if not self._waiting or now - self._waiting[0].at < FOLD:
            return ""
        if self._told_at is not None and timedelta(0) <= now - self._told_at < PAUSE:
            return ""
        self._told_at = now
        news, self._waiting = self._waiting, []
        return _told([one.key for one in news], snapshot)


def _without(snapshot: RecorderSnapshot, silent: frozenset[str]) -> RecorderSnapshot:
    return replace(
        snapshot,
        cameras=tuple(camera for camera in snapshot.cameras if camera.id not in silent),
        incidents=tuple(incident for incident in snapshot.incidents if not silent.issuperset(incident.cameras)),
    )


def announcement(notice: str, *, in_tmux: bool = False) -> str:
    """What asks a terminal for a notification on the desktop (OSC 9, of iTerm2; kitty, foot, WezTerm and others know it
    too). One line, and nothing in it can end the sequence early or mean something else. tmux is asked to hand it on,
    which it does where `allow-passthrough` is on."""
    text = " ".join(clean(line) for line in notice.splitlines() if line)
    sequence = f"\x1b]9;vmstui: {text[:MOST_CHARACTERS]}\x07"
    return f"\x1bPtmux;{sequence.replace(ESCAPE, ESCAPE * 2)}{ESCAPE}\\" if in_tmux else sequence


def _told(keys: list[tuple[str, str]], snapshot: RecorderSnapshot) -> str:
    """What is new, as far as it is still so."""
    incidents = {incident.id: incident for incident in snapshot.incidents}
    common = incidents_of(snapshot)
    cameras = {camera.id: camera for camera in snapshot.cameras}
    new = [incidents[id_] for kind, id_ in keys if kind == "incident" and id_ in incidents]
    lines = [f"{WARN} Incident: {incident.text}." for incident in new[:2]]
    if len(new) > 2:
        lines.append(f"{WARN} And {plural(len(new) - 2, 'incident')} more.")
    alone = [
        cameras[kind]
        for kind, _ in keys
        if kind in cameras and kind not in common and cameras[kind].severity is Severity.CRITICAL
    ]
    alone = list({camera.id: camera for camera in alone}.values())
    if len(alone) == 1:
        lines.append(f"{BAD} Critical on {alone[0].name}: {alone[0].finding}")
    elif alone:
        lines.append(f"{BAD} Critical on {len(alone)} cameras: {names([camera.name for camera in alone], NAMES)}.")
    return "\n".join([*lines, f"{key_of('view.findings')} shows the findings."]) if lines else ""
