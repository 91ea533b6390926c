"""The dashboard's end of the control socket, over a service that answers as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.tui.fakes import acknowledged, explained, findings_page, incident
from vmstui.codec import to_json
from vmstui.control.client import Client
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.footage import Gap, GapCause
from vmstui.model import LeftBehind


@asynccontextmanager
async def service(
    folder: Path, answers: dict[bytes, bytes | None], asked: list[bytes] | None = None
) -> AsyncIterator[Client]:
    """A client of a service with these answers by method; None: it hangs up. A method without one is never answered.
    What it is asked is put into `asked`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if asked is not None:
                asked.append(line)
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


async def test_nothing_waits_for_findings_and_a_page_comes_as_it_was_sent(tmp_path: Path) -> None:
    page = findings_page(
        explained(acknowledgement=acknowledged(), is_quiet=True, numbers={"missed": 12}),
        explained("", None, level="error"),
        incidents=(incident("lobby", "gate", cured=("gate",)),),
        more=3,
    )
    answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": to_json(page)}).encode() + b"\n"
    refused = b'{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"unknown camera yard"}}\n'
    async with service(tmp_path, {b"yard": refused, b"findings": answer}) as client:
        never = asyncio.create_task(client.details("cam1"))
        await asyncio.sleep(0)
        assert await client.findings(None) == page
        with pytest.raises(RecorderError, match="unknown camera yard"):
            await client.findings("yard")
        assert not never.done()
        never.cancel()


async def test_an_acknowledgement_is_sent_with_all_that_was_chosen_and_who_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "anna")
    known = acknowledged()
    answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": to_json(known)}).encode() + b"\n"
    asked: list[bytes] = []
    async with service(tmp_path, {b"acknowledge": answer, b"unacknowledge": answer}, asked) as client:
        assert await client.acknowledge("lobby", "rtp.missed", "input", 3600.0, 20.0, "switch") == known
        assert await client.unacknowledge("k7") == known
    assert [json.loads(line)["params"] for line in asked] == [
        {
            "camera": "lobby", "fingerprint": "rtp.missed", "origin": "input", "for_s": 3600.0,
            "ceiling_per_min": 20.0, "note": "switch", "by": "anna",
        },
        {"id": "k7", "by": "anna"},
    ]  # fmt: skip


async def test_lines_are_explained_or_gone_past_only_where_that_is_asked_for(tmp_path: Path) -> None:
    answer = b'{"jsonrpc":"2.0","id":1,"result":{"lines":[],"next_seq":0,"missed":0}}\n'
    asked: list[bytes] = []
    async with service(tmp_path, {b"logs": answer}, asked) as client:
        await client.logs("lobby", 7, 10)
        await client.logs("lobby", 7, 10, explain=True)
        await client.logs("lobby", 7, 10, newest=True)
    plain = {"camera": "lobby", "after": 7, "limit": 10}
    assert [json.loads(line)["params"] for line in asked] == [
        plain,
        plain | {"explain": True},
        plain | {"newest": True},
    ]


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
