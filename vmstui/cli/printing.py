"""Standard output as it is: not every terminal or pipe can write every character, nor is each of the same width."""

from __future__ import annotations

import sys
from io import TextIOWrapper

NARROWEST, WIDEST = 40, 120


def print_what_can_be_printed() -> None:
    """What standard output cannot write becomes a `?` from now on: no command ends for that."""
    stream = sys.stdout
    # UTF-8 with `surrogateescape`, as Python has it in the C locale, writes names of files as they are.
    if isinstance(stream, TextIOWrapper) and (stream.errors == "strict" or stream.encoding.lower() != "utf-8"):
        stream.reconfigure(errors="replace")


def text_width() -> int:
    """Cells for text that is wrapped: those of the terminal, within what reads well."""
    import shutil  # here: a service would keep it for ever

    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)


def terminal_width() -> int | None:
    """Cells of the terminal that standard output is; None where it is none, and lines may be as long as they like."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else None
