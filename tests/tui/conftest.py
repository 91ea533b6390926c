"""What the process remembers of one dashboard is no matter of the next test."""

from __future__ import annotations

import pytest

from vmstui.tui.key_names import use_ascii


@pytest.fixture(autouse=True)
def _signs_of_keys() -> None:
    """A dashboard on a terminal that has ASCII only leaves the names of keys in that for the whole process."""
    use_ascii(False)
