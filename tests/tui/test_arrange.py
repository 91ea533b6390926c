"""Which panes are shown at which size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.tui.arrange import Arrangement, Pane, Tiles, arrange, tiles


@pytest.mark.parametrize(
    ("size", "cameras", "chosen", "expected"),
    [
        # 80x24: the fleet and a summary; a pane that is asked for takes the place of the fleet
        ((80, 22), 12, None, Arrangement(20, (), True)),
        ((80, 22), 12, Pane.LOG, Arrangement(0, (Pane.LOG,), True)),
        ((80, 22), 12, Pane.DETAILS, Arrangement(0, (Pane.DETAILS,), False)),
        # 80x24 with two cameras: what is left over shows the details
        ((80, 22), 2, None, Arrangement(3, (Pane.DETAILS,), False)),
        ((80, 22), 2, Pane.LOG, Arrangement(3, (Pane.LOG,), True)),
        # 120x40: fleet and details
        ((120, 38), 12, None, Arrangement(13, (Pane.DETAILS,), False)),
        ((120, 38), 64, None, Arrangement(19, (Pane.DETAILS,), False)),
        # 160x45: fleet, details and log at once
        ((160, 43), 12, None, Arrangement(13, (Pane.DETAILS, Pane.LOG), False)),
        ((160, 43), 12, Pane.SEGMENTS, Arrangement(13, (Pane.SEGMENTS, Pane.LOG), False)),
        ((160, 43), 12, Pane.HISTORY, Arrangement(13, (Pane.HISTORY, Pane.LOG), False)),
        ((80, 22), 2, Pane.HISTORY, Arrangement(3, (Pane.HISTORY,), True)),
        ((160, 43), 256, Pane.LOG, Arrangement(21, (Pane.DETAILS, Pane.LOG), False)),
    ],
)
def test_layouts(size: tuple[int, int], cameras: int, chosen: Pane | None, expected: Arrangement) -> None:
    assert arrange(*size, cameras, chosen) == expected


@given(st.integers(60, 400), st.integers(10, 200), st.integers(0, 300), st.sampled_from([None, *Pane]))
def test_what_is_asked_for_is_shown_and_everything_has_room(
    cells: int, lines: int, cameras: int, chosen: Pane | None
) -> None:
    plan = arrange(cells, lines, cameras, chosen)
    assert chosen is None or chosen in plan.panes
    assert plan.fleet_lines or plan.panes
    assert plan.fleet_lines + 2 * plan.summary + (2 if plan.panes else 0) <= lines


FIVE = (Pane.DETAILS, Pane.CHARTS, Pane.LOG, Pane.HISTORY, Pane.SEGMENTS)


@pytest.mark.parametrize(
    ("size", "chosen", "expected"),
    [
        ((80, 21), None, Tiles((Pane.DETAILS,), 1)),
        ((80, 21), Pane.LOG, Tiles((Pane.LOG,), 1)),
        ((80, 42), Pane.LOG, Tiles((Pane.DETAILS, Pane.CHARTS, Pane.LOG), 1)),
        ((120, 37), None, Tiles((Pane.DETAILS, Pane.CHARTS, Pane.LOG, Pane.HISTORY), 2)),
        ((120, 37), Pane.SEGMENTS, Tiles((Pane.DETAILS, Pane.CHARTS, Pane.LOG, Pane.SEGMENTS), 2)),
        ((160, 42), None, Tiles(FIVE, 2, {Pane.DETAILS: 2})),
    ],
)
def test_panes_of_a_screen_have_room(size: tuple[int, int], chosen: Pane | None, expected: Tiles) -> None:
    assert tiles(*size, FIVE, chosen) == expected
    assert tiles(*size, FIVE, chosen, zoomed=True) == Tiles((chosen or Pane.DETAILS,), 1)


@given(st.integers(60, 400), st.integers(10, 200), st.sampled_from([None, *FIVE]), st.integers(1, 5), st.booleans())
def test_what_was_chosen_is_among_the_panes_and_no_place_is_empty(
    cells: int, lines: int, chosen: Pane | None, count: int, zoomed: bool
) -> None:
    panes = FIVE[:count]
    wanted = chosen if chosen in panes else None
    found = tiles(cells, lines, panes, wanted, zoomed=zoomed)
    assert wanted is None or wanted in found.panes
    assert len(set(found.panes)) == len(found.panes)
    places = sum(found.spans.get(pane, 1) for pane in found.panes)
    assert places % found.columns == 0
