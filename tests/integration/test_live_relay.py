"""The relay as a process: its port, its exit codes, and what strangers can do to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.live_support import LIMIT_S, BareClient, RelayProcess, relay_process, wait_until
from vmstui.live.client import poll_stats

_NOBODY = 65534
_TCP_CLOSE_WAIT = 8
"""First byte of TCP_INFO once the other end has closed its half (net/tcp_states.h)."""


def test_it_ends_cleanly_on_sigterm_and_comes_back_on_the_port_it_wrote_down(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (relay, port):
        assert relay.stop() == 0
    with relay_process(tmp_path) as (_, again):
        assert again == port


def test_it_comes_back_on_its_port_after_a_kill_with_clients_connected(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (relay, port), socket.create_connection(("127.0.0.1", port)):
        relay.process.kill()
        relay.process.wait()
        (tmp_path / "relay.log").unlink()
        with relay_process(tmp_path) as (_, again):
            assert again == port


def test_a_remembered_port_that_others_took_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        (tmp_path / "port").write_text(str(taken), encoding="ascii")
        relay = RelayProcess(tmp_path, "--port", "0", "--port-file", str(tmp_path / "port"))
        try:
            asyncio.run(_until_it_listens(relay))
            assert int((tmp_path / "port").read_text(encoding="ascii")) != taken
        finally:
            assert relay.stop() == 0


async def _until_it_listens(relay: RelayProcess) -> None:
    async with asyncio.timeout(LIMIT_S):
        while "listens" not in relay.log:
            assert relay.process.poll() is None
            await asyncio.sleep(0.02)


def test_a_port_in_use_is_named_and_the_exit_code_is_3(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        relay = RelayProcess(tmp_path, "--port", str(port))
        assert relay.process.wait(LIMIT_S) == 3
        assert relay.log.startswith(f"[error] port {port} of 127.0.0.1 is in use")


def test_it_does_not_open_to_the_network_without_a_password(tmp_path: Path) -> None:
    relay = RelayProcess(tmp_path, "--host", "0.0.0.0", "--port", "0", "--port-file", str(tmp_path / "port"))
    assert relay.process.wait(LIMIT_S) == 2
    assert "open to the network: give it a user name and password" in relay.log
    assert not (tmp_path / "port").exists()


@pytest.mark.parametrize(
    ("content", "mode", "complaint"),
    [
        ('{"username": "viewer", "password": "s3cret"}', 0o644, "chmod 600"),
        ('{"username": "viewer"}', 0o600, "does not hold"),
        ('{"username": "viewer", "password": "s3cret', 0o600, "does not hold"),
        ('{"username": "viewer", "password": ""}', 0o600, "does not hold"),
    ],
)
def test_a_credentials_file_that_is_open_to_others_or_unreadable_is_refused_without_showing_it(
    tmp_path: Path, content: str, mode: int, complaint: str
) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(content, encoding="utf-8")
    secrets.chmod(mode)
    relay = RelayProcess(tmp_path, "--port", "0", "--credentials-file", str(secrets))
    assert relay.process.wait(LIMIT_S) == 2
    assert complaint in relay.log
    assert "s3cret" not in relay.log


def test_open_to_the_network_with_a_password_it_starts_and_loopback_plays_freely(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"username": "viewer", "password": "s3cret"}), encoding="utf-8")
    secrets.chmod(0o600)
    arguments = ("--host", "0.0.0.0", "--port", "0", "--port-file", str(tmp_path / "port"))
    relay = RelayProcess(tmp_path, *arguments, "--credentials-file", str(secrets))
    try:
        asyncio.run(_until_it_listens(relay))
        port = int((tmp_path / "port").read_text(encoding="ascii"))
        asyncio.run(_publish_and_play(port))
        command_line = Path(f"/proc/{relay.process.pid}/cmdline").read_bytes()
        assert b"s3cret" not in command_line
    finally:
        assert relay.stop() == 0


async def _publish_and_play(port: int) -> None:
    publisher, player = await BareClient.connect(port), await BareClient.connect(port)
    await publisher.publish("lobby")
    await player.play("lobby")
    await publisher.send(7, key=True)
    assert await player.sequence() == 7
    publisher.close()
    player.close()


async def test_garbage_and_other_protocols_are_dropped_and_the_relay_goes_on(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (relay, port):
        for garbage in (
            b"\x16\x03\x01\x02\x00" + os.urandom(2000) + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"$\x00\x00\x01x",
        ):
            client = await BareClient.connect(port)
            client.writer.write(garbage)
            assert await client.closed()
            client.close()
        assert (await poll_stats("127.0.0.1", port, LIMIT_S)).connections == 1
        assert relay.log.count("dropped: ") == 3
        assert relay.log.replace("\n", "").isprintable()


def test_a_client_that_talks_on_still_reads_why_the_connection_ends(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (_, port), socket.create_connection(("127.0.0.1", port), LIMIT_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE_WAIT)
        client.sendall(b"more that crossed the end of the relay on its way")
        with client.makefile("rb") as stream:
            assert stream.read().startswith(b"RTSP/1.0 400 ")


async def test_a_gigabyte_without_a_line_break_costs_nothing(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (relay, port):
        before_kib = _rss_kib(relay.process.pid)
        client = await BareClient.connect(port)
        taken_mib = 0
        with contextlib.suppress(ConnectionError):
            while taken_mib < 1024:
                client.writer.write(b"A" * 1024**2)
                await client.writer.drain()
                taken_mib += 1
        assert taken_mib < 64
        assert _rss_kib(relay.process.pid) - before_kib < 8 * 1024
        assert (await poll_stats("127.0.0.1", port, LIMIT_S)).paths == {}


def _rss_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


async def test_two_hundred_connections_disturb_nobody(tmp_path: Path) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft >= 512
    with relay_process(tmp_path) as (_, port):
        publisher = await BareClient.connect(port)
        await publisher.publish("lobby")
        await publisher.send(0, key=True)
        players = [await BareClient.connect(port) for _ in range(200)]
        await asyncio.gather(*(player.play("lobby") for player in players))
        for sequence in range(1, 20):
            await publisher.send(sequence)
        for player in players:
            assert [await player.sequence() for _ in range(20)] == list(range(20))
        stats = await poll_stats("127.0.0.1", port, LIMIT_S)
        assert (stats.paths["lobby"].readers, stats.connections) == (200, 202)
        for client in (publisher, *players):
            client.close()


async def test_udp_is_refused_with_461_for_publishers_and_players(tmp_path: Path) -> None:
    udp = {"Transport": "RTP/AVP;unicast;client_port=5000-5001"}
    with relay_process(tmp_path) as (_, port):
        publisher, player = await BareClient.connect(port), await BareClient.connect(port)
        assert (await publisher.announce("lobby")).status == 200
        assert (await publisher.ask("SETUP", "lobby/streamid=0", udp)).status == 461
        other = await BareClient.connect(port)
        await other.publish("door")
        assert (await player.ask("SETUP", "door/trackID=0", udp)).status == 461
        for client in (publisher, player, other):
            client.close()


async def test_another_user_of_the_machine_may_play_but_neither_publish_nor_read_statistics(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to become another user")
    with relay_process(tmp_path) as (_, port):
        publisher = await BareClient.connect(port)
        await publisher.publish("lobby")
        os.seteuid(_NOBODY)  # a socket belongs for ever to the user who made it
        try:
            foreign = socket.socket()
        finally:
            os.seteuid(0)
        foreign.connect(("127.0.0.1", port))
        other = BareClient(*await asyncio.open_connection(sock=foreign), port)
        assert (await other.announce("mine")).status == 403
        assert (await other.ask("GET_PARAMETER", "", body=b"vmstui-stats")).status == 403
        assert (await other.play("lobby")).status == 200
        publisher.close()
        other.close()


async def test_the_relay_hears_its_publishers_before_it_judges_them_after_a_freeze(tmp_path: Path) -> None:
    with relay_process(tmp_path) as (relay, port):
        publisher = await BareClient.connect(port)
        await publisher.publish("lobby")
        await publisher.send(0, key=True)
        before = await poll_stats("127.0.0.1", port, LIMIT_S)
        relay.process.send_signal(signal.SIGSTOP)
        await publisher.send(1)
        await asyncio.sleep(2.5)
        relay.process.send_signal(signal.SIGCONT)
        after = await poll_stats("127.0.0.1", port, LIMIT_S)
        assert after.pid == before.pid == relay.process.pid
        assert after.paths["lobby"].publisher
        assert after.paths["lobby"].packets_in == 2
        publisher.close()


def test_it_is_small() -> None:
    script = (
        "import sys, vmstui.live.relay; print(*(m for m in ('textual', 'yaml', 'rich', 'psutil') if m in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
