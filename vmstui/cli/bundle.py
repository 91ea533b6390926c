"""`vmstui bundle [CAMERA] [-o FILE.tar.gz]`: everything a bug report needs in one archive, passwords masked.

Works with and without a recorder, and with one that hangs. The archive is there as a whole or not at all, readable by
its owner alone, and its manifest says what to look at before it is sent.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

from vmstui import __version__
from vmstui.control.errors import RecorderError
from vmstui.sanitise import clean
from vmstui.spoken import plural, size

STDOUT = "-"
TOLD = 8
"""Sentences about what is missing or cut; the manifest has them all."""
NICE = 10
"""Recording comes first."""


def bundle(config: str | None, camera: str | None, out: str | None) -> int:
    """Write it. Raises RecorderError for a camera that there is not, and for what cannot be written."""
    from vmstui.cli.bundle_archive import MANIFEST
    from vmstui.cli.bundle_gathering import Gathering
    from vmstui.cli.ending import ended_in_order

    made_at = datetime.now(UTC)
    folder = f"vmstui-bundle-{made_at.astimezone():%Y%m%d_%H%M%S}"
    target = out if out is not None else f"{folder}.tar.gz"
    _check(target)
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with ended_in_order():
        gathering = Gathering(config, camera, _progress)
        members = gathering.gather()
        _progress("packing")
        of = f"camera {camera}" if camera is not None else plural(len(gathering.cameras), "camera")
        head = f"vmstui {__version__} on {socket.gethostname()}, {made_at.isoformat(timespec='seconds')}: {of}"
        packed = members.packed(folder, made_at, f"{head}\n{gathering.recorder}")
        _progress("")
        if target == STDOUT:
            sys.stdout.buffer.write(packed)
            sys.stdout.flush()
        else:
            _write(Path(target), packed)
            print(target)
    _say(f"{target}: {size(len(packed))}, {gathering.recorder}" if target != STDOUT else gathering.recorder)
    if gathering.problems and gathering.loaded is None:
        _say(f"the configuration has errors ({gathering.problems[0]}): other passwords in it are masked by shape only")
    told = [*(f"missing: {sentence}" for sentence in members.missing), *(f"cut: {one}" for one in members.cut)]
    for sentence in told[:TOLD]:
        _say(sentence)
    if len(told) > TOLD:
        _say(f"and {len(told) - TOLD} more of that")
    _say(f"look through it before you hand it on; {folder}/{MANIFEST} says what is in it and what is hidden")
    return 0


def _check(out: str) -> None:
    """Before anything is asked: it would be a pity about the work."""
    if out == STDOUT:
        if sys.stdout.isatty():
            raise RecorderError(
                "-o -: a terminal cannot show an archive; name a file, or send it on: … -o - | cat > FILE"
            )
        return
    if os.path.lexists(out):
        raise _taken(out)
    folder = os.path.dirname(out) or "."
    if not os.path.isdir(folder):
        raise RecorderError(f"{out} cannot be written: there is no folder {folder}")
    if not out or not os.access(folder, os.W_OK):
        raise RecorderError(f"{out!r} cannot be written: not allowed in the folder {folder}")


def _write(target: Path, packed: bytes) -> None:
    """All of it or nothing, for its owner alone, and never over another file. Raises RecorderError."""
    from vmstui.recording.export_file import unfinished

    try:
        with unfinished(target.parent) as part:
            os.chmod(part.path, 0o600)
            with open(part.path, "wb") as file:
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            if not part.publish(target):
                raise _taken(str(target))
    except OSError as error:
        raise RecorderError(f"{target} cannot be written: {error.strerror}") from None


def _taken(out: str) -> RecorderError:
    return RecorderError(f"{out} is there already, and nothing is ever overwritten: name another file")


def _say(text: str) -> None:
    print(clean(text), file=sys.stderr)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{clean(text)[:100]}", end="", file=sys.stderr, flush=True)
