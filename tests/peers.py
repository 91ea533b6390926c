"""Foreign programs that tests hold vmstui against, and what else only some machines have.

A test that needs one says `require("ffmpeg")`: where the program is missing the test is skipped by that name, unless
VMSTUI_REQUIRE_PEERS=1 (as in CI), which turns the skip into a failure, so that no peer test can vanish unnoticed. One
that needs what only root may do says by `unavailable` what was refused.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NoReturn

import pytest

GSTREAMER_PYTHON = "/usr/bin/python3"
"""The interpreter that Debian's GStreamer bindings (python3-gi) belong to."""


def require(*programs: str) -> None:
    """Skip (or fail, see above) unless every program is on PATH; `gst-rtsp-server` means the Python bindings of it."""
    missing = [program for program in programs if not _present(program)]
    if not missing:
        return
    unavailable(f"peer not installed: {', '.join(missing)}", "VMSTUI_REQUIRE_PEERS")


def unavailable(sentence: str, unless: str = "VMSTUI_REQUIRE_MOUNTS") -> NoReturn:
    """Skip, or fail where this variable is 1, for what the machine does not allow: a container may forbid mounts."""
    if os.environ.get(unless) == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)


def _present(program: str) -> bool:
    if program != "gst-rtsp-server":
        return shutil.which(program) is not None
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return subprocess.run([GSTREAMER_PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0
