"""Takes passwords out of text before it is stored, shown or exported.

Two nets. Known secrets are found by exact value, as they are and percent-encoded in any mixture, once or twice. Unknown
ones are found by shape: logins in URLs, `password=…` and the like, `Authorization:` headers. The shapes come from the
eleven credential forms on which the recorders of research/recorders.md 5.6 leak.

`mask` is for lines on their way to memory or screen; `mask_in_place` overwrites the bytes of a log file without moving
anything, so that a writer may go on appending to it. Both want whole lines: a secret cut in two is not recognised.

Everything works on text where one character is one UTF-8 byte (latin-1), so that both share one search and spans are
also byte offsets; only ASCII whitespace ends a word there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

MASK = "***"
MIN_SECRET_BYTES = 3
"""Shorter secrets are not looked for by value: that would shred every line. The shapes still find them."""

_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_ENCODINGS = 2
"""How often a URL may have been percent-encoded: inside the query of another URL it is twice."""

_URL = re.compile(r"(?::|%3a)(?://|%2f%2f)([^ \t\n\r\v\f]*)", re.IGNORECASE)
_AT = re.compile("@|%40")
_PAIR = re.compile(
    r"(?:(?<![a-z0-9])(?:user(?:name)?|usr|login|auth)|pass(?:word|wd|phrase)?|pwd|token|secret|key)"
    r"[\"']?[ ]?(?:=|:|%3d|%3a)[ ]?"
    r"(?:\"([^\"\n\r]+)|'([^'\n\r]+)|[\"']?([^&\"' \t\n\r\v\f]+))",
    re.IGNORECASE,
)
_HEADER = re.compile(r"authorization:[ \t]*(?:basic|digest|bearer)[ \t]+([^\n\r]+)", re.IGNORECASE)

Span = tuple[int, int]
_Tree = dict[str, "_Tree"]


class Masker:
    """Masks a fixed set of secrets; made anew when the configuration changes. Safe to use from several threads."""

    def __init__(self, secrets: Iterable[str]) -> None:
        needles = {_as_bytes(secret) for secret in secrets}
        needles |= {needle.replace(" ", "+") for needle in needles}  # as a query writes a space
        self._needles = tuple(sorted(needle for needle in needles if len(needle) >= MIN_SECRET_BYTES))
        self._beginnings = _beginnings(self._needles)
        """Where a secret may begin. Hundreds of cameras have hundreds of passwords, and a line holds none as a rule:
        one search for how they begin takes a third of the time that one for each of them does."""

    def mask(self, text: str) -> str:
        """The text with every secret replaced by `***`."""
        return self._replaced(text, self._spans)

    def mask_known(self, text: str) -> str:
        """The text without the known secrets: for text that is decoded further before its shapes can be told."""
        return self._replaced(text, lambda plain: _merged([*self._known(plain)]))

    def _replaced(self, text: str, spans_of: Callable[[str], list[Span]]) -> str:
        plain = text if text.isascii() else _as_bytes(text)
        spans = spans_of(plain)
        if not spans:
            return text
        parts: list[str] = []
        end = 0
        for start, stop in spans:
            parts += (plain[end:start], MASK)
            end = stop
        masked = "".join((*parts, plain[end:]))
        return masked if text.isascii() else masked.encode("latin-1").decode("utf-8", errors="surrogatepass")

    def mask_in_place(self, raw: bytes) -> bytes:
        """The bytes with every byte of a secret replaced by `*`: same length, line breaks where they were."""
        plain = raw.decode("latin-1")
        spans = self._spans(plain)
        if not spans:
            return raw
        masked = bytearray(raw)
        for start, stop in spans:
            masked[start:stop] = bytes(byte if byte in b"\r\n" else 0x2A for byte in raw[start:stop])
        return bytes(masked)

    def _spans(self, text: str) -> list[Span]:
        """What to hide, ordered and without overlap."""
        return _merged([*self._known(text), *_shapes(text)])

    def _known(self, text: str) -> Iterator[Span]:
        """Where exact values stand, also below up to two layers of percent-encoding."""
        if self._beginnings is None:
            return
        if self._beginnings.search(text):
            for needle in self._needles:
                if needle in text:
                    yield from _occurrences(needle, text)
        layers = [text]
        while "%" in layers[-1] and len(layers) <= _ENCODINGS:
            layers.append(_ESCAPE.sub(_decoded, layers[-1]))
            if not self._beginnings.search(layers[-1]):
                continue
            for needle in self._needles:
                if needle in layers[-1]:
                    starts = _starts(layers[:-1])
                    yield from ((starts[at], starts[end]) for at, end in _occurrences(needle, layers[-1]))


def _merged(spans: list[Span]) -> list[Span]:
    if len(spans) < 2:
        return spans
    spans.sort()
    merged = [spans[0]]
    for start, stop in spans[1:]:
        if start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(stop, merged[-1][1])
        else:
            merged.append((start, stop))
    return merged


def _beginnings(needles: tuple[str, ...]) -> re.Pattern[str] | None:
    """Matches the first characters of each needle, letter by letter: `a(?:b(?:c|d)|x)`. None without needles."""
    if not needles:
        return None
    tree: _Tree = {}
    for needle in needles:
        branch = tree
        for letter in needle[:MIN_SECRET_BYTES]:
            branch = branch.setdefault(letter, {})

    def pattern(branch: _Tree) -> str:
        parts = [re.escape(letter) + pattern(rest) for letter, rest in branch.items()]
        return f"(?:{'|'.join(parts)})" if len(parts) > 1 else "".join(parts)

    return re.compile(pattern(tree))


def _as_bytes(text: str) -> str:
    return text.encode("utf-8", errors="surrogatepass").decode("latin-1")


def _decoded(escape: re.Match[str]) -> str:
    return chr(int(escape[0][1:], 16))


def _occurrences(needle: str, text: str) -> Iterator[Span]:
    """Every occurrence, overlapping ones too."""
    start = text.find(needle)
    while start >= 0:
        yield start, start + len(needle)
        start = text.find(needle, start + 1)


def _starts(layers: list[str]) -> list[int]:
    """Where each character of the text decoded from these layers, and its end, stands in the first of them."""
    outer: range | list[int] = range(len(layers[0]) + 1)
    for layer in layers:
        starts: list[int] = []
        end = 0
        for escape in _ESCAPE.finditer(layer):
            starts.extend(outer[end : escape.start() + 1])
            end = escape.end()
        starts.extend(outer[end:])
        outer = starts
    return list(outer)


def _shapes(text: str) -> Iterator[Span]:
    """Where something looks like a login. The plain tests in front keep ordinary lines cheap."""
    if "//" in text or "%2" in text:
        for url in _URL.finditer(text):
            if ats := [at.start() for at in _AT.finditer(url[1])]:
                yield url.start(1), url.start(1) + ats[-1]  # the last one: passwords may hold @ and /, written raw
    if _may_hold_pair(text.lower()):
        for pair in _PAIR.finditer(text):
            yield pair.span(pair.lastindex or 0)  # what is in quotes may hold blanks
        for header in _HEADER.finditer(text):
            yield header.span(1)


def _may_hold_pair(lowered: str) -> bool:
    """Written out, not as a loop: it is asked for every line of every log."""
    return (
        "user" in lowered
        or "pass" in lowered
        or "key" in lowered
        or "auth" in lowered
        or "token" in lowered
        or "secret" in lowered
        or "login" in lowered
        or "pwd" in lowered
        or "usr" in lowered
    )
