"""The relay's streams: readers that are slow, publishers that die, freeze or quarrel. Seen packet by packet."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tests.integration.live_support import (
    EMBEDDED_FFMPEG,
    LIMIT_S,
    BareClient,
    decode,
    picture_argv,
    relay_in_process,
    relay_process,
    running,
)
from vmstui.live.auth import Credentials
from vmstui.live.client import ProbeError, ProbeErrorKind, describe, poll_stats
from vmstui.live.listening import bind
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_server import Relay, RelayLimits

_SMALL = RelayLimits(reader_buffer_bytes=64 * 1024, cache_bytes=256 * 1024)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


async def test_a_slow_reader_is_dropped_and_the_publisher_and_other_readers_never_notice() -> None:
    async with relay_in_process(_SMALL) as (relay, port):
        publisher, slow, quick = [await BareClient.connect(port) for _ in range(3)]
        await publisher.publish("lobby")
        await publisher.send(0, key=True)
        await slow.play("lobby")
        await quick.play("lobby")
        cast(asyncio.Transport, slow.writer.transport).pause_reading()
        sequence = 0
        async with asyncio.timeout(LIMIT_S):
            while relay.paths["lobby"].stats().dropped_readers == 0:
                assert await quick.sequence() == sequence % 65536
                sequence += 1
                await publisher.send(sequence, size_bytes=60_000)
        for later in range(sequence + 1, sequence + 10):
            await publisher.send(later)
        assert [await quick.sequence() for _ in range(10)] == [n % 65536 for n in range(sequence, sequence + 10)]
        assert relay.paths["lobby"].stats().readers == 1
        for client in (publisher, slow, quick):
            client.close()


async def test_a_stopped_player_process_is_dropped_while_another_goes_on_without_a_gap(tmp_path: Path) -> None:
    async with relay_in_process(_SMALL) as (relay, port):
        publisher, quick = await BareClient.connect(port), await BareClient.connect(port)
        await publisher.publish("lobby")
        await publisher.send(0, key=True)
        player = (
            EMBEDDED_FFMPEG,
            "-nostdin",
            "-v",
            "error",
            "-rtsp_transport",
            "tcp",
            "-i",
            f"rtsp://127.0.0.1:{port}/lobby",
        )
        with running(*player, "-c", "copy", "-f", "null", "-") as process:
            await _until(lambda: relay.paths["lobby"].stats().readers == 1)
            process.send_signal(signal.SIGSTOP)
            await quick.play("lobby")
            sequence = 0
            async with asyncio.timeout(LIMIT_S):
                while relay.paths["lobby"].stats().dropped_readers == 0:
                    assert await quick.sequence() == sequence % 65536
                    sequence += 1
                    await publisher.send(sequence, size_bytes=60_000)
        assert relay.paths["lobby"].stats().readers == 1
        publisher.close()
        quick.close()


async def test_a_reader_that_joins_late_begins_with_the_last_keyframe() -> None:
    async with relay_in_process(RelayLimits()) as (_, port):
        publisher, player = await BareClient.connect(port), await BareClient.connect(port)
        await publisher.publish("lobby")
        for sequence in range(65530, 65546):
            await publisher.send(sequence, key=sequence in (65530, 65534))
        await publisher.ask("OPTIONS", "lobby")
        response = await player.play("lobby")
        assert (
            response.headers.get("RTP-Info") == f"url=rtsp://127.0.0.1:{port}/lobby/trackID=0;seq=65534;rtptime=65534"
        )
        await publisher.send(65546)
        assert [await player.sequence() for _ in range(13)] == [n % 65536 for n in range(65534, 65547)]
        publisher.close()
        player.close()


async def test_a_paused_player_gets_nothing_and_begins_decodable_again() -> None:
    async with relay_in_process(RelayLimits()) as (relay, port):
        publisher, player = await BareClient.connect(port), await BareClient.connect(port)
        await publisher.publish("lobby")
        await publisher.send(0, key=True)
        await player.play("lobby")
        assert await player.sequence() == 0
        assert (await player.ask("PAUSE", "lobby")).status == 200
        assert relay.paths["lobby"].stats().readers == 0
        await publisher.send(1, key=True)
        await publisher.ask("OPTIONS", "lobby")
        assert (await player.ask("PLAY", "lobby")).status == 200
        assert await player.sequence() == 1
        assert (await player.ask("GET_PARAMETER", "lobby")).status == 200
        assert (await player.ask("SET_PARAMETER", "lobby")).status == 200
        assert (await player.ask("TEARDOWN", "lobby")).status == 200
        assert await player.closed()
        publisher.close()


async def test_two_tracks_reach_a_player_on_the_channels_it_asked_for() -> None:
    sdp = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\nm=audio 0 RTP/AVP 8\r\na=control:a\r\n"
    async with relay_in_process(RelayLimits()) as (_, port):
        publisher, player = await BareClient.connect(port), await BareClient.connect(port)
        await publisher.announce("lobby", sdp)
        for control, channels in (("v", "0-1"), ("a", "2-3")):
            transport = {"Transport": f"RTP/AVP/TCP;unicast;interleaved={channels}"}
            assert (await publisher.ask("SETUP", f"lobby/{control}", transport)).status == 200
        assert (await publisher.ask("RECORD", "lobby")).status == 200
        assert (await player.ask("DESCRIBE", "lobby")).body.count(b"a=control:trackID=") == 2
        for track, channels in ((0, "8-9"), (1, "4-5")):
            transport = {"Transport": f"RTP/AVP/TCP;unicast;interleaved={channels}"}
            assert (await player.ask("SETUP", f"lobby/trackID={track}", transport)).status == 200
        assert (await player.ask("PLAY", "lobby")).status == 200
        await publisher.send(5, key=True)
        publisher.writer.write(b"$\x02\x00\x10" + bytes(16) + b"$\x07\x00\x10" + bytes(16) + b"$\x03\x00\x01x")
        received = [await player.packet() for _ in range(3)]
        assert [frame[1] for frame in received] == [8, 4, 5]
        publisher.close()
        player.close()


async def test_a_killed_publisher_frees_its_path_at_once_and_closes_its_readers(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (_, port):
        url = f"rtsp://127.0.0.1:{port}/lobby"
        for _ in range(2):
            with running(*picture_argv(EMBEDDED_FFMPEG, url)) as process:
                await _published(port, "lobby", True)
                player = await BareClient.connect(port)
                await player.play("lobby")
                process.kill()
                assert await player.closed()
                assert not (await poll_stats("127.0.0.1", port, LIMIT_S)).paths["lobby"].publisher


async def _published(port: int, path: str, wanted: bool) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = (await poll_stats("127.0.0.1", port, LIMIT_S)).paths.get(path)
            if found is not None and found.publisher == wanted:
                return
            await asyncio.sleep(0.05)


async def test_a_worker_that_restarts_gets_its_path_although_the_relay_has_not_read_the_end_of_the_old_one() -> None:
    async with relay_in_process(RelayLimits()) as (relay, port):
        old, new = await BareClient.connect(port), await BareClient.connect(port)
        await old.publish("lobby")
        await new.ask("OPTIONS", "lobby")
        # no round of the relay's loop between the last words of the old one and the announcement of the new one
        old.writer.write(b"$\x00\x00\x00")
        old.writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        assert (await new.announce("lobby")).status == 200
        assert relay.paths["lobby"].edition == 2
        new.close()


async def test_a_silent_publisher_loses_its_path_when_another_wants_it() -> None:
    async with relay_in_process(RelayLimits(takeover_silence_s=0.5)) as (relay, port):
        first, second, player = [await BareClient.connect(port) for _ in range(3)]
        await first.publish("lobby")
        await first.send(0, key=True)
        await player.play("lobby")
        await asyncio.sleep(0.6)
        await second.publish("lobby")
        assert await first.closed()
        assert await player.closed()
        assert relay.paths["lobby"].stats().publisher
        second.close()


@pytest.mark.parametrize("last_words", ["ANNOUNCE", "RECORD"])
async def test_a_publisher_that_freezes_loses_its_path(last_words: str) -> None:
    async with relay_in_process(RelayLimits(publisher_silence_s=0.4, tick_s=0.1)) as (relay, port):
        publisher = await BareClient.connect(port)
        await (publisher.publish("lobby") if last_words == "RECORD" else publisher.announce("lobby"))
        assert relay.paths["lobby"].publisher is not None
        assert await publisher.closed()
        await _until(lambda: relay.paths["lobby"].publisher is None)


async def test_connections_that_do_nothing_are_ended_and_those_that_play_are_not() -> None:
    async with relay_in_process(RelayLimits(idle_s=0.4, session_idle_s=0.8, tick_s=0.1)) as (_, port):
        publisher, player, idle, dawdler = [await BareClient.connect(port) for _ in range(4)]
        await publisher.publish("lobby")
        await publisher.send(0, key=True)
        await player.play("lobby")
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        assert (await dawdler.ask("SETUP", "lobby/trackID=0", transport)).status == 200
        begun_s = time.monotonic()
        assert await idle.closed()
        assert await dawdler.closed()
        assert time.monotonic() - begun_s >= 0.7
        await publisher.send(1)
        assert [await player.sequence() for _ in range(2)] == [0, 1]
        publisher.close()
        player.close()


async def test_too_many_connections_are_turned_away_and_too_many_requests_end_one() -> None:
    async with relay_in_process(RelayLimits(connections=3)) as (_, port):
        clients = [await BareClient.connect(port) for _ in range(3)]
        for client in clients:
            assert (await client.ask("OPTIONS", "lobby")).status == 200
        assert await (await BareClient.connect(port)).closed()
        clients[0].writer.write(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 1000)
        assert await clients[0].closed()
        assert (await clients[1].ask("OPTIONS", "lobby")).status == 200
        for client in clients:
            client.close()


async def test_requests_out_of_order_get_an_error_and_no_harm() -> None:
    async with relay_in_process(RelayLimits()) as (relay, port):
        publisher, client = await BareClient.connect(port), await BareClient.connect(port)
        await publisher.publish("lobby")
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        expected = [
            ("PLAY", "lobby", {}, 455),
            ("RECORD", "lobby", {}, 455),
            ("PAUSE", "lobby", {}, 455),
            ("DESCRIBE", "nothing", {}, 404),
            ("DESCRIBE", "../../etc/passwd", {}, 404),
            ("SETUP", "lobby/trackID=5", transport, 404),
            ("SETUP", "lobby", transport, 404),
            ("ANNOUNCE", "empty", {}, 415),
            ("FLY", "lobby", {}, 501),
            ("SETUP", "lobby/trackID=0", transport, 200),
            ("PLAY", "lobby", {"Session": "other"}, 454),
            ("ANNOUNCE", "lobby", {}, 455),
            ("PLAY", "lobby", {}, 200),
            ("PLAY", "lobby", {}, 200),
            ("SETUP", "lobby/trackID=0", transport, 455),
        ]
        seen = [(await client.ask(method, path, headers)).status for method, path, headers, _ in expected]
        assert seen == [status for _, _, _, status in expected]
        assert relay.paths["lobby"].stats().readers == 1
        publisher.close()
        client.close()


async def test_only_a_trusted_user_publishes_and_reads_statistics() -> None:
    async with relay_in_process(RelayLimits()) as (relay, port):
        relay.trusted_uids = frozenset({os.getuid() + 1})
        client = await BareClient.connect(port)
        assert (await client.announce("lobby")).status == 403
        with pytest.raises(ProbeError) as caught:
            await poll_stats("127.0.0.1", port, LIMIT_S)
        assert caught.value.kind is ProbeErrorKind.AUTH
        assert relay.paths == {}
        client.close()


async def test_a_session_set_up_for_an_earlier_publisher_does_not_play_the_next() -> None:
    async with relay_in_process(RelayLimits()) as (relay, port):
        first, second, player = [await BareClient.connect(port) for _ in range(3)]
        await first.publish("lobby")
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        assert (await player.ask("SETUP", "lobby/trackID=0", transport)).status == 200
        first.close()
        await _until(lambda: relay.paths["lobby"].publisher is None)
        await second.publish("lobby")
        assert (await player.ask("PLAY", "lobby")).status == 454
        second.close()
        player.close()


async def test_a_stranger_from_the_network_needs_the_password_and_gets_three_tries() -> None:
    class Outside(Relay):
        """Everyone seems to come from another machine."""

        def credentials_for(self, path: str, *, loopback: bool) -> Credentials | None:
            return super().credentials_for(path, loopback=False)

    relay, listener = Outside(RelayLog(), Credentials("viewer", "s3cret")), bind("127.0.0.1", 0)
    await relay.start(listener)
    port = listener.getsockname()[1]
    publisher, stranger = await BareClient.connect(port), await BareClient.connect(port)
    await publisher.publish("lobby")
    url = f"rtsp://127.0.0.1:{port}/lobby"
    assert (await stranger.ask("OPTIONS", "lobby")).status == 200
    for method in ("DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER"):
        assert (await stranger.ask(method, "lobby/trackID=0")).status == 401
    for attempt in range(3):
        line = f'Digest username="viewer", realm="vmstui", nonce="x", uri="/", response="{attempt:032d}"'
        assert (await stranger.ask("DESCRIBE", "lobby", {"Authorization": line})).status == 401
    assert await stranger.closed()
    assert (await describe(url, "viewer", "s3cret", LIMIT_S)).codec == "h264"
    with pytest.raises(ProbeError) as caught:
        await describe(url, "viewer", "wrong", LIMIT_S)
    assert caught.value.kind is ProbeErrorKind.AUTH
    await relay.stop()


def test_h264_and_h265_decode_without_a_complaint_from_the_first_frame_in_a_long_gop(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (_, port):
        for codec in ("libx264", "libx265"):
            url = f"rtsp://127.0.0.1:{port}/{codec}"
            extra = ("-x265-params", "log-level=error") if codec == "libx265" else ()
            with running(
                *picture_argv(
                    EMBEDDED_FFMPEG, url, gop=600, codec=codec, extra=(*extra, "-f", "rtsp", "-rtsp_transport", "tcp")
                )
            ):
                asyncio.run(_published(port, codec, True))
                time.sleep(2)  # so that a reader without the kept packets would miss the only keyframe
                decoded = decode(EMBEDDED_FFMPEG, url, 20)
                assert decoded.stderr == ""
                assert len([line for line in decoded.stdout.splitlines() if not line.startswith("#")]) == 20
