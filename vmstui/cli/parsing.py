"""What reads the command line: parsers, of which only those are made that are needed, and values that several commands
take."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

Fill = Callable[[argparse.ArgumentParser], None]
"""Adds to the parser of a command what it takes."""


class _Help(argparse.HelpFormatter):
    """As wide as the terminal. argparse would ask `shutil` for that, which a service keeps in memory for ever, and with
    it what packs archives."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


class Parser(argparse.ArgumentParser):
    """The whole command, or a part of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Help, **options)


class LateParser(Parser):
    """Of a command that may not be the chosen one: nothing of it is made before it has something to parse."""

    def __init__(self, *, fill: Callable[[], Fill], **options: Any) -> None:
        self._fill = fill
        self._options = options

    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        """As argparse has it, which hands the line to the chosen command by this."""
        super().__init__(**self._options, parents=[everywhere()])
        self._fill()(self)
        return super().parse_known_args(*arguments, **named)


def everywhere() -> Parser:
    """What is accepted before and after the command; SUPPRESS keeps the later place from erasing what the earlier one
    said."""
    parent = Parser(add_help=False)
    parent.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="configuration file")
    return parent


def add_json(parser: argparse.ArgumentParser, help_: str = "as JSON") -> None:
    """The option that every command has which reads something."""
    parser.add_argument("--json", action="store_true", help=help_)


def add_camera(parser: argparse.ArgumentParser) -> None:
    """A camera, or none for all."""
    parser.add_argument("camera", nargs="?", metavar="CAMERA", help="id of a camera (default: all)")


def positive(text: str) -> int:
    """A whole number from 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted a whole number from 1")
    return value


def _columns() -> int:
    """As `shutil.get_terminal_size` has them."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ is not None else 1).columns or 80
    except (OSError, ValueError):
        return 80
