"""A page of findings from the files that a recorder keeps, for where none answers. Nothing is changed in them.

It is as of the moment when that recorder last wrote them down: once a minute, and when it ended.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

from vmstui.codec import CodecError, from_json
from vmstui.findings import FindingsPage, Incident
from vmstui.logged import LogLevel
from vmstui.recorder.findings_file import read_acknowledged, read_findings
from vmstui.recorder.fleet_triage import FleetTriage
from vmstui.recorder.incident_watch import NOTE
from vmstui.triage.acknowledged import Acknowledged
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.messages_file import load_knowledge, shipped_messages


def kept_page(state_folder: Path, config: str) -> tuple[FindingsPage, list[str]] | None:
    """What was found on all cameras, and what of it cannot be read, for a person; None where nothing was kept.
    `config` is the configuration, beside which a person's own messages lie. Raises OSError."""
    kept, lost = read_findings(state_folder)
    if kept.at is None:
        return None
    troubles = [f"{lost} lines cannot be read"] if lost else []
    acknowledged, trouble = Acknowledged(), ""
    with contextlib.suppress(FileNotFoundError):
        acknowledged, trouble = read_acknowledged(state_folder)

    def say(level: LogLevel, text: str) -> None:
        troubles.append(text)

    fleet = FleetTriage(_load, acknowledged, say, lambda knowledge: None)
    fleet.path = config
    fleet.recall(kept.cameras)
    page = fleet.page([camera.camera for camera in kept.cameras], kept.at.timestamp())
    incidents: tuple[Incident, ...] = ()
    with contextlib.suppress(OSError, ValueError, CodecError):
        incidents = from_json(tuple[Incident, ...], json.loads((state_folder / NOTE).read_bytes()))
    return replace(page, incidents=incidents), [*troubles, *filter(None, (trouble,))]


def _load(path: str | None) -> Knowledge:
    """Raises SettingsError."""
    return load_knowledge(path) if path is not None else Knowledge(tuple(shipped_messages().values()))
