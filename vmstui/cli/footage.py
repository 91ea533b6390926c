"""What the commands about footage have in common: they open the catalogue themselves and need no recorder."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.guard import Guard, WrongFolder
from vmstui.recording.locking import LockRefused
from vmstui.recording.owner import INSTALLATION
from vmstui.settings import default_folders
from vmstui.times import TimeError

NOT_WELL, WRONG_USE = 1, 2


class Refused(Exception):
    """Wrong use; the text says what is accepted."""


def state_folder() -> Path:
    """Of this user's recorder."""
    return Path(default_folders().state)


def open_catalogue(*, readonly: bool = True) -> Catalogue:
    """That of this user's recorder. Raises CatalogueError."""
    return Catalogue.open(state_folder() / FILE_NAME, readonly=readonly)


def warn_while_filling(catalogue: Catalogue) -> None:
    """A catalogue that is being filled tells of a part of the footage only."""
    if catalogue.fresh:
        print("the catalogue is being filled: some segments may not be in it yet", file=sys.stderr)


def guard() -> Guard:
    """Of the recordings folder of this user's recorder."""
    state, installation = state_folder(), ""
    with contextlib.suppress(OSError):
        installation = (state / INSTALLATION).read_text().strip()
    return Guard(state, installation)


def told(run: Callable[[], int]) -> int:
    """Run a command and tell its errors: exit code 2 for wrong use, 1 where footage cannot be got at."""
    try:
        return run()
    except (Refused, LockRefused, TimeError) as error:
        print(error, file=sys.stderr)
        return WRONG_USE
    except (CatalogueError, WrongFolder) as error:
        print(error, file=sys.stderr)
        return NOT_WELL
