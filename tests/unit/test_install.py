"""`make install` switches versions at one instant and takes away none that is still needed.

Python and pip are stand-ins here.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "config" / "install"
PYTHON = """#!/bin/sh
case "$2" in
  venv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  pip)
    [ ! -e "${0%/lib/*}/broken" ] || exit 1
    printf '#!/bin/sh\\nexit %s\\n' "$STATUS" >"${0%/*}/vmstui"
    chmod +x "${0%/*}/vmstui" ;;
esac
"""


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return tmp_path / "prefix"


def run(prefix: Path, what: str = "install", status: int = 3) -> subprocess.CompletedProcess[str]:
    """`status` is what the installed command says about a recorder: 3 for none."""
    environment = {**os.environ, "PREFIX": str(prefix), "PYTHON": str(prefix.parent / "python"), "STATUS": str(status)}
    return subprocess.run([SCRIPT, what], env=environment, capture_output=True, text=True, check=False)


def versions(prefix: Path) -> list[str]:
    return sorted(path.name for path in (prefix / "lib" / "vmstui").iterdir() if path.name != "current")


def current(prefix: Path) -> str:
    assert (prefix / "bin" / "vmstui").resolve() == (prefix / "lib" / "vmstui" / "current" / "bin" / "vmstui").resolve()
    return os.readlink(prefix / "lib" / "vmstui" / "current")


def test_the_version_before_stays_and_older_ones_go_unless_something_runs_from_them(prefix: Path) -> None:
    installed = []
    for _ in range(2):
        assert run(prefix).returncode == 0
        installed.append(current(prefix))
    assert versions(prefix) == installed
    program = prefix / "lib" / "vmstui" / installed[0] / "bin" / "sleep"
    program.symlink_to("/bin/sleep")
    worker = subprocess.Popen([program, "60"])
    try:
        run(prefix)
        installed.append(current(prefix))
        assert versions(prefix) == installed, "a worker still runs from the first"
    finally:
        worker.kill()
        worker.wait()
    run(prefix)
    installed.append(current(prefix))
    assert versions(prefix) == installed[-2:]
    assert run(prefix, "uninstall").returncode == 0
    assert [path for path in prefix.rglob("*") if not path.is_dir() or path.name == "vmstui"] == []


def test_an_installation_that_fails_leaves_everything_as_it_was(prefix: Path) -> None:
    run(prefix)
    before = current(prefix)
    (prefix / "broken").touch()
    assert run(prefix).returncode != 0
    assert (versions(prefix), current(prefix)) == ([before], before)


@pytest.mark.parametrize(("status", "told"), [(0, True), (1, True), (3, False)])
def test_who_has_a_recorder_running_is_told_what_comes_next(prefix: Path, status: int, told: bool) -> None:
    assert ("vmstui upgrade" in run(prefix, status=status).stdout) == told


def test_it_says_how_to_begin_also_where_the_shell_does_not_find_it(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run(prefix).stdout
    assert f"begin with it: {prefix}/bin/vmstui" in told
    assert f'export PATH="{prefix}/bin:$PATH"' in told
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{prefix}/bin")
    assert run(prefix).stdout.endswith("begin with it: vmstui\n")
