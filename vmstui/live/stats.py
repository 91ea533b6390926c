"""What the relay tells about itself, and its JSON form. Pure, no I/O.

The relay answers it to `GET_PARAMETER` with the body `vmstui-stats`; the recorder reads it once a second through
`client.StatsClient`: the answer proves that the relay lives, its content is the health of each live stream.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from vmstui.light_dataclass import dataclass

STATS_PARAMETER = b"vmstui-stats"
STATS_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class PathStats:
    """One published stream. Counters only grow while the relay lives, over all its publishers.

    What a standby sends counts once it is passed on. Fields with a default are unknown to earlier relays.
    """

    publisher: bool
    """Somebody publishes it now."""
    since: datetime
    """When `publisher` last changed, aware UTC."""
    bytes_in: int
    packets_in: int
    last_packet_age_s: float | None
    """None: no packet ever came."""
    codec: str
    """Video codec of the present or last publisher: `h264`, `h265`, another name, or ``."""
    readers: int
    dropped_readers: int
    """Readers that fell too far behind and were cut off."""
    standby: bool = False
    """A second publisher sends already and takes over when the first one ends."""
    handovers: int = 0
    """How often a standby took over."""


@dataclass(frozen=True, slots=True)
class RelayStats:
    """The whole relay."""

    paths: dict[str, PathStats]
    """By path without its leading slash, which is the camera's id."""
    connections: int
    pid: int


def encode(stats: RelayStats) -> bytes:
    """As the relay sends it."""
    return json.dumps(asdict(stats), default=datetime.isoformat).encode()


def decode(body: bytes) -> RelayStats:
    """What `encode` made. Raises ValueError for anything else."""
    try:
        plain = json.loads(body)
        paths = {str(name): _path(path) for name, path in plain["paths"].items()}
        return RelayStats(paths, int(plain["connections"]), int(plain["pid"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the stats of a relay: {error!r}") from error


def _path(plain: dict[str, object]) -> PathStats:
    age = plain["last_packet_age_s"]
    return PathStats(
        publisher=bool(plain["publisher"]),
        since=datetime.fromisoformat(str(plain["since"])),
        bytes_in=_count(plain["bytes_in"]),
        packets_in=_count(plain["packets_in"]),
        last_packet_age_s=float(age) if isinstance(age, (int, float)) else None,
        codec=str(plain["codec"]),
        readers=_count(plain["readers"]),
        dropped_readers=_count(plain["dropped_readers"]),
        standby=bool(plain.get("standby", False)),
        handovers=_count(plain.get("handovers", 0)),
    )


def _count(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a number")
    return value
