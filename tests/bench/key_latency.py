"""How long a key takes until what it does is on the screen, in a real pseudo-terminal.

    python -m tests.bench.key_latency CAMERA [--size 120x40]

Opens the log of a camera on the dashboard of the recorder that is configured in the environment, and presses keys there
until its standard input is closed. Prints for each of them when it was pressed, on the monotonic clock, and after how
many milliseconds it was seen.

A screen that changes all the time tells nothing of a key, so each is held against words that it alone brings or takes
away. The terminal is read as fast as it is written to, in a thread, with the time of each piece; what a person would
have seen when is worked out afterwards, so that the looking does not slow down what is looked at.
"""

from __future__ import annotations

import argparse
import random
import select
import sys
import time
from dataclasses import dataclass

from tests.tui.terminal import Terminal

SHOWN_WITHIN_S = 0.25
"""So long nothing but that is done after a key, and as long again until it is seen."""
LONGEST_S = 10.0


@dataclass(frozen=True, slots=True)
class Key:
    """One key, and the words that are on the screen after it, or are not any more."""

    key: str
    words: str
    comes: bool = True


LOG_KEYS = (
    Key("w", "warnings and errors"),
    Key("k", "paused"),
    Key("f", "paused", comes=False),
    Key("e", "· errors"),
    Key("i", "· errors", comes=False),
)
"""In the log pane, which shows all levels and follows."""


def main() -> None:
    """Press, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("camera")
    parser.add_argument("--size", default="120x40")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with Terminal(["-m", "vmstui"], (width, height)) as terminal:
        terminal.wait_for("recording")
        terminal.type(f":logs {options.camera}\r")
        terminal.wait_for("following")
        pieces = terminal.drain()
        while not select.select([sys.stdin], [], [], 0)[0]:
            for key in LOG_KEYS:
                pressed_s, seen_s = seen(terminal, pieces, key)
                print(pressed_s, 1000 * (seen_s - pressed_s), flush=True)


def seen(terminal: Terminal, pieces: list[tuple[float, int]], key: Key) -> tuple[float, float]:
    """When it was pressed, at any moment between two ticks of the dashboard, and when it was seen."""
    time.sleep(random.uniform(0.02, 0.15))
    terminal.screen()
    known, pressed_s = len(pieces), time.monotonic()
    terminal.type(key.key)
    while True:
        time.sleep(SHOWN_WITHIN_S)
        new = pieces[known:]
        for at_s, size in new:
            if (key.words in terminal.screen(size)) is key.comes:
                return pressed_s, at_s
        known += len(new)
        assert time.monotonic() < pressed_s + LONGEST_S, f"{key} does nothing:\n{terminal.screen()}"


if __name__ == "__main__":
    main()
