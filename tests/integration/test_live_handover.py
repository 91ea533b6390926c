"""The live path while a worker is replaced: a second publisher stands by, takes over, and players play on."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.live_support import (
    EMBEDDED_FFMPEG,
    H264_SDP,
    LIMIT_S,
    BareClient,
    decode,
    picture_argv,
    relay_in_process,
    relay_process,
    running,
)
from vmstui.ffmpeg.abilities import FIFO_OPTIONS
from vmstui.live.client import poll_stats
from vmstui.live.relay_server import RelayLimits
from vmstui.live.stats import PathStats

_HEADERS = ("-flags:v", "+global_header", "-bsf:v", "dump_extra=freq=keyframe")
_AS_A_WORKER = (
    "-map",
    "0:v",
    *_HEADERS,
    "-f",
    "fifo",
    "-fifo_format",
    "rtsp",
    "-format_opts",
    "rtsp_transport=tcp",
    *FIFO_OPTIONS,
)
_TRANSPORT = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"}


@dataclass
class _Watched:
    """What an ffmpeg that plays has decoded: the timestamp of each frame."""

    process: asyncio.subprocess.Process
    timestamps: list[int] = field(default_factory=list)

    async def frames(self, number: int) -> None:
        """Wait until it has decoded so many more."""
        wanted = len(self.timestamps) + number
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            while len(self.timestamps) < wanted:
                line = (await self.process.stdout.readline()).decode()
                assert line, "the player ended"
                if not line.startswith("#"):
                    self.timestamps.append(int(line.split(",")[2]))


@contextlib.asynccontextmanager
async def _decoding(url: str) -> AsyncIterator[_Watched]:
    """ffmpeg as a player; in the end it must have had nothing to complain about."""
    command = [EMBEDDED_FFMPEG, "-nostdin", "-v", "warning", "-rtsp_transport", "tcp", "-i", url]
    command += ["-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "framecrc", "-flush_packets", "1", "-"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        yield _Watched(process)
        process.kill()
        _, complaints = await process.communicate()
        assert complaints == b""
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def _receiving(port: int) -> AsyncIterator[list[tuple[float, bytes]]]:
    """A bare player: every RTP packet it gets, and when."""
    player, received = await BareClient.connect(port), list[tuple[float, bytes]]()
    await player.play("lobby")

    async def receive() -> None:
        while True:
            frame = await player.packet()
            if frame[1] == 0:
                received.append((time.monotonic(), frame))

    task = asyncio.create_task(receive())
    try:
        yield received
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):  # any other error is the test's
            await task
        player.close()


async def _stats(port: int) -> PathStats | None:
    return (await poll_stats("127.0.0.1", port, LIMIT_S)).paths.get("lobby")


async def _stands(port: int, *, publisher: bool = True, standby: bool = False, handovers: int = 0) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = await _stats(port)
            if found is not None and (found.publisher, found.standby, found.handovers) == (
                publisher,
                standby,
                handovers,
            ):
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL, signal.SIGSTOP])
async def test_players_play_on_without_an_error_when_a_worker_is_replaced_by_one_with_another_picture_size(
    tmp_path: Path, ending: signal.Signals
) -> None:
    with relay_process(tmp_path) as (_, port), contextlib.ExitStack() as workers:
        url = f"rtsp://127.0.0.1:{port}/lobby"
        # of the keyframes, one in a minute, only the kept one can be what players go on with
        argv = picture_argv(EMBEDDED_FFMPEG, url, gop=600, extra=_AS_A_WORKER)
        old = workers.enter_context(running(*argv))
        await _stands(port)
        async with _decoding(url) as player, _receiving(port) as received:
            await player.frames(5)
            failed = workers.enter_context(running(*argv))
            await _stands(port, standby=True)
            failed.kill()
            await _stands(port, standby=False)
            await player.frames(5)

            larger = picture_argv(EMBEDDED_FFMPEG, url, gop=600, size="480x270", extra=_AS_A_WORKER)
            workers.enter_context(running(*larger))
            await _stands(port, standby=True)
            await player.frames(10)
            old.send_signal(ending)
            await _stands(port, standby=ending is signal.SIGSTOP, handovers=1)
            await player.frames(40)
            found = await _stats(port)
            assert found is not None
            assert (found.readers, found.dropped_readers) == (2, 0)
        assert all(later > earlier for earlier, later in pairwise(player.timestamps[1:]))
        assert max(later - earlier for (earlier, _), (later, _) in pairwise(received)) < 1
        sequences = [int.from_bytes(frame[6:8], "big") for _, frame in received]
        assert sequences == [(sequences[0] + number) % 65536 for number in range(len(sequences))]
        assert len({frame[12:16] for _, frame in received}) == 1
        # whoever comes later gets the kept pictures of the same stream
        assert decode(EMBEDDED_FFMPEG, url, 20).stderr == ""


async def test_players_are_closed_where_the_codec_changes_and_come_back_to_the_new_one(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (_, port):
        url = f"rtsp://127.0.0.1:{port}/lobby"
        with running(*picture_argv(EMBEDDED_FFMPEG, url, extra=_AS_A_WORKER)) as old:
            await _stands(port)
            player = await BareClient.connect(port)
            await player.play("lobby")
            h265 = ("-x265-params", "log-level=error", *_AS_A_WORKER)
            with running(*picture_argv(EMBEDDED_FFMPEG, url, gop=600, codec="libx265", extra=h265)):
                await _stands(port, standby=True)
                old.kill()
                assert await player.closed()
                found = await _stats(port)
                assert found is not None
                assert (found.publisher, found.handovers, found.codec, found.readers) == (True, 1, "h265", 0)
                assert (await asyncio.to_thread(decode, EMBEDDED_FFMPEG, url, 20)).stderr == ""


async def test_there_is_one_standby_and_a_third_publisher_gets_its_place_only_when_it_is_silent() -> None:
    async with relay_in_process(RelayLimits(takeover_silence_s=0.5)) as (relay, port):
        first, second, third, player = [await BareClient.connect(port) for _ in range(4)]
        await first.publish("lobby")
        await first.send(0, key=True)
        await player.play("lobby")
        await second.publish("lobby")
        assert (await third.announce("lobby")).status == 455
        async with asyncio.timeout(LIMIT_S):
            sequence = 0
            while (await third.announce("lobby")).status == 455:
                sequence += 1
                await first.send(sequence)
                await asyncio.sleep(0.05)
        assert await second.closed()
        assert (await third.ask("SETUP", "lobby/streamid=0", _TRANSPORT)).status == 200
        assert (await third.ask("RECORD", "lobby")).status == 200
        await third.send(500, key=True)
        assert (await third.ask("OPTIONS", "lobby")).status == 200
        assert [await player.sequence() for _ in range(sequence + 1)] == list(range(sequence + 1))
        assert (await first.ask("TEARDOWN", "lobby")).status == 200
        await third.send(501)
        assert [await player.sequence() for _ in range(2)] == [sequence + 1, sequence + 2]
        assert relay.paths["lobby"].stats().handovers == 1
        third.close()
        player.close()


async def test_a_silent_publisher_loses_its_path_sooner_when_another_stands_by_even_one_that_does_not_fit() -> None:
    async with relay_in_process(RelayLimits(takeover_silence_s=0.5, tick_s=0.1)) as (relay, port):
        first, second, player = [await BareClient.connect(port) for _ in range(3)]
        await first.publish("lobby")
        await first.send(0, key=True)
        await player.play("lobby")
        assert (await second.announce("lobby", H264_SDP.replace(b"H264", b"H265"))).status == 200
        assert (await second.ask("SETUP", "lobby/streamid=0", _TRANSPORT)).status == 200
        assert (await second.ask("RECORD", "lobby")).status == 200
        sequence = 0
        async with asyncio.timeout(LIMIT_S):
            while relay.paths["lobby"].stats().handovers == 0:
                sequence += 1
                await second.send(sequence)
                await asyncio.sleep(0.05)
        assert await first.closed()
        assert await player.closed()
        assert relay.paths["lobby"].stats().codec == "h265"
        second.close()
