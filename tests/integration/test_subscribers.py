"""Dashboards over a real recorder: who is told only what changed knows the same as who is told everything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from datetime import datetime

from tests.integration.harness import Recorder
from vmstui.codec import from_json
from vmstui.control import protocol
from vmstui.control.call import MAX_ANSWER_BYTES
from vmstui.control.client import Client
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import RecorderSnapshot

TOLD = 4
"""Snapshots of the same ticks."""
LIMIT_S = 60.0


async def told_everything(recorder: Recorder) -> AsyncGenerator[RecorderSnapshot, None]:
    """As to an older dashboard, which does not ask for changes."""
    reader, writer = await asyncio.open_unix_connection(str(recorder.socket), limit=MAX_ANSWER_BYTES)
    writer.write(protocol.request_line(1, "subscribe", {}))
    try:
        while line := await reader.readline():
            message = json.loads(line)
            assert message.get("method", "snapshot") == "snapshot"
            if "method" in message:
                yield from_json(RecorderSnapshot, message["params"])
    finally:
        writer.close()


async def test_who_is_told_what_changed_knows_what_is_told_to_others(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    sources = simulated(2)
    recorder.configure([("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))])
    recorder.start()
    client = Client(recorder.socket)
    changes, whole = client.snapshots(), told_everything(recorder)
    followed: dict[datetime, RecorderSnapshot] = {}
    same = 0
    try:
        async with asyncio.timeout(LIMIT_S):
            one = await anext(whole)
            while same < TOLD or not all(camera.progress for camera in one.cameras):
                told = await anext(changes)
                followed[told.at] = told
                while one.at < told.at:
                    one = await anext(whole)
                if one.at in followed:
                    assert followed[one.at] == one
                    same += 1
    finally:
        await changes.aclose()
        await whole.aclose()
        await client.close()
    states = {camera.state for snapshot in followed.values() for camera in snapshot.cameras}
    assert len(states) > 1, "something happened meanwhile"
