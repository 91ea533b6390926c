"""Text from outside made harmless, once, where it enters.

ffmpeg's messages, camera names and SDP titles may hold escape sequences that would retitle a terminal, move its cursor
or write its clipboard, and bidirectional marks that make a line read as something else. `clean` is called by whoever
first takes such text in; everything after it may print the result (with markup off).
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # OSC … BEL or ST
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\|$)"  # DCS, SOS, PM, APC … ST
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[ -/]*[0-~]?"  # any other escape
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI in its 8-bit form
)
_CONTROLS = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # C0 but tab, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, embeddings, overrides, isolates
    "\u2028\u2029\ufeff\ufff9-\ufffb]"  # line separators, byte order mark, interlinear marks
    "|[\ud800-\udfff]"  # lone surrogates cannot be encoded again
)


def clean(text: str) -> str:
    """The text on one line without escape sequences, control and bidirectional characters; tabs become a space."""
    if text.isprintable():
        return text  # nothing of what is looked for is printable; most lines end here
    return _CONTROLS.sub("", _ESCAPES.sub("", text)).replace("\t", " ")


def clean_bytes(raw: bytes) -> str:
    """Bytes of unknown encoding as harmless text: UTF-8, with U+FFFD for what is not."""
    return clean(raw.decode("utf-8", errors="replace"))
