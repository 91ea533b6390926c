"""A recorder that invents its fleet, on the control socket, in a process of its own: what the real `vmstui` reads.

    python -m tests.bench.dashboard.told --cameras 64 --log-lines 1000 --hz 2 FOLDER

So the dashboard takes in what it takes in from a service, over the same socket, and nothing of the invention is in its
figures. Prints `ready` when it listens; ends on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.tui.fake_fleet import FakeFleet
from vmstui import __version__
from vmstui.codec import Json, to_json
from vmstui.control import protocol
from vmstui.control.errors import RecorderError
from vmstui.control.telling import NOTHING, Telling

INSTANTS = frozenset({"since", "until", "before", "after"})
NAMES = {"gaps": "gaps_since", "step": "step_s"}
"""Words of the protocol that a `Recorder` has other words for."""


class Told:
    """Answers all clients of one fleet."""

    def __init__(self, fleet: FakeFleet, hz: float) -> None:
        self._fleet, self._hz = fleet, hz
        self._waits_since: dict[asyncio.StreamWriter, float] = {}

    def waited_s(self) -> float:
        """For how long the slowest of the clients has not taken what it is told."""
        return max((time.monotonic() - since for since in list(self._waits_since.values())), default=0.0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it hangs up."""
        running: list[asyncio.Task[None]] = []
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                request = protocol.parse_request(line)
                if request.method == "subscribe":
                    writer.write(protocol.result_line(request.id, True))
                    changes = request.params.get("changes") is True
                    running.append(asyncio.create_task(self._deliver(writer, changes=changes)))
                else:
                    writer.write(await self._answer(request))
                await writer.drain()
        for task in running:
            task.cancel()
        writer.close()

    async def _deliver(self, writer: asyncio.StreamWriter, *, changes: bool) -> None:
        """As the control server does it, for one client alone."""
        telling = Telling(lambda: to_json(self._fleet.snapshot()))
        with contextlib.suppress(OSError), telling.heard():
            for tick in itertools.count():
                writer.write(telling.line(tick, tick - 1 if changes else NOTHING))
                self._waits_since[writer] = time.monotonic()
                try:
                    await writer.drain()
                finally:
                    del self._waits_since[writer]
                await asyncio.sleep(1 / self._hz)

    async def _answer(self, request: protocol.Request) -> bytes:
        try:
            return protocol.result_line(request.id, await self._result(request.method, request.params))
        except RecorderError as error:
            return protocol.error_line(request.id, protocol.REFUSED, str(error))

    async def _result(self, method: str, params: Mapping[str, Json]) -> Json:
        if method == "hello":
            return {"protocol": protocol.PROTOCOL, "version": __version__, "pid": os.getpid(), "ready": True}
        asked: dict[str, Any] = {NAMES.get(name, name): value for name, value in params.items() if name != "by"}
        for name in INSTANTS & set(asked):
            if isinstance(asked[name], str):
                asked[name] = datetime.fromisoformat(asked[name])
        if method == "stages":
            return to_json((await self._fleet.stages(asked["cameras"][0], asked["seconds"]),))
        if method == "snapshot":
            return to_json(self._fleet.snapshot())
        known = getattr(self._fleet, NAMES.get(method, method), None)
        if known is None:
            raise RecorderError(f"unknown method {method!r}")
        return to_json(await known(**asked))


async def told(options: argparse.Namespace) -> None:
    """Listen until this process is ended."""
    fleet = FakeFleet(options.cameras, log_lines_per_s=options.log_lines)
    options.folder.mkdir(parents=True, exist_ok=True)
    path = str(options.folder / "control.sock")
    async with await asyncio.start_unix_server(Told(fleet, options.hz).serve, path, limit=1 << 20) as server:
        print("ready", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="An invented recorder on a control socket.")
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--log-lines", type=float, default=2.0, help="a second, all cameras together")
    parser.add_argument("--hz", type=float, default=1.0, help="snapshots a second")
    parser.add_argument("folder", type=Path)
    asyncio.run(told(parser.parse_args()))
