"""Every ffmpeg on this machine, and what is fed to it."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.conftest import mounts
from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.peers import require
from tests.triage.provoke import SOURCE, X264, X265

__all__ = ["ffmpeg", "media", "mounts"]


@pytest.fixture(params=["embedded", pytest.param("system", marks=pytest.mark.peer)])
def ffmpeg(request: pytest.FixtureRequest) -> str:
    """The one that vmstui brings along, and Debian's."""
    if request.param == "embedded":
        return EMBEDDED_FFMPEG
    require("ffmpeg")
    return str(shutil.which("ffmpeg"))


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good, damaged and cut streams."""
    folder = tmp_path_factory.mktemp("media")
    made = {
        "good.mp4": (*SOURCE, *X264),
        "good.264": (*SOURCE, *X264, "-f", "h264"),
        "good.265": (*SOURCE, *X265, "-f", "hevc"),
        "good.ts": (*SOURCE, *X264, "-f", "mpegts"),
        "alaw.wav": ("-f", "lavfi", "-i", "sine=sample_rate=8000:duration=2", "-c:a", "pcm_alaw"),
    }
    for name, arguments in made.items():
        subprocess.run([EMBEDDED_FFMPEG, "-v", "error", "-nostdin", *arguments, str(folder / name)], check=True)
    chance = random.Random(1)
    for name in ("good.264", "good.265", "good.ts"):
        raw = bytearray((folder / name).read_bytes())
        for _ in range(len(raw) // 300):
            raw[chance.randrange(400, len(raw))] = chance.randrange(256)
        (folder / name.replace("good", "damaged")).write_bytes(raw)
        (folder / name.replace("good", "cut")).write_bytes((folder / name).read_bytes()[5000:])
    (folder / "cut.mp4").write_bytes((folder / "good.mp4").read_bytes()[:3000])
    (folder / "garbage").write_bytes(chance.randbytes(50_000))
    return folder
