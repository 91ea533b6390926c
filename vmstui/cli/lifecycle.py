"""Commands on the service itself: `up`, `down`, `config reload`, and `config diff` with what it runs on."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vmstui import openssl
from vmstui.cli.recorder_socket import control_socket, running_service, socket_path
from vmstui.cli.starting import start_service
from vmstui.codec import from_json, to_json
from vmstui.control.call import call
from vmstui.settings import Folders, default_folders, find_path

if TYPE_CHECKING:
    from vmstui.settings import Loaded

SHUTDOWN_TIMEOUT_S = 120.0
END_S = 15.0
RELOAD_TIMEOUT_S = 60.0
"""To find out what another ffmpeg can do takes a while."""
STARTED_S = 45.0
"""By then a service has looked at everything that it looks at once."""
GARBAGE_AT = 10_000
"""New objects until garbage is looked for among them (700 by default): a service makes thousands a second, and hardly
any of them in a ring."""


def up(config: str | None, *, foreground: bool, trial: bool = False) -> int:
    """Start the service, detached from this terminal unless `foreground`; with `trial` see whether it could start."""
    if foreground:
        openssl.leave_out()
    from vmstui.settings import load

    folders = default_folders()
    path = find_path(config)
    if trial:
        from vmstui.recorder.trial import run_trial

        print(json.dumps(to_json(run_trial(path, Path(folders.state)))))
        return 0
    # All errors are told here, where a person reads them. The service reads it again at a reload, from another folder.
    loaded = load(os.path.abspath(path) if foreground else path)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if foreground:
        # Which line each value stands on is of use to nobody from here on, and a service would keep it for ever.
        loaded = replace(loaded, origins={})
        return run_service(loaded, folders)
    pid = running_service(socket_path())
    if pid is not None:
        print(f"the recorder already runs: process {pid}")
        return 0
    pid = start_service(path, folders)
    if pid is None:
        return 1
    cameras = len(loaded.settings.cameras)
    print(f"recorder started: process {pid}, {cameras} camera{'' if cameras == 1 else 's'}; vmstui shows it")
    return 0


def run_service(loaded: Loaded, folders: Folders) -> int:
    """Be the service, until told to leave."""
    import asyncio
    import faulthandler
    import gc
    import resource

    from vmstui.control.server import serve
    from vmstui.recorder import inheritance
    from vmstui.recorder.process import seal_descriptors, spawn_with_bare_hands
    from vmstui.recorder.service import Service
    from vmstui.recorder.state_folder import AlreadyRunning

    gc.disable()  # what is made while it comes up, stays; `_give_back` puts an end to that
    given = inheritance.take()
    seal_descriptors()
    with contextlib.suppress(ValueError, OSError):  # no standard error to write to
        faulthandler.enable()  # systemd's watchdog ends a service that hangs by SIGABRT: it then tells where it hung
    _share_one_heap()
    spawn_with_bare_hands()
    # Some five descriptors a camera: the usual soft limit of 1024 would do for 200.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1 << 16), hard))
    os.umask(0o027)
    os.chdir("/")

    async def run() -> None:
        service = Service(loaded, Path(folders.state), given)
        asyncio.get_running_loop().call_later(STARTED_S, _give_back)
        await serve(service, control_socket(folders))
        # Everything is done and let go of. A thread that hangs in a dead disk must not keep the process here for ever,
        # as Python's own way out would: it waits for all threads.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(service.exit_status)

    try:
        asyncio.run(run())
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _share_one_heap() -> None:
    """glibc gives each thread a heap of its own, of which none of ours fills a part. To be called before there are any
    (mallopt(3)); other C libraries have nothing of the kind."""
    import ctypes  # here, as what is below: not for `down`

    arena_max = -8
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(arena_max, 1)


def _give_back() -> None:
    """What coming up took and nothing uses any more goes back to the kernel (malloc_trim(3), glibc only). What is left
    stays for good, and need not be looked through by each collection of garbage from now on."""
    import ctypes
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT)
    gc.enable()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def down(config: str | None) -> int:
    """Stop recording, settle all segments, end the service."""
    from vmstui.model import LeftBehind

    pid = running_service(socket_path())
    left = from_json(LeftBehind, call(socket_path(), "shutdown", timeout_s=SHUTDOWN_TIMEOUT_S))
    _wait_for_end(pid)
    for sentence in left.sentences:
        print(sentence, file=sys.stderr)
    if left.stuck:
        print("recorder ended", file=sys.stderr)
        return 1
    print("recording stopped, all segments closed, recorder ended")
    return 0


def _wait_for_end(pid: int | None) -> None:
    """The answer comes while the service still puts things away; whoever starts another one next must not meet it."""
    deadline_s = time.monotonic() + END_S
    while pid is not None and time.monotonic() < deadline_s:
        try:
            state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
        except OSError:
            return
        if state in b"ZX":
            return
        time.sleep(0.02)


def reload(*, as_json: bool, dry_run: bool = False) -> int:
    """Have the service read its configuration again, or only tell what that would do; errors in it change nothing."""
    from vmstui.cli.config_commands import reload_lines
    from vmstui.model import ReloadEffects
    from vmstui.settings import SettingsDiff

    answer = call(socket_path(), "reload", {"dry_run": dry_run}, timeout_s=RELOAD_TIMEOUT_S)
    if as_json:
        print(json.dumps(answer, indent=2))
        return 0
    for line in reload_lines(from_json(SettingsDiff, answer), from_json(ReloadEffects, answer), foretold=dry_run):
        print(line)
    return 0
