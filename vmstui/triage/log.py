"""A whole log from anywhere, triaged as it streams by: a gigabyte in bounded memory. Pure.

Lines end with a line feed or, as ffmpeg's progress does, with a carriage return; of longer ones than `LINE_BYTES` the
rest is left out. Cameras are told apart where the fronts of the lines name them; beyond `MAX_CAMERAS` they are taken
together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from functools import lru_cache

from vmstui.findings import Finding
from vmstui.sanitise import clean
from vmstui.triage.findings import Bounds, CameraTriage, order
from vmstui.triage.foreign import FrontReader, Taken
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.masking import Masker
from vmstui.triage.origin import FOREIGN, Layout

LINE_BYTES = 4096
MAX_CAMERAS = 200
MANY_KINDS = Bounds(unknown_kinds=500)
FEW_KINDS = Bounds(unknown_kinds=20)
"""Of each camera, once there are many."""
MANY_CAMERAS = 10
SAME_LINES = 512
"""Lines that were seen lately are not taken apart again."""
_ENDS = re.compile(rb"[\r\n]+")


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream, none longer than `LINE_BYTES`; empty ones are left out."""
    rest = b""
    is_given = False
    """The beginning of the line in `rest` was handed on: it is a long one."""
    for chunk in chunks:
        *whole, rest = _ENDS.split(rest + chunk)
        for line in whole:
            if line and not is_given:
                yield line[:LINE_BYTES]
            is_given = False
        if is_given:
            rest = b""
        elif len(rest) > LINE_BYTES:
            yield rest[:LINE_BYTES]
            rest, is_given = b"", True
    if rest and not is_given:
        yield rest


class LogTriage:
    """What a log of one or several ffmpegs says."""

    def __init__(
        self,
        knowledge: Knowledge,
        masker: Masker,
        layout: Layout = FOREIGN,
        zone: tzinfo | None = None,
        year: int = 1970,
    ) -> None:
        self._knowledge = knowledge
        self._masker = masker
        self._layout = layout
        self._front = FrontReader(zone, year)
        self._cameras: dict[str, CameraTriage] = {}
        self._previous: CameraTriage | None = None
        self._take = lru_cache(maxsize=SAME_LINES)(self._taken_apart)
        self.lines = 0
        self.first_s: float | None = None
        self.last_s: float | None = None

    def feed(self, raw: bytes) -> None:
        """One line."""
        self.lines += 1
        taken = self._take(raw)
        if taken.at_s is not None:
            self.first_s = taken.at_s if self.first_s is None else min(self.first_s, taken.at_s)
            self.last_s = taken.at_s if self.last_s is None else max(self.last_s, taken.at_s)
        one = self._cameras.get(taken.camera) or self._camera(taken.camera)
        if taken.line.text.startswith("ffmpeg version "):
            one.began(taken.at_s)
        one.feed(taken.line, taken.at_s, self.lines)

    def findings(self) -> tuple[Finding, ...]:
        """All findings, the worst first."""
        found = [finding for one in self._cameras.values() for finding in one.findings()]
        return tuple(sorted(found, key=order))

    @property
    def not_kept(self) -> int:
        """Unknown lines of kinds beyond the bound, which were counted only."""
        return sum(one.not_kept for one in self._cameras.values())

    @property
    def not_kept_errors(self) -> int:
        """Of them, those that ffmpeg calls errors."""
        return sum(one.not_kept_errors for one in self._cameras.values())

    def _camera(self, name: str) -> CameraTriage:
        name = name if len(self._cameras) < MAX_CAMERAS else ""
        bounds = MANY_KINDS if len(self._cameras) < MANY_CAMERAS else FEW_KINDS
        made = self._cameras.get(name)
        if made is None:
            made = self._cameras[name] = CameraTriage(self._knowledge, self._layout, name, bounds)
        return made

    def _taken_apart(self, raw: bytes) -> Taken:
        """Masked, harmless, without its front. What was hidden by control characters is masked once they are gone."""
        text = self._masker.mask(raw.decode("utf-8", errors="replace"))
        harmless = clean(text)
        return self._front.take(harmless if harmless is text else self._masker.mask(harmless))
