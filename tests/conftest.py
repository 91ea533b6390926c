"""For all tests: a property that takes long on a busy machine is no failed one, nobody's own keys, themes and choices
are read or written, no recorder of this machine is asked, what is started a thousand times is compiled once, no test is
made to give way to others, and tests that wait are run beside tests that calculate."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="vmstui-tests-")
os.environ["VMSTUI_RUNTIME"] = os.path.join(os.environ["XDG_STATE_HOME"], "run")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

# Containers like to set it; then every service, relay, command and simulated camera that a test starts compiles all of
# vmstui anew, which is half of what a test with a recorder takes of the CPU.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_TESTS, _nice = os.getpid(), os.nice


def _nice_elsewhere(by: int) -> int:
    """Commands such as `bundle` give way to recordings. Where a test calls one as a function, that would be this very
    process, and with it all tests after it and every recorder that they start."""
    return _nice(0 if os.getpid() == _TESTS else by)


os.nice = _nice_elsewhere

settings.register_profile("here", deadline=None)
settings.load_profile("here")

WAITING = ("faults", "integration", "triage")
"""Folders of tests with real recorders and real ffmpegs: they wait for footage far longer than they take of a CPU."""
AT_THE_END = 0.2
"""Of the tests that calculate, so many come when all that wait have begun, so that no worker is idle in the end."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`. Most of the time is waited, so there are twice as many workers as cores."""
    return 2 * len(os.sched_getaffinity(0))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several workers share the tests, which they take one by one: after each test that waits come some that
    calculate, so that at any time most workers wait."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    waiting = [item for item in items if item.path.parent.name in WAITING]
    others = [item for item in items if item.path.parent.name not in WAITING]
    if waiting:
        items[:] = interleaved(waiting, mixed(others))


def mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """The modules of each folder spread evenly: those of one folder may take ten times as long as those of another."""
    folders = dict.fromkeys(item.path.parent for item in items)
    rows = [[item for item in items if item.path.parent == folder] for folder in folders]
    begins: dict[Path, float] = {}
    for row in rows:
        for number, item in enumerate(row):
            begins.setdefault(item.path, number / len(row))
    return sorted(items, key=lambda item: begins[item.path])


def interleaved(waiting: list[pytest.Item], others: list[pytest.Item]) -> list[pytest.Item]:
    """After each of `waiting`, as many of the others as fall to it. Tests of a module that share something made for all
    of them stay together: it would be made anew for each."""
    share = len(others) * (1 - AT_THE_END) / len(waiting)
    found: list[pytest.Item] = []
    taken = 0
    for number, item in enumerate(waiting, 1):
        found.append(item)
        goes_on = number < len(waiting) and waiting[number].path == item.path
        if not (goes_on and _shares(item) and _shares(waiting[number])):
            upto = int(number * share)
            found += others[taken:upto]
            taken = upto
    return found + others[taken:]


def _shares(item: pytest.Item) -> bool:
    """Whether it asks for something that is made once for its module."""
    asked = getattr(item, "_fixtureinfo", None)
    made = asked.name2fixturedefs.values() if asked is not None else ()
    return any(fixtures[-1].scope in ("module", "class") for fixtures in made)
