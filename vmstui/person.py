"""Who asks: the name that a lock is noted with."""

from __future__ import annotations

import os

from vmstui.sanitise import clean


def person() -> str:
    """The user who runs this process, also behind sudo."""
    import getpass

    try:
        return clean(os.environ.get("SUDO_USER") or getpass.getuser())
    except (KeyError, OSError):  # no such user in the database
        return str(os.getuid())
