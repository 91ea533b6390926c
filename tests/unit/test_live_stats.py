"""The relay's statistics on the wire."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vmstui.live.stats import PathStats, RelayStats, decode, encode


def test_stats_survive_the_wire() -> None:
    since = datetime(2025, 10, 20, 7, 54, 59, 123456, tzinfo=UTC)
    playing = PathStats(True, since, 10**12, 7, 0.25, "h264", 3, 1)
    replaced = PathStats(True, since, 10**12, 7, 0.25, "h264", 3, 1, standby=True, handovers=4)
    waiting = PathStats(False, since, 0, 0, None, "", 0, 0)
    stats = RelayStats({"lobby": playing, "door": replaced, "a/b": waiting}, 5, 4711)
    assert decode(encode(stats)) == stats


def test_a_relay_that_knows_nothing_of_standbys_has_none() -> None:
    since = datetime(2025, 10, 20, 7, 54, 59, tzinfo=UTC)
    stats = RelayStats({"lobby": PathStats(True, since, 1, 7, 0.25, "h264", 3, 1)}, 5, 4711)
    body = encode(stats).replace(b', "standby": false, "handovers": 0', b"")
    assert b"standby" not in body
    assert decode(body) == stats


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"paths": {"a": {}}, "connections": 1, "pid": 2}', b"\xff", b"null"]
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(body)
