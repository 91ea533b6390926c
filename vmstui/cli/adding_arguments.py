"""What `probe`, `add`, `edit` and `remove` take on the command line."""

from __future__ import annotations

import argparse

from vmstui.cli.parsing import add_json

_URL = "rtsp://… of the camera, a login in it or not; - reads it from standard input, where no process list shows it"


def add_probe(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("url", metavar="URL", help=_URL)
    parser.add_argument("--username", metavar="NAME", help="login at the camera; the password is asked for")
    add_json(parser)


def run_probe(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.adding import probe

    return probe(options)


def add_add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("url", metavar="URL", nargs="?", help=f"{_URL}; without one it is asked for")
    parser.add_argument("--id", metavar="ID", help="key of the camera in commands (default: made of the name)")
    parser.add_argument("--recordings", metavar="FOLDER", help="where a new configuration records to (~/recordings)")
    _values(parser)
    _ways(parser)
    parser.add_argument("--no-probe", action="store_true", help="do not look at the camera, which may be off")


def run_add(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.adding import add

    return add(options)


def add_edit(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("camera", metavar="CAMERA", help="id of a camera")
    parser.add_argument("--url", metavar="URL", help=_URL)
    parser.add_argument("--password", action="store_true", help="another password: asked for, or from standard input")
    parser.add_argument("--no-login", action="store_true", help="the camera wants none")
    _values(parser)
    _ways(parser)


def run_edit(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.adding import edit

    return edit(options)


def add_remove(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("camera", metavar="CAMERA", help="id of a camera")
    _ways(parser)


def run_remove(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.adding import remove

    return remove(options)


def _values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", metavar="NAME", help="on the dashboard and of its files")
    parser.add_argument("--username", metavar="NAME", help="login at the camera; the password is asked for")
    parser.add_argument("--profile", metavar="P", help="source, reencode, or one of the configuration")
    parser.add_argument("--transport", choices=("tcp", "udp"), help="how the stream travels (tcp)")
    parser.add_argument("--days", metavar="D", help="how long its footage stays; none: as for all")
    parser.add_argument("--max-size", metavar="S", help="what its footage may take, such as 500G; none: as for all")


def _ways(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="show what would change in the file, and leave it")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--expect", metavar="STATE", help="only if the file is as the dry run found it")
    add_json(parser)
