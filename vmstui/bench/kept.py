"""The last result of the bench, in the state folder: written by `vmstui bench`, read by `vmstui report`."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from vmstui.bench.words import FORMAT, BenchResult
from vmstui.codec import CodecError, from_json, to_json
from vmstui.ownership import hand_over

BENCH_FILE = "bench.json"


def keep(state_folder: Path, result: BenchResult) -> Path:
    """Replace the last result as a whole; gives the file. Raises OSError."""
    path = state_folder / BENCH_FILE
    if not state_folder.exists():
        state_folder.mkdir(parents=True, mode=0o700)
        hand_over(state_folder)
    beside = path.with_name(f".{BENCH_FILE}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(to_json(result), file, indent=1)
            file.write("\n")
        hand_over(beside)
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    return path


def last(state_folder: Path) -> BenchResult | None:
    """What was measured last; None where nothing was, or by a version that wrote it in another way."""
    try:
        found = json.loads((state_folder / BENCH_FILE).read_bytes())
        return from_json(BenchResult, found) if found["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError, CodecError):
        return None
