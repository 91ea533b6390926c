"""Everything between "start this camera" and a running ffmpeg: ask the camera, choose a rung, write its files.

The camera is asked first (RTSP DESCRIBE): it tells its codec, so that what it already delivers is copied, and it
refuses a wrong password once, before ffmpeg would try it several times.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from vmstui.codec import Json, to_json
from vmstui.configured import Camera, Profile, Settings
from vmstui.ffmpeg.binary import Binary
from vmstui.ffmpeg.command import CommandError, WorkerFiles, input_script, worker_argv
from vmstui.ffmpeg.exits import ExitKind
from vmstui.ffmpeg.plan import Plan, PlanError, plans
from vmstui.light_dataclass import dataclass
from vmstui.live.client import ProbeError, ProbeErrorKind, describe
from vmstui.own_process import own_environment
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.causes import OF_PROBE
from vmstui.recorder.context import Context
from vmstui.recorder.generation import next_generation
from vmstui.recorder.policy import Retry
from vmstui.recorder.record import write_atomically
from vmstui.recorder.supervised import StartFailed
from vmstui.recording.guard import WrongFolder
from vmstui.settings.rows import profile_rows

DESCRIBE_TIMEOUT_S = 5.0
INPUT_SCRIPT = "input.ffconcat"
KNOWN_CODECS = ("h264", "h265")
FFMPEG = "ffmpeg"
_KINDS = {
    ProbeErrorKind.AUTH: ExitKind.AUTH,
    ProbeErrorKind.NOT_FOUND: ExitKind.NOT_FOUND,
    ProbeErrorKind.BUSY: ExitKind.BUSY,
}
_UNCLEAR = (ProbeErrorKind.PROTOCOL, ProbeErrorKind.TLS)
"""The camera answered strangely: ffmpeg may understand it better than we do."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A worker about to be started."""

    generation: int
    argv: tuple[str, ...]
    plan: Plan
    lower_rung: bool
    """There is a further rung on the fallback ladder."""
    log_path: Path
    progress_path: Path


async def ask_camera(camera: Camera, remembered: str) -> str:
    """The codec the camera sends: `h264`, `h265`, or empty where it does not tell.

    Raises StartFailed when it refuses or cannot be reached.
    """
    password = camera.password.value if camera.password is not None else None
    try:
        description = await describe(camera.url, camera.username, password, DESCRIBE_TIMEOUT_S)
    except ProbeError as error:
        if error.kind in _UNCLEAR:
            return remembered
        raise StartFailed(OF_PROBE[error.kind], str(error), _KINDS.get(error.kind, ExitKind.NETWORK)) from None
    return description.codec if description.codec in KNOWN_CODECS else ""


def prepare(
    context: Context, camera: Camera, log: CameraLog, codec: str, rung: int, last: int, given_up: Callable[[], bool]
) -> Launch:
    """Choose the plan and write the files of a new generation; in a thread, as it writes to the recordings disk.

    Its number is above `last` and above all that the recordings tell of, should the note have been lost. Once it is
    `given_up` it touches no file of the camera any more: another worker may have started meanwhile. Raises StartFailed.
    """
    abilities = context.abilities
    if abilities is None:
        raise StartFailed(Retry.DRIVER, "no usable ffmpeg")
    try:
        ladder = plans(camera.profile, codec, abilities)
    except PlanError as error:
        raise StartFailed(Retry.CONFIGURATION, str(error)) from None
    plan = ladder[min(rung, len(ladder) - 1)]
    publish_url = context.live.publish_url(camera.id) if plan.live is not None else None
    folder = context.camera_folder(camera.id)
    generation = next_generation(Path(context.settings.recordings), context.state_folder, camera.id, last)
    try:
        mount = context.settings.recordings_mount
        spool = context.guard.make_spool(context.settings.recordings, mount, camera.id, generation)
        if given_up():
            raise StartFailed(Retry.DISK, "the recordings disk answered too late")
        log.prepare(generation)
        _write_if_other(folder / INPUT_SCRIPT, input_script(camera, abilities).encode())
        progress = progress_path(folder, generation)
        progress.unlink(missing_ok=True)
        argv = worker_argv(
            abilities,
            plan,
            camera,
            WorkerFiles(input_path=str(folder / INPUT_SCRIPT), spool_folder=str(spool)),
            context.settings.segment_length_s,
            publish_url,
        )
    except WrongFolder as error:
        raise StartFailed(Retry.DISK, str(error), ExitKind.DISK) from None
    except OSError as error:
        raise StartFailed(Retry.DISK, f"cannot write {error.filename or folder}: {error.strerror}") from None
    except CommandError as error:
        raise StartFailed(Retry.CONFIGURATION, str(error)) from None
    return Launch(generation, argv, plan, plan is not ladder[-1], log.path(generation), progress)


