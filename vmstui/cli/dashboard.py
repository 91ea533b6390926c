"""`vmstui` without a command: the dashboard over the recorder of this user, which is started first if need be."""

from __future__ import annotations

import sys

from vmstui.cli.lifecycle import running_service, socket_path, start_service
from vmstui.control.client import Client
from vmstui.settings import default_folders, find_path, load


def dashboard(config: str | None, *, readonly: bool, theme: str | None, ascii_only: bool) -> int:
    """Show the dashboard until the person leaves it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("the dashboard needs a terminal; `vmstui status` prints what it would show", file=sys.stderr)
        return 2
    if running_service(socket_path()) is None:
        path = find_path(config)
        load(path)
        if start_service(path, default_folders()) is None:
            return 1
    from vmstui.tui import run

    leave = run(Client(socket_path()), readonly=readonly, theme=theme, ascii_only=ascii_only)
    print(leave.sentence)
    return leave.exit_status
