"""The relay's log cannot be used to fill the disk."""

from __future__ import annotations

import io

from vmstui.live.relay_log import RelayLog


def test_lines_over_the_budget_are_counted_and_the_count_is_said_later() -> None:
    now_s = 0.0
    stream = io.StringIO()
    log = RelayLog(stream, lambda: now_s)
    for number in range(500):
        log.warning(f"stranger {number}")
    assert stream.getvalue().count("\n") == 50
    now_s = 11.0
    log.info("back")
    assert stream.getvalue().endswith("[warning] 450 more lines in 10 s left out\n[info] back\n")


def test_a_log_that_cannot_be_written_does_not_end_the_relay() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    RelayLog(Full()).error("anything")
