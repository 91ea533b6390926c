"""What `vmstui keys` takes on the command line."""

from __future__ import annotations

import argparse


def add_keys(parser: argparse.ArgumentParser) -> None:
    """It takes nothing."""


def run_keys(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.keys import keys

    return keys()
