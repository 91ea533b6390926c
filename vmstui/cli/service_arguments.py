"""What commands on the service as a whole take: demo, up, down, systemd-unit, upgrade, status."""

from __future__ import annotations

import argparse

from vmstui.cli.parsing import add_json, positive


def add_demo(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--cameras", type=positive, default=2, metavar="N", help="how many (default 2)")
    parser.add_argument("--seconds", type=positive, default=30, metavar="S", help="how long without a terminal (30)")
    add_json(parser, "print JSON instead of a table; implies no terminal")
    parser.add_argument("--folder", metavar="DIR", help="where everything goes (default: a new temporary folder)")


def run_demo(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.dashboard import looks_of
    from vmstui.cli.demo import DemoOptions, demo

    looks = looks_of(options)
    return demo(DemoOptions(options.cameras, options.seconds, options.json, options.folder, looks))


def add_up(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--foreground", action="store_true", help="stay in the terminal; for systemd")
    parser.add_argument("--trial", action="store_true", help=argparse.SUPPRESS)  # asked by `upgrade` of a new version


def run_up(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.lifecycle import up

    return up(options.config, foreground=options.foreground, trial=options.trial)


def add_down(parser: argparse.ArgumentParser) -> None:
    """It takes nothing."""


def run_down(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.lifecycle import down

    return down(options.config)


def add_systemd_unit(parser: argparse.ArgumentParser) -> None:
    """It takes nothing."""


def run_systemd_unit(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.systemd_unit import systemd_unit

    return systemd_unit(options.config)


def add_upgrade(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--python", metavar="PATH", help="the version of this interpreter instead")
    add_json(parser)


def run_upgrade(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.upgrade import upgrade

    return upgrade(options.python, as_json=options.json)


def add_status(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_json(parser)
    parser.add_argument("--watch", action="store_true", help="again every second until interrupted")


def run_status(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.status import status

    return status(as_json=options.json, watch=options.watch)
