"""`vmstui keys`: the keys of the dashboard that are in use, as a file to be edited and kept; needs no recorder."""

from __future__ import annotations

import os
import sys

from vmstui.settings.folders import KEYS_FILE, own_folder
from vmstui.tui.actions import use_keys
from vmstui.tui.keymap import load_keymap, template

DONE, WRONG = 0, 2


def keys() -> int:
    """Print them; 2, and the usual ones, where the person's file is wrong."""
    path = os.path.join(own_folder(), KEYS_FILE)
    keymap = load_keymap(path)
    use_keys(keymap.own)
    print(template(path), end="")
    for problem in keymap.problems:
        print(problem, file=sys.stderr)
    if keymap.problems:
        print("so the keys in use are the usual ones", file=sys.stderr)
    return WRONG if keymap.problems else DONE
