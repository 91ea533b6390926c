"""`python -m vmstui.live.relay`: the embedded relay as a process of its own, supervised like a worker.

It logs to stderr and needs nothing of whoever started it. Exit codes: 0 ended by SIGTERM or SIGINT, 2 wrong use (among
them: to listen beyond loopback without a password), 3 the port is in use.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from vmstui.live.auth import Credentials
from vmstui.live.listening import PortInUseError, listen, write_port
from vmstui.live.local_peer import is_loopback
from vmstui.live.messages import shown
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_server import Relay

_WRONG_USE = 2
_PORT_IN_USE = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m vmstui.live.relay", description="vmstui's embedded RTSP relay.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8554, help="0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="where the port is written, and tried first with --port 0")
    parser.add_argument("--credentials-file", type=Path, help="JSON with username and password, mode 0600")
    options = parser.parse_args(arguments)
    log = RelayLog()
    try:
        credentials = read_credentials(options.credentials_file) if options.credentials_file else None
        listener = listen(options.host, options.port, options.port_file)
    except PortInUseError:
        log.error(f"port {options.port} of {options.host} is in use by another program: choose another live port")
        return _PORT_IN_USE
    except (OSError, ValueError, OverflowError) as error:
        log.error(f"the relay cannot start on {shown(options.host)}:{options.port}: {error}")
        return _WRONG_USE
    host, port = listener.getsockname()[:2]
    if not is_loopback(host) and credentials is None:
        log.error(f"on {host} the relay is open to the network: give it a user name and password, or host 127.0.0.1")
        return _WRONG_USE
    try:
        if options.port_file:
            write_port(options.port_file, port)
    except OSError as error:
        log.error(f"the relay cannot write its port: {error}")
        return _WRONG_USE
    asyncio.run(_serve(Relay(log, credentials), listener))
    log.info("relay ended")
    return 0


def read_credentials(path: Path) -> Credentials:
    """The user name and password in a file only its owner can read. Raises ValueError, OSError; neither names them."""
    with path.open(encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid not in (os.getuid(), 0):
            raise ValueError(f"{path} holds a password and must belong to this user alone: chmod 600 {path}")
        try:
            content = json.load(file)
            username, password = content["username"], content["password"]
        except (ValueError, KeyError, TypeError):
            content = username = password = None
    if not isinstance(username, str) or not isinstance(password, str) or not username or not password:
        raise ValueError(f'{path} does not hold {{"username": "…", "password": "…"}}')
    return Credentials(username, password)


async def _serve(relay: Relay, listener: socket.socket) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await relay.start(listener)
    host, port = listener.getsockname()[:2]
    relay.log.info(f"relay listens on {f'[{host}]' if ':' in host else host}:{port}")
    await ended.wait()
    await relay.stop()


if __name__ == "__main__":
    sys.exit(main())
