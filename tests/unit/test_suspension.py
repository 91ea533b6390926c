"""A machine that was suspended: told in the log, and no worker is judged by what it could not do meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest import mock

import pytest

from vmstui.recorder import service as service_module
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.service import Service, read_clocks
from vmstui.recorder.watchdog import Clocks
from vmstui.settings import load


async def test_a_suspension_is_told_once_and_spares_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asleep_s = 0.0

    def clocks() -> Clocks:
        real = read_clocks()
        return Clocks(real.monotonic_s, real.boot_s + asleep_s)

    monkeypatch.setattr(service_module, "read_clocks", clocks)
    config = tmp_path / "vmstui.yaml"
    config.write_text(f"recordings: {tmp_path}\nlive: {{server: 'rtsp://127.0.0.1:9'}}\ncameras: []\n")
    service = Service(load(str(config)), tmp_path / "state")
    run = mock.Mock(rates=None)
    camera = mock.Mock(workers=[mock.Mock(run=run), mock.Mock(run=None)])
    for look in ("tick", "_watch_spools"):  # what is tested here is not how cameras are looked at
        monkeypatch.setattr(Fleet, look, mock.AsyncMock())
    running = asyncio.ensure_future(service.run())
    await asyncio.wait_for(service.next_tick(), 60)
    service.fleet.cameras["cam1"] = camera
    await asyncio.wait_for(service.next_tick(), 60)
    assert run.spare.call_count == 0
    asleep_s = 3600.0
    await asyncio.wait_for(service.next_tick(), 60)
    await asyncio.wait_for(service.next_tick(), 60)
    assert run.spare.call_count == 1
    del service.fleet.cameras["cam1"]
    service.stopping.set()
    await asyncio.wait_for(running, 60)
    service.release()
    told = [line.text for line in service.logbook.page("recorder", 0, 100).lines if "suspended" in line.text]
    assert told == ["the machine was suspended for 3600 s; cameras get 90 s to deliver again"]
