"""Everything between "start this camera" and a running ffmpeg: ask the camera, choose a rung, write its files.

The camera is asked first (RTSP DESCRIBE): it tells its codec, so that what it already delivers is copied, and it
refuses a wrong password once, before ffmpeg would try it several times.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vmstui.codec import to_json
from vmstui.ffmpeg.abilities import Abilities
from vmstui.ffmpeg.command import CommandError, WorkerFiles, input_script, worker_argv
from vmstui.ffmpeg.plan import Plan, PlanError, plans
from vmstui.live.client import ProbeError, ProbeErrorKind, describe
from vmstui.model import Camera, Settings
from vmstui.recorder import machine as m
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.context import Context
from vmstui.recorder.record import write_atomically
from vmstui.recorder.supervised import StartFailed
from vmstui.recording import layout

DESCRIBE_TIMEOUT_S = 5.0
KNOWN_CODECS = ("h264", "h265")
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
    spool_folder: Path
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
        retry = m.Retry.AUTH if error.kind is ProbeErrorKind.AUTH else m.Retry.LADDER
        raise StartFailed(retry, str(error)) from None
    return description.codec if description.codec in KNOWN_CODECS else ""


def prepare(context: Context, camera: Camera, log: CameraLog, codec: str, rung: int, generation: int) -> Launch:
    """Choose the plan and write the files of a new generation. Raises StartFailed."""
    abilities = context.abilities
    if abilities is None:
        raise StartFailed(m.Retry.LADDER, "no usable ffmpeg")
    try:
        ladder = plans(camera.profile, codec, abilities)
    except PlanError as error:
        raise StartFailed(m.Retry.CONFIGURATION, str(error)) from None
    plan = ladder[min(rung, len(ladder) - 1)]
    publish_url = context.live.publish_url(camera.id) if plan.live is not None else None
    folder = context.camera_folder(camera.id)
    spool = layout.generation_spool(Path(context.settings.recordings), camera.id, generation)
    try:
        spool.mkdir(parents=True, mode=0o700)
        log.prepare()
        write_atomically(folder / "input.ffconcat", input_script(camera, abilities).encode())
        progress = folder / "progress"
        progress.unlink(missing_ok=True)
        argv = worker_argv(
            abilities,
            plan,
            camera,
            WorkerFiles(input_path=str(folder / "input.ffconcat"), spool_folder=str(spool)),
            context.settings.segment_length_s,
            publish_url,
        )
    except OSError as error:
        raise StartFailed(m.Retry.LADDER, f"cannot write {error.filename}: {error.strerror}") from None
    except CommandError as error:
        raise StartFailed(m.Retry.CONFIGURATION, str(error)) from None
    return Launch(generation, argv, plan, plan is not ladder[-1], spool, log.path(generation), progress)


def worker_environment() -> Mapping[str, str]:
    """The environment of a worker: ours without what would change ffmpeg's messages or leak into its log."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FFREPORT", "AV_LOG"))}
    return {**kept, "LC_ALL": "C.UTF-8", "AV_LOG_FORCE_NOCOLOR": "1"}


def digest(camera: Camera, settings: Settings, abilities: Abilities | None) -> str:
    """Of everything that shapes a worker: equal digests, equal workers. The password is in it, not readable from it."""
    shape = {
        "url": camera.url,
        "username": camera.username,
        "password": camera.password.value if camera.password else None,
        "transport": camera.transport,
        "profile": to_json(camera.profile),
        "recordings": settings.recordings,
        "segment_length_s": settings.segment_length_s,
        "live": [settings.live.url, settings.live.host, settings.live.port],
        "ffmpeg": abilities.binary.path if abilities is not None else settings.ffmpeg,
    }
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]
