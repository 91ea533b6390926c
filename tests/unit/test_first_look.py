"""What is told while the dashboard is being loaded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vmstui.cli.first_look import MOST_LINES, looked
from vmstui.codec import Json


def snapshot(*cameras: tuple[str, str, str], wanted: bool = True) -> Json:
    return {
        "host": "vms-1",
        "cameras": [
            {"name": name, "state": state, "reason": reason, "wanted": wanted} for name, state, reason in cameras
        ],
    }


def test_it_tells_whether_everything_records_and_what_does_not() -> None:
    told = looked(snapshot(("Lobby", "recording", ""), ("Gate", "auth_failed", "401 Unauthorized")), 80, 24)
    assert told == ["vms-1: 1/2 recording", "  Gate: auth failed: 401 Unauthorized"]
    assert looked(snapshot(("Lobby", "recording", "")), 80, 24) == ["vms-1: 1/1 recording"]
    assert looked(snapshot(("Lobby", "stopped", ""), wanted=False), 80, 24) == ["vms-1: 0/0 recording"]


@given(
    st.lists(st.tuples(st.text(), st.sampled_from(["failing", "recording"]), st.text()), max_size=40),
    st.integers(2, 300),
    st.integers(1, 100),
)
def test_no_line_wraps_or_steers_the_terminal_and_there_are_never_too_many(
    cameras: list[tuple[str, str, str]], columns: int, rows: int
) -> None:
    told = looked(snapshot(*cameras), columns, rows)
    assert 1 <= len(told) <= max(min(rows - 2, MOST_LINES), 1)
    assert all(len(line) < columns and not set(line) & {"\x1b", "\n", "\r", "\x9b"} for line in told)
    assert all(line.isascii() or 2 * len(line) < columns for line in told)
