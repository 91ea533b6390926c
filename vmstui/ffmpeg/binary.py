"""Which ffmpeg programs this machine has, and whether they are recent enough.

Supported from 5.1 up, which is what Debian 12 has and the first with `-fps_mode`. The embedded one is the static build
inside the installed package `imageio-ffmpeg`; its file is found without importing that package. Called by
`abilities.choose` and by the checks of the installation.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path

from vmstui.light_dataclass import dataclass

OLDEST = (5, 1)
_VERSION = re.compile(r"^ffmpeg version n?(\d+)\.(\d+)", re.MULTILINE)
_WORD = re.compile(r"^ffmpeg version (\S+)", re.MULTILINE)
_LIBAVFORMAT = re.compile(r"^libavformat\s+(\d+)\.\s*(\d+)", re.MULTILINE)


class NoUsableFfmpeg(Exception):
    """No ffmpeg that vmstui can use. The text is one sentence: what was looked for, what was found, what to do."""


@dataclass(frozen=True, slots=True)
class Binary:
    """An ffmpeg program that starts and is recent enough."""

    path: str
    version: str
    """As it names itself: `5.1.9-0+deb12u1`, `9.0.2-17-g2a571b6068`."""
    major: int
    minor: int
    origin: str
    """`configured`, `system` or `embedded`."""


def find_binaries(wanted: str) -> tuple[Binary, ...]:
    """The usable programs for `auto`, `embedded`, `system` or an absolute path, system before embedded.

    Raises NoUsableFfmpeg if there is none.
    """
    places: list[tuple[str, str | None]] = []
    if wanted in ("auto", "system"):
        places.append(("system", system_path()))
    if wanted in ("auto", "embedded"):
        places.append(("embedded", embedded_path()))
    if not places:
        places.append(("configured", wanted))
    binaries = []
    found = []
    for origin, path in places:
        if path is None:
            where = "on PATH" if origin == "system" else "in the Python package imageio-ffmpeg"
            found.append(f"no {origin} ffmpeg ({where})")
            continue
        result = identify(path, origin)
        if isinstance(result, Binary):
            binaries.append(result)
        else:
            found.append(result)
    if binaries:
        return tuple(binaries)
    raise NoUsableFfmpeg(
        f"no usable ffmpeg (setting ffmpeg: {wanted}): found {'; '.join(found)}; "
        f"install ffmpeg {OLDEST[0]}.{OLDEST[1]} or newer, or set ffmpeg: embedded after `pip install imageio-ffmpeg`"
    )


def identify(path: str, origin: str) -> Binary | str:
    """The program at this path, or in words why it cannot be used."""
    if not os.path.isabs(path):
        return f"{path!r}, which is not an absolute path"
    try:
        output = subprocess.run(
            [path, "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
            close_fds=False,  # see recorder/bare_thread.py
        ).stdout.decode("utf-8", "replace")
    except FileNotFoundError:
        return f"nothing at {path}"
    except OSError as error:
        return f"{path}, which does not start ({error.strerror})"
    except subprocess.TimeoutExpired:
        return f"{path}, which did not tell its version within 20 s"
    word = _WORD.search(output)
    if word is None:
        return f"{path}, which is not ffmpeg (it tells no version)"
    version = re.sub(r"^n(?=\d)", "", word[1])
    number = _version_number(output)
    if number is None:
        return f"{path} of unknown version {version}"
    if number < OLDEST:
        return f"{path} of version {version}, which is older than {OLDEST[0]}.{OLDEST[1]}"
    return Binary(path, version, number[0], number[1], origin)


def _version_number(output: str) -> tuple[int, int] | None:
    if found := _VERSION.search(output):
        return int(found[1]), int(found[2])
    # Builds of the development branch call themselves N-12345-g0123abc; the libraries' numbers rise by one with
    # each major version: libavformat 59 is ffmpeg 5.
    if found := _LIBAVFORMAT.search(output):
        return int(found[1]) - 54, 1 if int(found[2]) >= 27 or int(found[1]) > 59 else 0
    return None


def system_path() -> str | None:
    """Path of the first `ffmpeg` on PATH that can be run, None without one."""
    for folder in os.get_exec_path():
        candidate = os.path.join(folder, "ffmpeg")
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return None


def embedded_path() -> str | None:
    """Path of the program inside the installed package imageio-ffmpeg, None without it."""
    spec = importlib.util.find_spec("imageio_ffmpeg")  # finds it, does not run it
    if spec is None or not spec.submodule_search_locations:
        return None
    for folder in spec.submodule_search_locations:
        for candidate in sorted(Path(folder, "binaries").glob("ffmpeg-*"), reverse=True):
            if os.access(candidate, os.X_OK):
                return str(candidate)
    return None
