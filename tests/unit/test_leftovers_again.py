"""What could not be settled is tried again, ever later."""

from __future__ import annotations

from itertools import pairwise

from vmstui.recorder.leftovers_again import AGAIN_S, AT_LAST_S, LeftoversAgain


def test_what_is_left_is_tried_at_once_then_ever_later_and_never_given_up() -> None:
    again = LeftoversAgain()
    tried = [second for second in range(5000) if again.due(second, unsettled=True, free=True)]
    waits = [after - before for before, after in pairwise(tried)]
    assert tried[0] == 0
    assert waits[:3] == [AGAIN_S, 2 * AGAIN_S, 4 * AGAIN_S]
    assert set(waits[6:]) == {AT_LAST_S}


def test_nothing_is_tried_while_a_worker_is_being_started() -> None:
    again = LeftoversAgain()
    assert not again.due(0, unsettled=True, free=False)
    assert again.due(1, unsettled=True, free=True)


def test_once_all_is_settled_the_next_time_begins_anew() -> None:
    again = LeftoversAgain()
    for second in range(1000):
        again.due(second, unsettled=True, free=True)
    assert not again.due(2000, unsettled=False, free=True)
    assert again.due(2001, unsettled=True, free=True)
    assert again.due(2001 + AGAIN_S, unsettled=True, free=True)
