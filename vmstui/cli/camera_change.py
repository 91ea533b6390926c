"""A camera more, less, or another one in the configuration: planned with the diff of the file, written, and reloaded.

Planned and written by this process, which is that of the person: the service only reads the file again, as for
`vmstui config reload`. A password goes into a file of its own beside the configuration, so that no diff shows it. What
the recorder then refuses is taken back. `vmstui add`, `edit` and `remove` are made of it, and by these the dashboard.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import signal
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed
from difflib import unified_diff
from pathlib import Path

from vmstui.cli.config_commands import difference_lines, reload_lines
from vmstui.cli.recorder_socket import socket_path
from vmstui.codec import from_json
from vmstui.configured import Camera, Settings
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.model import ReloadEffects
from vmstui.sanitise import clean
from vmstui.settings import Problem, SettingsDiff, SettingsError, load_secrets
from vmstui.settings import diff as difference
from vmstui.settings.addresses import CameraAddress
from vmstui.settings.edit import Value, camera_keys, password_files, with_camera, with_changes, without_camera
from vmstui.settings.keys import Effect
from vmstui.settings.loader import load_text
from vmstui.settings.names import camera_folder, folder_name
from vmstui.settings.rewrite import CannotWrite, ChangedMeanwhile, forbidden, read_file, replace, write_secret

RELOAD_TIMEOUT_S = 60.0
SECRETS = "secrets"
"""The folder for passwords, beside the configuration."""
LONGEST_ID = 40
CONTEXT_LINES = 2
SHORT_SECRET = 4
LIMITS = ("days", "max_size")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person says about a camera; None: as it is, or as usual."""

    address: CameraAddress | None = None
    name: str | None = None
    id: str | None = None
    profile: str | None = None
    transport: str | None = None
    days: str | None = None
    """`none` takes it away, and so for the next one."""
    max_size: str | None = None
    login: bool = True
    """False: none at the camera."""
    username: str | None = None
    """Without another address."""
    password: str | None = field(default=None, repr=False)
    """The same."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be written."""

    path: str
    old: bytes | None
    new: bytes
    camera: str
    """Its id."""
    what: str
    """In a sentence, for a person."""
    secret: tuple[str, str] | None = field(default=None, repr=False)
    """A new file for a password, and that."""
    effects: tuple[str, ...] = ()
    """What is another then, with what restarts for it."""
    obsolete: str = ""
    """A file for a password of ours that nobody needs then."""

    @property
    def state(self) -> str:
        """Of the file it was planned from: another one needs another plan."""
        return hashlib.sha256(self.old or b"").hexdigest()[:16]

    def diff(self) -> list[str]:
        """What changes in the file, in the form of `diff -u`; without passwords that stand in it in clear."""
        masks = _masks(self)
        lines = unified_diff(
            _lines(self.old or b""), _lines(self.new), self.path, self.path, n=CONTEXT_LINES, lineterm=""
        )
        return [_masked(clean(line), masks) for line in lines][2:]


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done."""

    lines: tuple[str, ...]
    """What the recorder does with it."""
    running: bool
    """Whether one runs."""


# --------------------------------------------------------------------------------------------------------------------
# Plans
# --------------------------------------------------------------------------------------------------------------------


def plan_add(path: str, wanted: Wanted, recordings: str | None = None) -> Planned:
    """One more camera; in a new file where there is none, with the recordings in that folder. Raises SettingsError,
    CannotWrite."""
    assert wanted.address is not None
    old = read_file(path)
    base = old if old is not None else _new_file(recordings or usual_recordings())
    before = _usable(base, path)
    name = wanted.name or free_name(before, wanted.address)
    camera_id = wanted.id or free_id(before, name)
    keys: dict[str, Value] = {"id": camera_id}
    if name != camera_id:
        keys["name"] = name
    keys["url"] = wanted.address.url
    secret = None
    if wanted.address.username:
        keys["username"] = wanted.address.username
    if wanted.address.password:
        secret = _free_secret(path, camera_id), wanted.address.password
        keys["password"] = {"file": os.path.join(SECRETS, os.path.basename(secret[0]))}
    if wanted.profile not in (None, "source"):
        keys["profile"] = str(wanted.profile)
    if wanted.transport not in (None, "tcp"):
        keys["transport"] = str(wanted.transport)
    if limits := {key: value for key, value in _limits(wanted).items() if value is not None}:
        keys["retention"] = limits
    new = with_camera(base, path, keys)
    after = _usable(new, path, secret)
    folder = camera_folder(_camera(after, camera_id))
    what = f"{name} is recorded into {os.path.join(after.recordings, folder)}"
    return Planned(path, old, new, camera_id, what, secret)


def plan_edit(path: str, camera_id: str, wanted: Wanted) -> Planned:
    """Another name, address, profile or limit of a camera. Raises SettingsError, CannotWrite."""
    old = _there(path)
    before = _usable(old, path)
    camera, written = _camera(before, camera_id, path), camera_keys(old, path, camera_id)
    changes: dict[str, Value | None] = {}
    secret = None
    if wanted.name is not None:
        changes["name"] = wanted.name
    username, password = wanted.username, wanted.password
    in_address = "username" not in written and "password" not in written and camera.username is not None
    if wanted.address is not None:
        changes["url"] = wanted.address.url
        username, password = wanted.address.username, wanted.address.password
    elif in_address and (username or password):
        changes["url"] = camera.url
    if in_address and "url" in changes and wanted.login:
        # The login stood in the address that goes.
        password = password or (camera.password.value if camera.password and username is None else None)
        username = username or camera.username
    if username is not None:
        changes["username"] = username
    if password is not None:
        secret = _free_secret(path, camera_id), password
        changes["password"] = {"file": os.path.join(SECRETS, os.path.basename(secret[0]))}
    elif username is not None and "password" in written:
        changes["password"] = None
    if not wanted.login:
        changes |= {key: None for key in ("username", "password") if key in written}
    if wanted.profile is not None:
        changes["profile"] = wanted.profile
    if wanted.transport is not None:
        changes["transport"] = wanted.transport
    if given := _limits(wanted):
        limits = written.get("retention")
        merged = {**(limits if isinstance(limits, Mapping) else {}), **given}
        kept = {key: value for key, value in merged.items() if value is not None}
        changes["retention"] = kept or None
    changes = {key: value for key, value in changes.items() if written.get(key) != value}
    new = with_changes(old, path, camera_id, changes) if changes else old
    after = _usable(new, path, secret)
    what = f"{camera.name} is changed"
    if camera_folder(_camera(after, camera_id)) != camera_folder(camera):
        there, then = camera_folder(camera), camera_folder(_camera(after, camera_id))
        what += f"; what is recorded from then on goes to {then}, what was recorded stays in {there}"
    effects = _effects(before, after, other_password=secret is not None)
    return Planned(path, old, new, camera_id, what, secret, effects, _obsolete(path, old, new, camera_id))


def plan_remove(path: str, camera_id: str) -> Planned:
    """A camera less. Raises SettingsError, CannotWrite."""
    old = _there(path)
    before = _usable(old, path)
    camera = _camera(before, camera_id, path)
    new = without_camera(old, path, camera_id)
    _usable(new, path)
    folder = os.path.join(before.recordings, camera_folder(camera))
    what = f"{camera.name} is no longer recorded; its footage stays in {folder}, until retention takes the oldest"
    return Planned(path, old, new, camera_id, what, obsolete=_obsolete(path, old, new, camera_id))


def _effects(before: Settings, after: Settings, *, other_password: bool) -> tuple[str, ...]:
    """Of a camera that stays. A password that is not written yet cannot be compared; what a profile is made of is told
    with the profile."""
    found = difference(before, after)
    kept = tuple(
        changed(one, changes=tuple(c for c in one.changes if c.key != "password" and not c.key.startswith("profile.")))
        for one in found.changed
    )
    lines = difference_lines(changed(found, changed=tuple(one for one in kept if one.changes)))
    told = tuple(line for line in lines if line.startswith("~"))
    return (*told, f"~ password: *** -> *** ({Effect.WORKER})") if other_password else told


def usual_recordings() -> str:
    """Where a new configuration records to."""
    return "/srv/recordings" if os.geteuid() == 0 else os.path.join(os.path.expanduser("~"), "recordings")


def free_name(settings: Settings, address: CameraAddress) -> str:
    """One that no camera has: by the name of its host, or a number."""
    host = address.url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    label = host.partition(":")[0].partition(".")[0]
    taken = {camera_folder(camera).casefold() for camera in settings.cameras}
    if label and not label[0].isdigit() and label != "localhost" and not host.startswith("["):
        name = label.replace("-", " ").replace("_", " ").strip().capitalize()
        if name and folder_name(name).casefold() not in taken:
            return name
    number = len(settings.cameras) + 1
    while folder_name(f"Camera {number}").casefold() in taken or f"camera_{number}" in _ids(settings):
        number += 1
    return f"Camera {number}"


def free_id(settings: Settings, name: str) -> str:
    """The name in the letters of an id, with a number where another camera has that."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "_".join("".join(one if one.isalnum() else " " for one in plain).split())
    base = words[: LONGEST_ID - 3].strip("_") or "camera"
    number, found = 1, base
    while found in _ids(settings):
        number += 1
        found = f"{base}_{number}"
    return found


