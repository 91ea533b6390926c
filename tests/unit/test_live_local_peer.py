"""Who is at the other end of a local connection."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from vmstui.live.local_peer import is_loopback, normal_address, owner_uid


def _pair(family: socket.AddressFamily, host: str) -> tuple[socket.socket, socket.socket]:
    listener = socket.socket(family)
    listener.bind((host, 0))
    listener.listen()
    client = socket.socket(family)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    listener.close()
    return client, server


def _address(pair: tuple[str, int, int, int] | tuple[str, int]) -> tuple[str, int]:
    return pair[0], pair[1]


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_user_of_a_real_local_connection_is_found(family: socket.AddressFamily, host: str) -> None:
    try:
        client, server = _pair(family, host)
    except OSError:
        pytest.skip(f"no {host} on this machine")
    with client, server:
        assert owner_uid(_address(server.getpeername()), _address(server.getsockname())) == os.getuid()


def test_an_ipv6_socket_that_speaks_ipv4_is_found_too() -> None:
    with socket.socket() as listener, socket.socket(socket.AF_INET6) as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        try:
            client.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        except OSError:
            pytest.skip("no IPv6 on this machine")
        server, _ = listener.accept()
        with server:
            assert owner_uid(server.getpeername(), server.getsockname()) == os.getuid()


def test_a_socket_its_process_has_closed_belongs_to_nobody() -> None:
    # the kernel lists it with uid 0 whoever had it: it must not pass for root
    client, server = _pair(socket.AF_INET, "127.0.0.1")
    with server:
        peer, own = server.getpeername(), server.getsockname()
        client.close()
        assert owner_uid(peer, own) is None


def test_a_peer_that_has_no_row_is_not_local(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text("  sl  local_address rem_address   st\n", encoding="ascii")
    assert owner_uid(("192.0.2.7", 5555), ("192.0.2.1", 8554), tmp_path) is None


def test_addresses_are_compared_without_scope_and_mapping() -> None:
    assert normal_address("::ffff:10.0.0.1") == "10.0.0.1"
    assert normal_address("fe80::1%eth0") == "fe80::1"
    assert is_loopback("::ffff:127.0.0.1")
    assert is_loopback("127.8.8.8")
    assert not is_loopback("192.0.2.1")
