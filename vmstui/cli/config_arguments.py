"""What `vmstui config` takes on the command line, and each of its actions."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from vmstui.cli.parsing import LateParser, add_json

_ACTIONS = (
    ("check", "list everything that is wrong, with file and line"),
    ("show", "the configuration as understood, with the origin of every value"),
    ("schema", "the JSON schema"),
    ("example", "a complete, commented example"),
    ("diff", "what a reload would change and which cameras it would restart; with FILE, what differs in that file"),
    ("reload", "have the recorder read its configuration again"),
)


def add_config(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    actions = parser.add_subparsers(dest="config_command", metavar="ACTION", required=True, parser_class=LateParser)
    for name, help_ in _ACTIONS:
        actions.add_parser(name, help=help_, description=help_, fill=partial(_fill, name))


def run_config(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli import config_commands

    match options.config_command:
        case "check":
            return config_commands.check(options.config, options.json)
        case "show":
            return config_commands.show(options.config, options.json)
        case "schema":
            return config_commands.schema()
        case "example":
            return config_commands.example()
        case "diff" if options.new is not None:
            return config_commands.diff(options.config, options.new, options.json)
    from vmstui.cli.lifecycle import reload

    return reload(as_json=options.json, dry_run=options.config_command == "diff")


def _fill(action: str) -> Callable[[argparse.ArgumentParser], None]:
    def fill(parser: argparse.ArgumentParser) -> None:
        if action not in ("schema", "example"):
            add_json(parser)
        if action == "diff":
            parser.add_argument("new", nargs="?", metavar="FILE", help="compare the configuration file with this one")

    return fill
