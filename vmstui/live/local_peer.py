"""Who on this machine is at the other end of a TCP connection: the owner of that socket, from /proc/net/tcp{,6}.

A peer on another machine has no row there, so an answer also proves that the peer is local. The relay asks before it
lets anyone publish or read its statistics.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path

_ESTABLISHED = "01"


def normal_address(host: str) -> str:
    """An address without IPv6 scope, and as IPv4 where it is IPv4 mapped into IPv6."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's loopback."""
    return ipaddress.ip_address(normal_address(host)).is_loopback


def owner_uid(peer: tuple[str, int], own: tuple[str, int], proc_net: Path = Path("/proc/net")) -> int | None:
    """The user who owns the peer's socket of the connection between two (address, port) pairs; None: not local.

    Only an established socket that a process still holds counts: a closed one is listed as uid 0, whoever had it.
    """
    rows = [_row(peer, own, mapped=False), _row(peer, own, mapped=True)]
    for _ in range(2):  # the kernel lists its table in pieces and may skip a row while others come and go
        for name, row in zip(("tcp", "tcp6"), rows, strict=True):
            uid = _find(proc_net / name, row)
            if uid is not None:
                return uid
    return None


def _find(table: Path, row: str) -> int | None:
    try:
        text = table.read_text(encoding="ascii")
    except OSError:
        return None  # no IPv6 on this machine
    start = text.find(row)
    if start < 0:
        return None
    # tx_queue:rx_queue timer:when retransmits uid timeout inode …
    fields = text[start + len(row) : text.find("\n", start)].split()
    uid, inode = int(fields[3]), int(fields[5])
    return uid if inode else None


def _row(peer: tuple[str, int], own: tuple[str, int], *, mapped: bool) -> str:
    return f" {_hex(*peer, mapped=mapped)} {_hex(*own, mapped=mapped)} {_ESTABLISHED} "


def _hex(host: str, port: int, *, mapped: bool) -> str:
    """As `tcp4_seq_show` and `tcp6_seq_show` print it: 32-bit words of the address in the machine's byte order."""
    address = normal_address(host)
    if ":" in address:
        packed = socket.inet_pton(socket.AF_INET6, address)
    else:
        packed = (b"\0" * 10 + b"\xff\xff" if mapped else b"") + socket.inet_aton(address)
    words = [int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4)]
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
