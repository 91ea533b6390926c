"""Which footage a command is asked about, and where that is looked up. Imports little, as people wait for commands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path

from vmstui.cli.recorder_socket import socket_path
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.naming import zone_of
from vmstui.settings import default_folders, find_path


@dataclass(frozen=True, slots=True)
class Asked:
    """Which footage: of one camera or of all, and of what time."""

    camera: str | None
    since: str | None
    until: str | None


class InUse:
    """Of the configuration in use, what looking up footage needs, and only once that is needed: that of the recorder
    that runs, as it tells it itself; that of the file where another is named, or none runs. Raises SettingsError."""

    def __init__(self, config: str | None) -> None:
        self._config = config

    @cached_property
    def zone(self) -> tzinfo | None:
        """Of the names of files, and of times for a person."""
        if self._told is None and not _may_set(find_path(self._config), b"timezone"):
            return None
        return zone_of(self._known[0])

    @property
    def cameras(self) -> tuple[str, ...]:
        """Those that are configured."""
        return self._known[1]

    @cached_property
    def _told(self) -> tuple[str, tuple[str, ...]] | None:
        """By the recorder."""
        if self._config is not None:
            return None
        try:
            answer = call(socket_path(), "snapshot")
        except RecorderLost:
            return None
        if not isinstance(answer, dict) or not isinstance(zone := answer.get("timezone"), str):
            return None
        cameras = answer.get("cameras")
        shown = cameras if isinstance(cameras, list) else []
        return zone, tuple(str(camera.get("id")) for camera in shown if isinstance(camera, dict))

    @cached_property
    def _known(self) -> tuple[str, tuple[str, ...]]:
        if self._told is not None:
            return self._told
        from vmstui.settings import load  # takes longer than all the rest

        settings = load(find_path(self._config)).settings
        return settings.timezone, tuple(camera.id for camera in settings.cameras)


def _may_set(path: str, key: bytes) -> bool:
    """Whether a configuration may set a key: it does not where the word does not occur in it. Reading it as YAML takes
    longer than finding 100 segments among 100,000."""
    try:
        return key in Path(path).read_bytes()
    except OSError:
        return True  # who reads it will say what is wrong


def asked_range(asked: Asked, using: InUse) -> tuple[datetime | None, datetime | None]:
    """From and until when. Raises RecorderError."""
    if asked.since is None and asked.until is None:
        return None, None
    from vmstui.times import parse_time

    now, zone = datetime.now(UTC), using.zone
    try:
        since = parse_time(asked.since, now, zone) if asked.since is not None else None
        until = parse_time(asked.until, now, zone) if asked.until is not None else None
    except ValueError as error:
        raise RecorderError(str(error)) from None
    if since is not None and (until or now) <= since:
        raise RecorderError(f"--to must be later than --from: found {asked.since} to {asked.until or 'now'}")
    return since, until


@contextmanager
def opened() -> Iterator[Catalogue]:
    """The catalogue, to be read."""
    path = Path(default_folders().state) / FILE_NAME
    try:
        with Catalogue.open(path, readonly=True) as catalogue:
            if catalogue.fresh:
                print("the catalogue is being filled: some segments may not be in it yet", file=sys.stderr)
            yield catalogue
    except CatalogueError as error:
        raise RecorderError(str(error)) from None


def check_camera(camera: str | None, using: InUse, catalogue: Catalogue) -> None:
    """Refuse a camera of which there never was anything. Raises RecorderError."""
    if camera is None or camera in catalogue.cameras():
        return
    known = sorted({*using.cameras, *catalogue.cameras()})
    if camera not in known:
        raise RecorderError(f"no camera {camera!r}; there is footage of, or configured: {', '.join(known) or 'none'}")
