"""Hand-overs have their turn: few at a time, first come first served, and nobody is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from vmstui.recorder.turns import Place, Turns


async def settle() -> None:
    """What was called soon has been called."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    turns, came = Turns(encoding=1, copying=2), list[int]()

    def coming(number: int) -> Callable[[], None]:
        return lambda: came.append(number)

    places = [turns.place(coming(number)) for number in range(4)]
    assert [place.ask(encodes=True) for place in places] == [True, False, False, False]
    assert [place.before for place in places] == [None, 0, 1, 2]
    assert places[0].ask(encodes=True), "it has its turn until it leaves"
    assert not places[3].ask(encodes=True), "who asks again keeps its place"
    assert places[3].before == 2
    places[1].leave()  # it was stopped, or its worker died
    places[0].leave()
    await settle()
    assert came == [2]
    assert places[2].ask(encodes=True)
    places[0].ask(encodes=True)
    places[2].leave()
    await settle()
    assert came == [2, 3]


async def test_by_copy_more_go_at_once_and_neither_kind_waits_for_the_other() -> None:
    turns = Turns(encoding=1, copying=2)
    places = [turns.place(lambda: None) for _ in range(5)]
    kinds = (True, True, False, False, False)
    asked = [place.ask(encodes=encodes) for place, encodes in zip(places, kinds, strict=True)]
    assert asked == [True, False, True, True, False]
    assert not places[0].ask(encodes=False), "by copy now, since its configuration is another one"
    assert places[1].ask(encodes=True), "and the turn it had is free"


async def test_who_is_on_two_workers_already_takes_a_turn_whether_there_is_one_or_not() -> None:
    turns = Turns(encoding=1)
    two, three, late = (turns.place(lambda: None) for _ in range(3))
    for place in (two, three):
        place.take(encodes=True)
    assert not late.ask(encodes=True)
    two.leave()
    await settle()
    assert not late.ask(encodes=True), "one is over, the other one is not"
    three.leave()
    assert late.ask(encodes=True)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["ask", "copy", "take", "leave"])), max_size=60))
def test_whatever_is_asked_and_left_nobody_waits_while_there_is_room(steps: list[tuple[int, str]]) -> None:
    async def drive() -> None:
        turns = Turns(encoding=1, copying=2)
        told = set[int]()
        places: list[Place] = [turns.place(lambda number=number: told.add(number)) for number in range(6)]  # type: ignore[misc]
        has: dict[int, bool] = {}
        for number, what in steps:
            place = places[number]
            if what == "leave":
                place.leave()
                has.pop(number, None)
            elif what == "take":
                place.take(encodes=True)
                has[number] = True
            elif place.ask(encodes=what == "ask"):
                has[number] = what == "ask"
            else:
                has.pop(number, None)
            await settle()
            for came in told:
                waits_for = next(kind for kind in (True, False) if places[came] in turns._having[kind])
                assert places[came].ask(encodes=waits_for)
                has[came] = waits_for
            told.clear()
            for encodes, limit in ((True, 1), (False, 2)):
                if any(places[n].before is not None and places[n] in turns._waiting[encodes] for n in range(6)):
                    assert sum(kind is encodes for kind in has.values()) >= limit

    asyncio.run(drive())
