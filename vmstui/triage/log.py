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
from vmstui.triage.findings import Bounds, CameraTriage
from vmstui.triage.foreign import FrontReader, Taken
from vmstui.triage.kept import order
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
MAX_ESCAPED = 4
"""Layers of escapes in which a password is looked for: JSON in a line of JSON has two."""
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\"\\/]))")
"""Those of white space stay: no password has any but the blank."""
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
        self._front = FrontReader(zone, year, self._harmless)
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
        """Masked, harmless, without its front."""
        return self._front.take(raw.decode("utf-8", errors="replace"))

    def _harmless(self, text: str) -> str:
        """Masked and clean. What was hidden by control characters is masked once they are gone; what is hidden by
        escapes, as in JSON that is cut off or behind a front, is shown without them then."""
        if "\\" not in text:
            return self._masked(text)
        text = self._masked(self._without_known(text))  # values first: a shape might hide but the beginning of one
        for plain in _layers(text):
            if (masked := self._masked(plain)) != clean(plain):
                return masked
        return text

    def _without_known(self, text: str) -> str:
        for _ in range(MAX_ESCAPED):
            masked = ((self._masker.mask_known(plain), plain) for plain in _layers(text))
            found = next((hidden for hidden, plain in masked if hidden != plain), None)
            if found is None:
                break
            text = found
        return text

    def _masked(self, text: str) -> str:
        masked = self._masker.mask(text)
        harmless = clean(masked)
        return harmless if harmless is masked else self._masker.mask(harmless)


def _layers(text: str) -> Iterator[str]:
    """The text, and what it is without one layer of the escapes of JSON after the other, wherever they stand."""
    for _ in range(MAX_ESCAPED + 1):
        yield text
        plain = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else escape[2], text)
        # Characters beyond the first plane are written as two escapes.
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if plain == text:
            return
        text = plain
