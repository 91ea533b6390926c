"""What `vmstui findings`, `acknowledge` and `unacknowledge` take on the command line, and how they are run."""

from __future__ import annotations

import argparse

ORIGINS = ("input", "recording", "live", "process")
"""As `findings.Origin` has them, which no other command need load."""


def add_findings(parser: argparse.ArgumentParser) -> None:
    """What `findings` takes."""
    parser.add_argument("camera", nargs="?", metavar="CAMERA", help="id of a camera (default: all)")
    parser.add_argument("--all", action="store_true", help="one by one also what is benign, over or acknowledged")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--unknown", action="store_true", help="what no entry matches, as entries for messages.yaml")
    form.add_argument("--acknowledged", action="store_true", help="what was acknowledged, by whom and until when")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run_findings(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.findings import FindingsOptions, findings

    return findings(
        FindingsOptions(options.camera, options.all, options.unknown, options.acknowledged, as_json=options.json)
    )


def add_acknowledge(parser: argparse.ArgumentParser) -> None:
    """What `acknowledge` takes."""
    parser.add_argument(
        "finding", metavar="FINDING", help="id of a message, or the beginning of an unknown one as it is shown"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("camera", nargs="?", metavar="CAMERA", help="on this camera (default: the one that has it)")
    where.add_argument("--everywhere", action="store_true", help="on all cameras, also those that come later")
    parser.add_argument("--origin", choices=ORIGINS, help="only where it is about this (default: whatever)")
    parser.add_argument(
        "--for", dest="for_s", type=_seconds, metavar="T", help="8h, 7d; default: until it is taken back"
    )
    parser.add_argument(
        "--above", dest="ceiling", type=_rate, metavar="RATE", help="30/min: above that it is told all the same"
    )
    parser.add_argument("--note", default="", metavar="TEXT", help="why")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run_acknowledge(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.acknowledging import AcknowledgeOptions, acknowledge

    return acknowledge(
        AcknowledgeOptions(
            finding=options.finding,
            camera=options.camera,
            everywhere=options.everywhere,
            origin=options.origin,
            for_s=options.for_s,
            ceiling_per_min=options.ceiling,
            note=options.note,
            as_json=options.json,
        )
    )


def add_unacknowledge(parser: argparse.ArgumentParser) -> None:
    """What `unacknowledge` takes."""
    parser.add_argument("id", metavar="ID", help="as `vmstui findings --acknowledged` lists it")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run_unacknowledge(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.acknowledging import unacknowledge

    return unacknowledge(options.id, as_json=options.json)


def _seconds(text: str) -> float:
    from vmstui.cli.acknowledging import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _rate(text: str) -> float:
    from vmstui.cli.acknowledging import per_minute

    try:
        return per_minute(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
