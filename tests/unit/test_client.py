"""The dashboard's end of the control socket, over a service that answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.control.client import Client
from vmstui.control.errors import RecorderLost
from vmstui.footage import Gap, GapCause
from vmstui.model import LeftBehind


@asynccontextmanager
async def service(folder: Path, answers: dict[bytes, bytes | None]) -> AsyncIterator[Client]:
    """A client of a service with these answers by method; None: it hangs up. A method without one is never answered."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            answer = next((answer for method, answer in answers.items() if b'"%s"' % method in line), b"")
            if answer is None:
                break
            writer.write(answer)
        writer.close()

    path = folder / "control.sock"
    server = await asyncio.start_unix_server(serve, str(path))
    client = Client(path)
    try:
        yield client
    finally:
        await client.close()
        server.close()


async def test_a_shutdown_waits_for_no_other_question_and_tells_what_was_left(tmp_path: Path) -> None:
    answer = b'{"jsonrpc":"2.0","id":1,"result":{"stuck":["cam1"],"unsettled":2}}\n'
    async with service(tmp_path, {b"shutdown": answer}) as client:
        never = asyncio.create_task(client.details("cam1"))
        await asyncio.sleep(0)
        asked: list[bool] = []
        assert await client.shutdown(lambda: asked.append(True)) == LeftBehind(("cam1",), 2)
        assert asked
        assert not never.done()
        never.cancel()


async def test_nothing_waits_for_footage_to_be_counted(tmp_path: Path) -> None:
    async with service(tmp_path, {b"samples": b'{"jsonrpc":"2.0","id":1,"result":{"cam1":[1.5]}}\n'}) as client:
        never = asyncio.create_task(client.footage())
        await asyncio.sleep(0)
        assert await client.samples(1) == {"cam1": (1.5,)}
        assert not never.done()
        never.cancel()


async def test_gaps_of_a_camera_are_asked_for_by_the_time_they_begin(tmp_path: Path) -> None:
    gap = (
        b'{"camera":"cam1","started_at":"2026-03-01T00:30:00+00:00","length_s":9.5,"cause":"network","detail":"reset"}'
    )
    answer = b'{"jsonrpc":"2.0","id":1,"result":[%s]}\n' % gap
    since = datetime(2026, 3, 1, tzinfo=UTC)
    async with service(tmp_path, {b"2026-03-01T00:00:00+00:00": answer}) as client:
        found = await client.gaps_since("cam1", since, 5)
    assert found == (Gap("cam1", since + timedelta(minutes=30), 9.5, GapCause.NETWORK, "reset"),)


async def test_a_shutdown_without_an_answer_is_told_from_one_that_nobody_was_asked_for(tmp_path: Path) -> None:
    asked: list[bool] = []
    async with service(tmp_path, {b"shutdown": None}) as client:
        with pytest.raises(RecorderLost):
            await client.shutdown(lambda: asked.append(True))
        assert asked
    asked.clear()
    with pytest.raises(RecorderLost, match="no recorder answers"):
        await client.shutdown(lambda: asked.append(True))
    assert not asked
