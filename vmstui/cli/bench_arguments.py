"""What `vmstui bench` takes on the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

MOST_CAMERAS = 64
MOST_ROUNDS, MOST_SECONDS = 50, 600
LEAST_SECONDS = 3
"""ffmpeg tells its progress once a second, and two reports make a rate."""


def add_bench(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("cameras", nargs="*", metavar="CAMERA", help="id of a camera (default: the first two enabled)")
    parser.add_argument(
        "--simulated", type=_whole(1, MOST_CAMERAS), metavar="N", help="with N simulated cameras; needs no recorder"
    )
    parser.add_argument("--size", type=_size, metavar="WxH", help="of simulated ones (1280x720)")
    parser.add_argument("--fps", type=_whole(1, 60), metavar="N", help="of simulated ones (15)")
    parser.add_argument("--codec", choices=("h264", "h265"), help="of simulated ones (h264)")
    parser.add_argument("--profile", metavar="NAME", help="outputs to make (default: that of the cameras, or reencode)")
    parser.add_argument("--rounds", type=_whole(1, MOST_ROUNDS), default=3, metavar="N", help="of all layouts (3)")
    parser.add_argument(
        "--seconds",
        type=_whole(LEAST_SECONDS, MOST_SECONDS),
        default=10,
        metavar="S",
        help="how long each layout is measured in each round (10)",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="as JSON")
    shape.add_argument("--markdown", action="store_true", help="as Markdown")


def run_bench(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.bench import BenchOptions, bench

    return bench(
        BenchOptions(
            config=options.config,
            cameras=tuple(options.cameras),
            simulated=options.simulated,
            size=options.size,
            fps=options.fps,
            codec=options.codec,
            profile=options.profile,
            rounds=options.rounds,
            seconds=options.seconds,
            as_json=options.json,
            markdown=options.markdown,
        )
    )


def _whole(least: int, most: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        value = int(text) if re.fullmatch("[0-9]{1,9}", text) else least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"found {text!r}, accepted a whole number from {least} to {most}")
        return value

    return whole


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(16 <= side <= 7680 and side % 2 == 0 for side in size):
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted a size in even numbers such as 1280x720")
    return size
