"""What `vmstui triage` takes on the command line."""

from __future__ import annotations

import argparse


def add_triage(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", nargs="?", metavar="FILE|-", help="the log, also gzipped (default: standard input)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--unknown", action="store_true", help="what no entry matches, as entries for messages.yaml")


def run_triage(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.triage import TriageOptions, triage

    return triage(TriageOptions(options.config, options.file, options.json, options.unknown))
