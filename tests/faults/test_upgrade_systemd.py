"""An upgrade of a recorder that systemd looks after: for systemd nothing happens, also when it is rolled back."""

from __future__ import annotations

from pathlib import Path

from tests.faults.test_upgrade import guardians, version
from tests.integration.harness import Recorder, wait_until
from tests.integration.private_systemd import PrivateSystemd
from tests.integration.test_systemd import UNIT, MakeCameras, record, started, systemd

__all__ = ["systemd"]


def test_systemd_does_not_interfere_with_an_upgrade_or_its_rollback(
    systemd: PrivateSystemd, recorder: Recorder, simulated: MakeCameras, tmp_path: Path
) -> None:
    service = record(systemd, recorder, simulated)
    worker = recorder.camera().pid
    assert recorder.command("upgrade").returncode == 0
    assert int(systemd.show(UNIT, "MainPID")) == guardians(recorder)[0]
    wait_until(lambda: not guardians(recorder), "the guardian leaves")
    assert int(systemd.show(UNIT, "MainPID")) == service == recorder.pid()

    rolled_back = recorder.command("upgrade", "--python", version(tmp_path, instead="sys.exit('broken')"))
    assert "rolled back" in rolled_back.stderr
    wait_until(lambda: not guardians(recorder), "the guardian leaves")
    again = recorder.pid()
    assert again != service
    assert int(systemd.show(UNIT, "MainPID")) == again
    assert (systemd.show(UNIT, "ActiveState"), systemd.show(UNIT, "NRestarts")) == ("active", "0")
    wait_until(lambda: systemd.show(UNIT, "StatusText") == "1 of 1 cameras recording", "systemd listens to it")

    assert recorder.command("upgrade").returncode == 0
    assert started(systemd, recorder) not in (service, again), "it can be restarted also while the guardian watches"
    after = recorder.camera()
    assert (after.pid, after.restarts) == (worker, 0)
    assert guardians(recorder) == []
    assert recorder.command("upgrade").returncode == 0
    assert recorder.command("upgrade").returncode == 0, "once more while the first guardian still watches"
    assert len(wait_until(lambda: guardians(recorder), "one guardian watches")) == 1
    assert recorder.command("down").returncode == 0
    wait_until(lambda: systemd.show(UNIT, "SubState") == "dead", "the unit is at rest, not about to start again")
    assert systemd.show(UNIT, "Result") == "success"
    assert recorder.left_running() == []