def progress_path(folder: Path, generation: int) -> Path:
    """Where the worker of a generation reports its progress; `folder` is the state of its camera."""
    return folder / f"progress.{generation:06d}"


def forget_progress(folder: Path, names: Iterable[str], live: Collection[int]) -> None:
    """What workers reported that are no more goes. `names` is all that lies in the folder, `live` are the generations
    that run."""
    kept = {progress_path(folder, generation).name for generation in live}
    for name in names:
        if name.startswith("progress.") and name not in kept:
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)


def worker_environment(settings: Settings) -> Mapping[str, str]:
    """The environment of a worker: ours without passwords and without what would change ffmpeg's messages."""
    kept = own_environment(without=secret_variables(settings))
    kept = {name: value for name, value in kept.items() if not name.startswith(("FFREPORT", "AV_LOG", "PYTHON"))}
    return {**kept, "LC_ALL": "C.UTF-8", "AV_LOG_FORCE_NOCOLOR": "1"}


def secret_variables(settings: Settings) -> tuple[str, ...]:
    """Names of the environment variables that the configuration takes passwords from."""
    secrets = [camera.password for camera in settings.cameras] + [settings.live.password]
    origins = [secret.origin for secret in secrets if secret is not None]
    return tuple(origin.removeprefix("env:") for origin in origins if origin.startswith("env:"))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What shapes a worker beside the configuration of its camera."""

    settings: Settings
    ffmpeg: str | None
    """Which one is in use, None while none is known."""
    publish_url: Callable[[str], str]


def surroundings(context: Context) -> Surroundings:
    """As they are now."""
    ffmpeg = which(context.abilities.binary) if context.abilities is not None else None
    return Surroundings(context.settings, ffmpeg, context.live.publish_url)


def which(binary: Binary) -> str:
    """What makes it another ffmpeg. The embedded one lies in another folder after each installation."""
    return binary.origin if binary.origin == "embedded" else binary.path


def shape(camera: Camera, around: Surroundings) -> dict[str, Json]:
    """Everything that shapes a worker, by its key in the configuration: equal shapes, equal workers.

    The name of a profile is not in it: what counts is what it asks for.
    """
    return {
        "name": camera.name,
        "url": camera.url,
        "username": camera.username,
        "password": camera.password.value if camera.password else None,
        "transport": camera.transport,
        **_asked_for(camera.profile),
        "recordings": around.settings.recordings,
        "segment.length": around.settings.segment_length_s,
        "live": around.publish_url(camera.id) if camera.profile.live is not None else None,
        FFMPEG: around.ffmpeg,
    }


@lru_cache(maxsize=256)
def _asked_for(profile: Profile) -> Mapping[str, Json]:
    """What a profile asks for. Hundreds of cameras have the same one, and each keeps its shape."""
    return MappingProxyType({f"profile.{row.key}": to_json(row.value) for row in profile_rows(profile)})


def changed_keys(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[str, ...]:
    """Keys of two shapes that differ. An ffmpeg that is not known differs from none."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    unknown = None in (before.get(FFMPEG), after.get(FFMPEG))
    return tuple(key for key in keys if not (key == FFMPEG and unknown))


def digest(shape: Mapping[str, Json]) -> str:
    """Of the shape of a worker. The password is in it, not readable from it."""
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]


def camera_digest(camera: Camera) -> str:
    """Of all that is configured of a camera, its password included: another one deserves a try at once."""
    password = camera.password.value if camera.password is not None else ""
    return hashlib.sha256(f"{camera!r} {password!r}".encode()).hexdigest()[:16]


def _write_if_other(path: Path, content: bytes) -> None:
    """Not at all when it stands there already: a full state disk must not keep a camera from its next worker."""
    try:
        if path.read_bytes() == content:
            return
    except OSError:
        pass
    write_atomically(path, content, durable=False)  # what a power cut leaves of it is other, and written anew
