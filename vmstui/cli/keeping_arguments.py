"""What commands on how long footage is kept take, and on where: storage, retention, lock, unlock, locks."""

from __future__ import annotations

import argparse

from vmstui.cli.parsing import add_json, positive


def add_storage(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "--accept", action="store_true", help="record to what the path leads to now, though it is another disk or new"
    )
    add_json(parser)


def run_storage(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.storage import storage

    return storage(options.config, accept=options.accept, as_json=options.json)


def add_retention(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="list what would be deleted now")
    how.add_argument("--now", action="store_true", help="delete it now instead of within a minute; needs no recorder")
    parser.add_argument("--trust-clock", action="store_true", help="go by age also after a jump of the clock")
    add_json(parser)


def run_retention(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.retention import retention

    return retention(
        options.config,
        dry=options.dry_run,
        act=options.now,
        trust_clock=options.trust_clock,
        as_json=options.json,
    )


def add_lock(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("camera", metavar="CAMERA", help="id of a camera")
    parser.add_argument("--from", dest="since", required=True, metavar="T", help="2025-10-20T07:54, 07:54, -2h, …")
    parser.add_argument("--to", dest="until", required=True, metavar="T", help="the same; may be later than now")
    parser.add_argument("--note", default="", metavar="TEXT", help="why")
    add_json(parser)


def run_lock(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.locks import lock

    return lock(
        options.config,
        options.camera,
        since=options.since,
        until=options.until,
        note=options.note,
        as_json=options.json,
    )


def add_unlock(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("id", type=positive, metavar="ID", help="number of the lock, as `vmstui locks` lists it")


def run_unlock(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.locks import unlock

    return unlock(options.id)


def add_locks(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_json(parser, "one JSON object a line")


def run_locks(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.locks import locks

    return locks(options.config, as_json=options.json)
