"""Who imports what, seen at run time: import-linter reads the source, this reads `sys.modules` of a real process."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from functools import cache

import pytest

import vmstui

HEAVY = (
    "vmstui.configured",
    "vmstui.logged",
    "vmstui.model",
    "vmstui.recorder",
    "vmstui.settings.loader",
    "textual",
    "pydantic",
    "rich.console",
    "asyncio",
    "yaml",
    "psutil",
)


@cache
def imported_by(statement: str) -> frozenset[str]:
    """Modules in a fresh interpreter after a statement."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


def modules() -> list[str]:
    found = pkgutil.walk_packages(vmstui.__path__, "vmstui.")
    return sorted(module.name for module in found if module.name != "vmstui.__main__")


def test_nothing_but_the_dashboard_loads_textual() -> None:
    """All other modules, one after the other in one process: the first that brings it is named."""
    others = [name for name in modules() if not name.startswith("vmstui.tui")]
    assert len(others) > 150
    code = f"import importlib, sys\nfor name in {others}:\n    importlib.import_module(name)\n"
    code += "    if 'textual' in sys.modules: sys.exit(name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_dashboard_does_not_load_the_recorder() -> None:
    loaded = imported_by("import vmstui.tui.app")
    server = ("vmstui.control.server", "vmstui.control.browsing")
    forbidden = ("vmstui.recorder", *server, "vmstui.live", "vmstui.recording", "vmstui.ffmpeg")
    assert not [name for name in loaded if name.startswith(forbidden)]


def test_the_dashboard_loads_what_draws_pictures_only_where_they_are_drawn() -> None:
    """Sixels are for `vmstui still`; Textual's way in is changed only where answers of the terminal may come late."""
    loaded = imported_by("import vmstui.cli.dashboard, vmstui.tui.app")
    assert "vmstui.tui.graphics" in loaded
    assert not [name for name in ("vmstui.tui.sixel", "vmstui.tui.inlet", "vmstui.cli.drawing") if name in loaded]


@pytest.mark.parametrize("line", ["status --json", "logs", "logs cam1 --previous", "history --json"])
def test_what_only_asks_the_recorder_loads_nothing_heavy(line: str) -> None:
    """Not even dataclasses, of which the words of the model are made: what the recorder sends is passed on."""
    statement = f"from vmstui.cli import main\ntry: main({line.split()})\nexcept SystemExit: pass"
    loaded = imported_by("import os; os.environ['VMSTUI_RUNTIME'] = '/nonexistent'\n" + statement)
    assert "vmstui.control.call" in loaded
    assert not [name for name in (*HEAVY, "dataclasses", "vmstui.codec") if name in loaded]


def test_segments_loads_neither_the_configuration_nor_the_recorder() -> None:
    """What is asked of the catalogue is told at once; the configuration is read where times are to be shown and no
    recorder tells its zone."""
    statement = "from vmstui.cli import main\ntry: main(['segments', '--json'])\nexcept SystemExit: pass"
    loaded = imported_by("import os; os.environ['VMSTUI_STATE'] = '/nonexistent'\n" + statement)
    assert "vmstui.recording.catalogue" in loaded
    assert not [name for name in (*HEAVY, "vmstui.footage_accounts", "rich", "zoneinfo") if name in loaded]


def test_the_words_load_nothing_of_ours() -> None:
    loaded = imported_by("import vmstui.model")
    assert {name for name in loaded if name.startswith("vmstui")} == {
        "vmstui",
        "vmstui.configured",
        "vmstui.model",
        "vmstui.findings",
        "vmstui.footage",
        "vmstui.light_dataclass",
        "vmstui.measured",
    }


def test_the_service_loads_no_more_than_it_needs() -> None:
    """It has to fit many times on a small machine: no toolkit, no documentation renderer, and of Python itself nothing
    that brings megabytes for a function or two."""
    loaded = imported_by(
        "import vmstui.cli, vmstui.control.server\ntry: vmstui.cli.main(['--version'])\nexcept SystemExit: pass"
    )
    dear = ("shutil", "tempfile", "lzma", "bz2", "zipfile", "decimal", "statistics", "fractions", "email", "zoneinfo")
    assert not [name for name in ("textual", "rich", "pygments", "markdown_it", *dear) if name in loaded]
    assert not [name for name in loaded if name.startswith("vmstui.capacity")]
