"""Commands of ours that the dashboard starts: beside it, at the lowest priority by their own doing, and ended with it.

What takes a processor or a disk (a picture, an export) is never done in the dashboard, nor in the service.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from typing import Any

from vmstui.own_process import own_argv, own_environment
from vmstui.sanitise import clean

END_S = 5.0
"""After SIGTERM, by which an export leaves nothing behind."""
MAX_LINE_BYTES = 4 * 1024 * 1024


@contextlib.asynccontextmanager
async def command(config: str, *arguments: str, listens: bool = False) -> AsyncIterator[Process]:
    """A command that runs; it is ended with this block. One that `listens` takes what must be in no command line from
    its standard input. Raises OSError."""
    argv = own_argv("vmstui", "--config", config, *arguments)
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=PIPE if listens else DEVNULL, stdout=PIPE, stderr=PIPE, env=own_environment(),
        start_new_session=True, limit=MAX_LINE_BYTES,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(END_S):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()


async def told(config: str, *arguments: str, listens: str = "") -> dict[str, Any]:
    """What a command tells with `--json`, by name; `error` says why it tells nothing. `listens` is what it reads."""
    try:
        async with command(config, *arguments, "--json", listens=bool(listens)) as process:
            answer, said = await process.communicate(f"{listens}\n".encode() if listens else None)
        found = json.loads(answer)
        if isinstance(found, dict):
            return found
    except (OSError, ValueError) as error:
        return {"ok": False, "error": clean(str(error)) if isinstance(error, OSError) else complaint(said)}
    return {"ok": False, "error": complaint(said)}


def complaint(said: bytes) -> str:
    """The last thing a command said, for a person."""
    lines = [clean(line) for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
