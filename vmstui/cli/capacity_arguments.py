"""What `vmstui capacity` takes on the command line."""

from __future__ import annotations

import argparse
import re

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_MOST_CAMERAS = 100_000


def add_capacity(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--profile", metavar="NAME", help="what if the cameras that are added have this profile")
    parser.add_argument(
        "--budget", type=_percent, metavar="P%", help="what if so much CPU may be used; 100%% is a core"
    )
    parser.add_argument("--cameras", type=_count, metavar="N", help="would N cameras fit: exit code 1 if not")
    parser.add_argument("--retention", type=_days, metavar="DAYS", help="what if footage is to stay so many days")
    parser.add_argument(
        "--per-camera", type=_percent, metavar="P%", help="CPU of one camera: by this alone, no recorder is asked"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def run_capacity(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.capacity.words import Question
    from vmstui.cli.capacity import CapacityOptions, capacity

    question = Question(options.profile, options.budget, options.cameras, options.retention)
    return capacity(CapacityOptions(question, options.per_camera, as_json=options.json))


def _percent(text: str) -> float:
    match = re.fullmatch(rf"({_NUMBER})%", text)
    value = float(match[1]) if match else 0.0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted a percentage such as 23.4% (100% is one core)")
    return value


def _days(text: str) -> float:
    value = float(text) if re.fullmatch(_NUMBER, text) else 0.0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted a number of days such as 14 or 0.5")
    return value


def _count(text: str) -> int:
    value = int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
    if not 1 <= value <= _MOST_CAMERAS:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted a whole number from 1 to {_MOST_CAMERAS}")
    return value
