"""The screens of the dashboard, and the way a person took through them. Pure.

The fleet is at the bottom of every way: `back` from anywhere ends there, and going to the fleet forgets the way. The
camera that is meant is the same on every screen; whoever moves to another one moves it for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class View(StrEnum):
    """A screen; those a person works on have numbers, from 1 on."""

    FLEET = "fleet"
    CAMERA = "camera"
    LOGS = "logs"
    FINDINGS = "findings"
    SEGMENTS = "segments"
    CAPACITY = "capacity"
    MACHINE = "machine"
    HISTORY = "history"
    WALLBOARD = "wallboard"
    """Without a number: nobody works there."""


@dataclass(frozen=True, slots=True)
class Way:
    """The screens on the way to the one that is shown, which is the last of them."""

    views: tuple[View, ...] = (View.FLEET,)

    @property
    def at(self) -> View:
        """What is shown."""
        return self.views[-1]

    def to(self, view: View) -> Way:
        """On to another screen; one that was on the way already is taken out there, so that no way goes in circles."""
        if view is View.FLEET:
            return Way()
        return Way((*(one for one in self.views if one is not view), view))

    def back(self) -> Way:
        """To the screen before."""
        return Way(self.views[:-1]) if len(self.views) > 1 else self
