"""Standard output as it is: not every terminal or pipe can write every character."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def print_what_can_be_printed() -> None:
    """What standard output cannot write becomes a `?` from now on: no command ends for that."""
    stream = sys.stdout
    # UTF-8 with `surrogateescape`, as Python has it in the C locale, writes names of files as they are.
    if isinstance(stream, TextIOWrapper) and (stream.errors == "strict" or stream.encoding.lower() != "utf-8"):
        stream.reconfigure(errors="replace")
