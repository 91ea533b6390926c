"""A trial of this version: could it take over this recorder? Asked by the running one before it gives way (`upgrade`).

Loads everything the service may ever load, reads the configuration and every note as the service would, looks for
ffmpeg, and changes nothing. Runs in a process of its own (`vmstui up --foreground --trial`), so that whatever is wrong
shows in its last words and in its exit code.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from pathlib import Path

import vmstui
from vmstui.codec import CodecError, from_json
from vmstui.ffmpeg.binary import NoUsableFfmpeg, find_binaries
from vmstui.light_dataclass import dataclass
from vmstui.own_process import PACKAGE_ROOT
from vmstui.recorder.record import WorkerRecord
from vmstui.recorder.worker_notes import NOTE, PREDECESSOR, SUCCESSOR
from vmstui.settings import load

_NOT_OF_THE_SERVICE = ("vmstui.tui", "vmstui.__main__")


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out of it."""

    version: str
    package_root: str
    """Folder the package lies in; the service is started from there."""
    unreadable: tuple[str, ...]
    """Notes in the state folder that this version cannot read."""
    ffmpeg: str
    """Why no usable ffmpeg was found; empty when one was."""


def run_trial(config: str, state_folder: Path) -> Trial:
    """Raises whatever would keep the service from starting: SettingsError, ImportError, …"""
    for name in sorted(_modules()):
        importlib.import_module(name)
    settings = load(config).settings
    try:
        find_binaries(settings.ffmpeg)
        ffmpeg = ""
    except NoUsableFfmpeg as error:
        ffmpeg = str(error)
    return Trial(vmstui.__version__, PACKAGE_ROOT, unreadable_notes(state_folder), ffmpeg)


def unreadable_notes(state_folder: Path) -> tuple[str, ...]:
    """Notes about workers that are there and that this version cannot read."""
    return tuple(
        str(path.relative_to(state_folder))
        for name in (NOTE, SUCCESSOR, PREDECESSOR)
        for path in sorted(state_folder.glob(f"cameras/*/{name}"))
        if not _readable(path)
    )


def _readable(path: Path) -> bool:
    try:
        from_json(WorkerRecord, json.loads(path.read_bytes()))
    except FileNotFoundError:
        return True  # taken away since it was listed
    except (OSError, ValueError, CodecError):
        return False
    return True


def _modules() -> list[str]:
    """Everything but the dashboard; a package that cannot be loaded ends the trial."""
    import pkgutil  # here: the service knows this file for what comes out of a trial

    found: list[str] = []
    folders: list[tuple[Iterable[str], str]] = [(vmstui.__path__, "vmstui.")]
    while folders:
        path, prefix = folders.pop()
        for module in pkgutil.iter_modules(path, prefix):
            if module.name.startswith(_NOT_OF_THE_SERVICE):
                continue
            found.append(module.name)
            if module.ispkg:
                folders.append((importlib.import_module(module.name).__path__, f"{module.name}."))
    return found
