"""`vmstui` without a command: the dashboard over the recorder of this user, which is started first if need be."""

from __future__ import annotations

import gc
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from vmstui.cli.first_look import first_look, take_away
from vmstui.cli.recorder_socket import only_shows, running_service, socket_path
from vmstui.sanitise import clean
from vmstui.tui.graphics import UnknownGraphics, wanted_graphics

# What the first words need is imported here; all else where it is used, so that nobody waits for it.
if TYPE_CHECKING:
    from vmstui.tui import Leave, Recorder
    from vmstui.tui.first_run import First


class Looks(NamedTuple):
    """What a person says about the dashboard on the command line: see `vmstui.tui.run`."""

    readonly: bool = False
    theme: str | None = None
    ascii_only: bool = False
    mouse: bool = True
    wallboard: bool = False


def looks_of(options: Namespace) -> Looks:
    """What stands on the command line."""
    return Looks(options.readonly, options.theme, options.ascii, not options.no_mouse, options.wallboard)


def dashboard(config: str | None, looks: Looks) -> int:
    """Show the dashboard until the person leaves it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("the dashboard needs a terminal; `vmstui status` prints what it would show", file=sys.stderr)
        return 2
    if not sys.stderr.isatty():
        print("the dashboard is drawn on standard error, which leads elsewhere here: leave out `2>`", file=sys.stderr)
        return 2
    if wrongly_chosen():
        return 2
    added = ""
    if running_service(socket_path()) is None:
        from vmstui.cli.starting import start_service
        from vmstui.settings import default_folders, find_path, load

        path = find_path(config)
        if not os.path.exists(path):
            first = first_screen(path, looks)
            if first.demo:
                from vmstui.cli.demo import DEMO_CAMERAS, DEMO_SECONDS, DemoOptions, demo

                return demo(DemoOptions(DEMO_CAMERAS, DEMO_SECONDS, False, None, looks))
            if not first.camera:
                return 0
            added = first.camera
        load(path)
        if start_service(path, default_folders()) is None:
            return 1
    if only_shows(socket_path()):
        looks = looks._replace(readonly=True)
    lines = first_look(socket_path())
    gc.disable()  # until all that is loaded now stands: nothing of it is garbage
    from vmstui.control.client import Client

    leave = shown(Client(socket_path()), looks, added=added, loaded=lambda: take_away(lines))
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


def shown(
    recorder: Recorder,
    looks: Looks = Looks(),  # noqa: B008 (a tuple)
    *,
    added: str = "",
    loaded: Callable[[], None] = lambda: None,
) -> Leave:
    """The dashboard; how it was left. A camera that was just `added` is followed; `loaded` is called before the
    dashboard has the screen. Raises UnknownGraphics.

    The terminal is asked which pictures it shows while the dashboard is loaded, which takes longer than an answer does.
    """
    from vmstui.cli.terminal import BOUND_S, asking
    from vmstui.tui import run
    from vmstui.tui.glyphs import needs_ascii

    gc.disable()
    coloured = not (looks.ascii_only or os.environ.get("NO_COLOR") or needs_ascii(sys.stdout.encoding))
    with asking(None, os.environ, coloured=coloured) as asked:
        import vmstui.tui.app  # noqa: F401

        terminal = asked.terminal(BOUND_S)
    gc.freeze()  # modules stay
    loaded()
    try:
        return run(recorder, **looks._asdict(), terminal=terminal, added=added)
    finally:
        gc.enable()


def first_screen(path: str, looks: Looks) -> First:
    """What somebody without a configuration wants to do."""
    from vmstui.tui.first_run import First, FirstRun

    app = FirstRun(path, readonly=looks.readonly, theme=looks.theme, ascii_only=looks.ascii_only, also=_elsewhere(path))
    return app.run(mouse=looks.mouse) or First()


def _elsewhere(path: str) -> str:
    """A recorder for the whole machine, which another user sees."""
    usual = "/etc/vmstui/vmstui.yaml"
    if path == usual or os.geteuid() == 0 or not os.path.lexists(os.path.dirname(usual)):
        return ""
    return "This machine has a recorder for everybody; its dashboard is: sudo vmstui"
