"""The relay's listening socket, and the file that tells its port.

Called by `relay` and the simulated cameras. A relay that comes back takes the port its predecessor wrote down, so that
the addresses people and workers know stay right.
"""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path


class PortInUseError(OSError):
    """Another program listens on the port that was asked for."""


def listen(host: str, port: int, port_file: Path | None) -> socket.socket:
    """A listening socket. Port 0 means: the one in `port_file` if it is still free, else any free one.

    Raises PortInUseError, or another OSError where the host is no good.
    """
    remembered = _read_port(port_file) if port == 0 and port_file is not None else 0
    try:
        return bind(host, port or remembered)
    except PortInUseError:
        if port:
            raise
        return bind(host, 0)


def bind(host: str, port: int, *, listening: bool = True) -> socket.socket:
    """A TCP socket bound to an address that is written as a number or a name. Raises PortInUseError, OSError.

    Bound but not listening it keeps the port from others and lets the kernel refuse connections.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        if listening:
            listener.listen()  # two sockets with SO_REUSEADDR may bind the same port; only one may listen
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(error.errno, f"port {port} of {host} is in use by another program") from error
        raise
    return listener


def write_port(port_file: Path, port: int) -> None:
    """Write the port so that a reader sees it whole or not at all."""
    draft = port_file.with_name(f".{port_file.name}.{os.getpid()}")
    draft.write_text(f"{port}\n", encoding="ascii")
    draft.replace(port_file)


def _read_port(port_file: Path) -> int:
    try:
        port = int(port_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return port if 0 < port < 65536 else 0