# --------------------------------------------------------------------------------------------------------------------
# Deeds
# --------------------------------------------------------------------------------------------------------------------


def instead(path: str, command: Iterable[str]) -> str:
    """Why this person cannot write the file, and what to run; empty where they can."""
    if not (reason := forbidden(path)):
        return ""
    return f"{reason}. Run: sudo vmstui --config {shlex.quote(path)} {shlex.join(command)}"


def apply(planned: Planned, expected: str | None = None) -> Applied:
    """Write it and have the recorder take it. `expected` is the state that a person agreed to.

    Raises ChangedMeanwhile, CannotWrite; RecorderError where the recorder refuses it: then all is as it was.
    """
    if expected is not None and expected != planned.state:
        raise ChangedMeanwhile(f"{planned.path} was changed by somebody else meanwhile; nothing was changed")
    if reason := forbidden(planned.path):
        raise CannotWrite(f"{reason}; nothing was changed")
    with _undisturbed():
        if planned.secret is not None:
            write_secret(*planned.secret, _owner_of_recorder(planned.path))
        try:
            replace(planned.path, planned.old, planned.new)
            try:
                applied = _reloaded(planned)
            except RecorderError as error:
                _put_back(planned)
                raise RecorderError(f"the recorder refuses it, so nothing was changed: {error}") from None
        except BaseException:
            if planned.secret is not None:
                with contextlib.suppress(OSError):
                    os.unlink(planned.secret[0])
            raise
        if planned.obsolete:
            with contextlib.suppress(OSError):
                os.unlink(planned.obsolete)
    return applied


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """What ends this process, such as a dashboard that is left, does so only behind it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _reloaded(planned: Planned) -> Applied:
    """Raises RecorderError where it refuses; one that records by another file has nothing to do with this one."""
    try:
        snapshot = call(socket_path(), "snapshot")
    except RecorderLost:
        return Applied(("no recorder runs; this starts it: vmstui",), False)
    used = snapshot.get("config_path") if isinstance(snapshot, dict) else None
    if not isinstance(used, str) or os.path.realpath(used) != os.path.realpath(planned.path):
        return Applied((f"the recorder that runs records by {used}, and does not know of this",), False)
    try:
        answer = call(socket_path(), "reload", {"dry_run": False}, timeout_s=RELOAD_TIMEOUT_S)
    except RecorderLost as error:
        return Applied((f"{error}; it takes the change with: vmstui config reload",), False)
    effects = from_json(ReloadEffects, answer)
    return Applied(tuple(reload_lines(from_json(SettingsDiff, answer), effects, foretold=False)), True)


def _put_back(planned: Planned) -> None:
    """What the recorder refused; what somebody changed in that moment stays, as they will see to it."""
    with contextlib.suppress(CannotWrite):
        if planned.old is None:
            os.unlink(planned.path)
        else:
            replace(planned.path, planned.new, planned.old)


def _owner_of_recorder(path: str) -> int | None:
    """Who has to read passwords: the user the recorder runs as, which only root need ask."""
    if os.geteuid() != 0:
        return None
    for file in (socket_path(), Path(path), Path(path).parent):
        with contextlib.suppress(OSError):
            return file.stat().st_uid
    return None


# --------------------------------------------------------------------------------------------------------------------
# What is in the file
# --------------------------------------------------------------------------------------------------------------------


def _new_file(recordings: str) -> bytes:
    from vmstui.settings.edit import scalar

    lines = (
        "# The configuration of vmstui. All keys: vmstui config example",
        f"recordings: {scalar(recordings)}",
        "cameras: []",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _there(path: str) -> bytes:
    old = read_file(path)
    if old is None:
        raise CannotWrite(f"there is no configuration at {path} yet; this makes one: vmstui add URL")
    return old


def _usable(raw: bytes, path: str, secret: tuple[str, str] | None = None) -> Settings:
    """What the file means. That a password cannot be read here is no matter: the recorder may be able to. Raises
    SettingsError for all else that is wrong with it."""
    loaded, errors = load_text(raw, path)
    if told := [problem for problem in errors if not _is_of_password(problem)]:
        raise SettingsError(told)
    assert loaded is not None
    return loaded.settings


def _is_of_password(problem: Problem) -> bool:
    return problem.key.startswith(("cameras[", "live.")) and ".password" in problem.key


def _camera(settings: Settings, camera_id: str, path: str = "") -> Camera:
    for camera in settings.cameras:
        if camera.id == camera_id:
            return camera
    known = ", ".join(_ids(settings)) or "none is configured"
    raise SettingsError([Problem(path, 0, 0, "", f"no camera with the id {camera_id!r}", f"one of: {known}")])


def _ids(settings: Settings) -> list[str]:
    return [camera.id for camera in settings.cameras]


def _limits(wanted: Wanted) -> dict[str, str | None]:
    given = {key: getattr(wanted, key) for key in LIMITS}
    return {key: None if value == "none" else value for key, value in given.items() if value is not None}


def _free_secret(path: str, camera_id: str) -> str:
    folder = os.path.join(os.path.dirname(os.path.abspath(path)), SECRETS)
    number, found = 1, os.path.join(folder, camera_id)
    while os.path.lexists(found):
        number += 1
        found = os.path.join(folder, f"{camera_id}-{number}")
    return found


def _obsolete(path: str, old: bytes, new: bytes, camera_id: str) -> str:
    """The password file of a camera, where it is one that `add` made and the new configuration does not name it."""
    password = camera_keys(old, path, camera_id).get("password")
    named = password.get("file") if isinstance(password, Mapping) else None
    if not isinstance(named, str) or os.path.dirname(named) != SECRETS or named in password_files(new, path):
        return ""
    if os.path.basename(named).rpartition("-")[0] != camera_id and os.path.basename(named) != camera_id:
        return ""
    return os.path.join(os.path.dirname(os.path.abspath(path)), named)


def _lines(raw: bytes) -> list[str]:
    return raw.decode("utf-8-sig", "replace").splitlines()


def _masks(planned: Planned) -> tuple[str, ...]:
    """Passwords that stand in the file itself, as they may be written there."""
    from urllib.parse import quote

    secrets, _ = load_secrets(planned.path) if planned.old is not None else ((), ())
    return tuple(
        sorted({form for secret in secrets for form in (secret, quote(secret, safe=""), quote(secret))}, key=len)
    )


def _masked(line: str, masks: tuple[str, ...]) -> str:
    told = "password" in line or "://" in line
    for mask in reversed(masks):
        if told or len(mask) >= SHORT_SECRET:  # a shorter one would be found in every other word
            line = line.replace(mask, "***")
    return line


def same_camera(path: str, address: CameraAddress) -> list[str]:
    """Names of the cameras that are recorded from that very address already."""
    raw = read_file(path)
    cameras = _usable(raw, path).cameras if raw is not None else ()
    return [camera.name for camera in cameras if camera.url.casefold() == address.url.casefold()]


def written_of(planned: Planned) -> dict[str, Value]:
    """What the file says now of the camera, of what may be shown."""
    if planned.old is None:
        return {}
    keys = camera_keys(planned.old, planned.path, planned.camera)
    return {key: value for key, value in keys.items() if key in ("name", "profile", "retention", "transport")}


def name_of(planned: Planned) -> str:
    """Of the camera it is about."""
    return _camera(_usable(planned.new, planned.path), planned.camera).name
