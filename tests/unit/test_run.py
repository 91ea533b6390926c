"""What is seen of one run of a worker."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.ffmpeg_examples import camera
from vmstui.recorder.publisher import Spool
from vmstui.recorder.run import Run
from vmstui.recorder.watchdog import STALE_S, START_GRACE_S


@pytest.mark.parametrize(("open_segment", "limit_s"), [("000000.mp4", START_GRACE_S), ("000001.mp4", STALE_S)])
def test_a_worker_taken_over_with_a_segment_just_begun_has_the_grace_of_a_start_only_if_it_is_the_first(
    tmp_path: Path, open_segment: str, limit_s: float
) -> None:
    spool = Spool(tmp_path, camera(), 1)
    spool.folder.mkdir(parents=True)
    (spool.folder / open_segment).write_bytes(b"head")
    run = Run(os.getpid(), spool, tmp_path / "progress", datetime.now(UTC), 1000.0, fresh=False)
    try:
        for now_s in (1000.0, 1000.0 + limit_s - 1):
            run.take_in(run.look_at_spool(), now_s)
            assert run.stall(now_s) is None
        run.take_in(run.look_at_spool(), 1000.0 + limit_s + 1)
        assert run.stall(1000.0 + limit_s + 1) is not None
    finally:
        run.close()
