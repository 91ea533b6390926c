"""`vmstui` without a command: the dashboard over the recorder of this user, which is started first if need be."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, NamedTuple

from vmstui.cli.recorder_socket import running_service, socket_path
from vmstui.cli.starting import start_service
from vmstui.cli.terminal import BOUND_S, asking
from vmstui.control.client import Client
from vmstui.sanitise import clean
from vmstui.settings import default_folders, find_path, load
from vmstui.tui.glyphs import needs_ascii
from vmstui.tui.graphics import UnknownGraphics, wanted_graphics

if TYPE_CHECKING:
    from vmstui.tui import Leave, Recorder


class Looks(NamedTuple):
    """What a person says about the dashboard on the command line: see `vmstui.tui.run`."""

    readonly: bool = False
    theme: str | None = None
    ascii_only: bool = False
    mouse: bool = True


def looks_of(options: Namespace) -> Looks:
    """What stands on the command line."""
    return Looks(options.readonly, options.theme, options.ascii, not options.no_mouse)


def dashboard(config: str | None, looks: Looks) -> int:
    """Show the dashboard until the person leaves it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("the dashboard needs a terminal; `vmstui status` prints what it would show", file=sys.stderr)
        return 2
    if wrongly_chosen():
        return 2
    if running_service(socket_path()) is None:
        path = find_path(config)
        load(path)
        if start_service(path, default_folders()) is None:
            return 1
    leave = shown(Client(socket_path()), looks)
    print(leave.sentence)
    return leave.exit_status


def wrongly_chosen() -> bool:
    """Whether the environment chooses pictures that there are not; says so."""
    try:
        wanted_graphics(None, os.environ)
    except UnknownGraphics as error:
        print(clean(str(error)), file=sys.stderr)
        return True
    return False


def shown(recorder: Recorder, looks: Looks = Looks()) -> Leave:  # noqa: B008 (a tuple)
    """The dashboard; how it was left. Raises UnknownGraphics.

    The terminal is asked which pictures it shows while the dashboard is loaded, which takes longer than an answer does.
    """
    from vmstui.tui import run

    coloured = not (looks.ascii_only or os.environ.get("NO_COLOR") or needs_ascii(sys.stdout.encoding))
    with asking(None, os.environ, coloured=coloured) as asked:
        import vmstui.tui.app  # noqa: F401

        terminal = asked.terminal(BOUND_S)
    return run(recorder, **looks._asdict(), terminal=terminal)
