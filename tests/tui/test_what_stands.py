"""What is left alone by the collection of garbage is no garbage."""

from __future__ import annotations

import gc
import weakref

from vmstui.tui.app import _all_stands


class Knot:
    """Holds itself."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_garbage_when_all_stood_is_not_kept_for_ever() -> None:
    gc.disable()
    try:
        gone, stays = weakref.ref(Knot()), Knot()
        assert gone() is not None
        _all_stands()
        assert gone() is None
        assert gc.get_freeze_count() > 0
        assert gc.isenabled()
        assert stays.itself is stays
    finally:
        gc.unfreeze()
        gc.enable()
