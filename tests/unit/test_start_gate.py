"""Starts are spread: no host gets more than its rate, nor all of them together; whoever waits is served in turn."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.recorder import start_gate
from vmstui.recorder.start_gate import IN_ALL, PER_HOST, Bucket, Rate, StartGate, host_of


def ignore(text: str) -> None:
    return


def most_within(instants: Sequence[float], rate: Rate) -> bool:
    """Whether every stretch of time holds at most what its rate allows."""
    return all(
        count <= rate.at_once + rate.per_s * (later - first) + 1e-6
        for start, first in enumerate(instants)
        for count, later in enumerate(instants[start:], 1)
    )


@given(st.lists(st.floats(0, 3), max_size=200), st.sampled_from([PER_HOST, IN_ALL, Rate(0.5, 1)]))
def test_no_stretch_of_time_gives_more_tokens_than_the_rate(pauses: list[float], rate: Rate) -> None:
    bucket, taken = Bucket(rate), []
    for now_s in itertools.accumulate(pauses):
        if not bucket.wait_s(now_s):
            bucket = bucket.taken(now_s)
            taken.append(now_s)
        else:
            assert not bucket.wait_s(now_s + bucket.wait_s(now_s) + 1e-6)
    assert most_within(taken, rate)


async def test_a_single_death_is_never_delayed() -> None:
    gate = StartGate()
    for _ in range(PER_HOST.at_once):
        with pytest.raises(StopIteration):  # it went through without even giving the loop a turn
            gate.turn("10.0.0.7", ignore).send(None)


async def test_a_storm_is_back_in_bounded_time_at_the_rate_of_every_host_and_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    per_host, in_all = Rate(40.0, 8), Rate(200.0, 40)
    gate = StartGate(per_host, in_all)
    hosts = ["nvr" if number < 80 else f"camera{number}" for number in range(300)]
    instants: list[float] = []
    order: list[tuple[str, int]] = []
    """Hosts and numbers of the turns, as they were given: who waited comes to know of it later than who did not."""
    longest_s = 0.0
    taken, leave = Bucket.taken, gate._leave

    def spy(bucket: Bucket, now_s: float) -> Bucket:
        if bucket.rate is in_all:
            instants.append(now_s)
        return taken(bucket, now_s)

    def give(host: str, turn: Any) -> None:
        order.append((host, turn.number))
        leave(host, turn)

    async def watch() -> None:
        """Of the time that this thread worked: a busy machine may let it wait for longer."""
        nonlocal longest_s
        while True:
            before_s = time.thread_time()
            await asyncio.sleep(0.01)
            longest_s = max(longest_s, time.thread_time() - before_s)

    monkeypatch.setattr(Bucket, "taken", spy)
    monkeypatch.setattr(gate, "_leave", give)
    watcher = asyncio.create_task(watch())
    async with asyncio.timeout(20):
        await asyncio.gather(*(gate.turn(host, ignore) for host in hosts))
    watcher.cancel()
    assert longest_s < 0.5, "the loop was blocked"
    assert most_within(instants, in_all)
    assert most_within([at_s for at_s, turn in zip(instants, order, strict=True) if turn[0] == "nvr"], per_host)
    assert [number for host, number in order if host == "nvr"] == list(range(80))
    assert order[-1] == ("nvr", 79), "whoever's host is free does not wait for a busy one"


async def test_what_a_person_asked_for_passes_the_storm_but_not_the_rate() -> None:
    gate = StartGate(Rate(20.0, 1), Rate(20.0, 1))
    order: list[str] = []

    async def start(name: str, host: str, *, first: bool = False) -> None:
        await gate.turn(host, ignore, first=first)
        order.append(name)

    storm = [asyncio.create_task(start(f"storm {number}", "nvr")) for number in range(10)]
    await asyncio.sleep(0)
    asked = [
        asyncio.create_task(start("asked", "nvr", first=True)),
        asyncio.create_task(start("then", "other", first=True)),
    ]
    async with asyncio.timeout(20):
        await asyncio.gather(*storm, *asked)
    assert order[:4] == ["storm 0", "asked", "then", "storm 1"]


async def test_a_start_that_is_called_off_makes_room_for_the_next() -> None:
    gate = StartGate(Rate(20.0, 1), Rate(20.0, 1))
    await gate.turn("nvr", ignore)
    waiting = [asyncio.create_task(gate.turn("nvr", ignore)) for _ in range(200)]
    last = asyncio.create_task(gate.turn("nvr", ignore))
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    async with asyncio.timeout(5):  # the others would have taken ten seconds
        await last
    assert all(
        isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*waiting, return_exceptions=True)
    )


async def test_a_start_that_waits_long_says_so_until_its_turn_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_gate, "PATIENCE_S", 0.01)
    gate, told = StartGate(Rate(4.0, 1)), list[str]()
    await gate.turn("nvr", told.append)
    await gate.turn("nvr", told.append)
    assert told == [gate.told, ""]
    assert "4 a second to one host" in gate.told


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("rtsp://NVR.example:554/1", "nvr.example"),
        ("rtsp://nvr.example./1", "nvr.example"),
        ("rtsps://[fe80::1]:322/1", "fe80::1"),
        ("rtsp://10.20.4.17/1", "10.20.4.17"),
        ("rtsp://127.0.0.1:8554/lobby", ""),
        ("rtsp://[::1]:8554/lobby", ""),
        ("rtsp://localhost/lobby", ""),
    ],
)
def test_a_host_is_known_by_its_name_and_what_listens_here_is_no_camera(url: str, host: str) -> None:
    assert host_of(url) == host
