"""Root commands a recorder of another user: what root's commands make there, that user can still use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from vmstui.footage import Segment, SegmentVerdict
from vmstui.recording import journal
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.fill import record
from vmstui.recording.guard import Guard
from vmstui.recording.layout import camera_quarantine
from vmstui.recording.publish import quarantine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can command the recorder of another user")

USER = 65534
START = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
FOOTAGE = ("lock", "lobby", "--from", "2025-10-20T12:00:00Z", "--to", "2025-10-20T12:01:00Z")


@dataclass(frozen=True)
class Install:
    """The recorder of a user who is not root, without a service that runs."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    @property
    def catalogue(self) -> Path:
        return self.state / FILE_NAME

    def by_root(self, *command: str) -> subprocess.CompletedProcess[str]:
        places = {
            "VMSTUI_CONFIG": f"{self.folder}/vmstui.yaml",
            "VMSTUI_STATE": str(self.state),
            "VMSTUI_RUNTIME": f"{self.folder}/run",
        }
        argv = [sys.executable, "-m", "vmstui", *command]
        return subprocess.run(argv, env={**os.environ, **places}, capture_output=True, text=True, timeout=120)

    def strangers(self) -> dict[str, int]:
        """What in its folders belongs to somebody else."""
        found = (path for top in (self.state, self.recordings) for path in top.rglob("*"))
        return {
            str(path.relative_to(self.folder)): path.lstat().st_uid for path in found if path.lstat().st_uid != USER
        }


def as_user(work: Callable[[], None]) -> None:
    """Do it as the user of the recorder, in a process of its own."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(USER)
            os.setuid(USER)
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, "see what is told above"


def _film(path: Path) -> None:
    source = "testsrc2=size=320x180:rate=10:duration=2"
    command = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-c:v", "libx264"]
    subprocess.run([*command, "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p", str(path)], check=True)


@pytest.fixture
def install() -> Iterator[Install]:
    """With two segments of a camera, the second of which has been damaged since."""
    made = Install(Path(tempfile.mkdtemp(prefix="vmstui-root-")))
    made.folder.chmod(0o755)
    try:
        for folder in (made.state, made.recordings):
            folder.mkdir(0o700)
            os.chown(folder, USER, USER)
        (made.folder / "vmstui.yaml").write_text(
            f"recordings: {made.recordings}\ntimezone: UTC\nffmpeg: {EMBEDDED_FFMPEG}\n"
            "cameras:\n  - {id: lobby, name: Lobby, url: 'rtsp://h/x'}\n"
        )
        film = made.folder / "film.mp4"
        _film(film)
        content = film.read_bytes()

        def record_both() -> None:
            (made.state / "installation").write_text("ours\n")
            with Guard(made.state, "ours").inside(str(made.recordings), None):
                day = made.recordings / "Lobby" / "2025-10-20"
                day.mkdir(parents=True)
            segments = []
            for number in range(2):
                path = day / f"Lobby_20251020_12000{2 * number}.mp4"
                path.write_bytes(content if number == 0 else bytes(2000) + content[2000:])
                at, size_bytes = START + timedelta(seconds=2 * number), len(content)
                segments.append(
                    Segment("lobby", 1, str(path), at, 2.0, size_bytes, "h264", 320, 180, SegmentVerdict.GOOD, "", 20)
                )
            segments = [replace(one, number=number) for number, one in enumerate(segments)]
            for one in segments:
                journal.append(made.recordings, one)
            with Catalogue.open(made.catalogue) as catalogue:
                record(catalogue, segments, lambda camera: ())
                catalogue.filled()

        as_user(record_both)
        yield made
    finally:
        shutil.rmtree(made.folder)


def test_a_lock_by_root_outlives_a_damaged_catalogue(install: Install) -> None:
    done = install.by_root(*FOOTAGE)
    assert done.returncode == 0, done.stderr
    assert install.strangers() == {}

    def make_it_anew() -> None:
        install.catalogue.write_bytes(b"no catalogue" * 1000)
        with Catalogue.open(install.catalogue) as catalogue:
            assert len(catalogue.locks(None)) == 1

    as_user(make_it_anew)


def test_a_lost_catalogue_that_root_makes_anew_is_that_of_the_recorder(install: Install) -> None:
    for file in install.state.glob(f"{FILE_NAME}*"):
        file.unlink()
    done = install.by_root("segments", "--rebuild")
    assert "2 segments found" in done.stderr, done.stderr
    assert install.strangers() == {}

    def go_on() -> None:
        with Catalogue.open(install.catalogue) as catalogue:
            assert len(catalogue.segments("lobby", None, None)) == 2
            catalogue.remove([catalogue.segments("lobby", None, None)[0].path])

    as_user(go_on)


def test_what_root_puts_aside_keeps_the_recorder_from_nothing(install: Install) -> None:
    done = install.by_root("verify")
    assert done.returncode == 1, done.stderr
    assert "broken: " in done.stdout
    assert install.strangers() == {}

    def go_on() -> None:
        file = install.recordings / "another.mp4"
        file.write_bytes(b"x")
        quarantine(file, camera_quarantine(install.recordings, "lobby"), "does not play")

    as_user(go_on)


def test_root_gives_away_nothing_that_a_link_leads_to(install: Install) -> None:
    """Whoever owns the folder could lay a link there beforehand."""
    precious = install.folder / "precious"
    precious.write_text("root's\n")
    precious.chmod(0o600)
    as_user(lambda: (install.state / ".locks.json.new").symlink_to(precious))
    install.by_root(*FOOTAGE)
    status = precious.stat()
    assert (status.st_uid, precious.read_text()) == (0, "root's\n")
