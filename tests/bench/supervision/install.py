"""The supervisors that vmstui is held against, in pinned versions and in a folder of their own.

Nothing of the machine's own installation is used or changed. What is there from an earlier run is used again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SUPERVISOR = "4.3.0"
CIRCUS = "0.19.0"
PM2 = "7.0.4"
_LIMIT_S = 300.0


class NotInstalled(Exception):
    """A supervisor that cannot be had here; the text says why."""


def from_pypi(folder: Path, package: str, version: str) -> Path:
    """The folder of programs of a Python package, in a virtual environment of its own. Raises NotInstalled."""
    environment = folder / f"{package}-{version}"
    if not (environment / "complete").exists():
        shutil.rmtree(environment, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(environment)])
        pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        _run([*pip, "install", f"{package}=={version}"])
        (environment / "complete").touch()
    return environment / "bin"


def from_npm(folder: Path, package: str, version: str) -> Path:
    """The folder of programs of an npm package, in a prefix of its own. Raises NotInstalled."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NotInstalled(f"{program} is not installed")
    prefix = folder / f"{package}-{version}"
    if not (prefix / "complete").exists():
        shutil.rmtree(prefix, ignore_errors=True)
        prefix.mkdir(parents=True)
        quiet = ["--no-fund", "--no-audit", "--loglevel=error"]
        _run(["npm", "install", "--prefix", str(prefix), *quiet, f"{package}@{version}"])
        (prefix / "complete").touch()
    return prefix / "node_modules" / ".bin"


def _run(argv: list[str]) -> None:
    try:
        ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{' '.join(argv)}: not done within {_LIMIT_S:g} s") from None
    if ended.returncode:
        lines = ended.stderr.decode(errors="replace").splitlines()
        error = next((line for line in lines if "error" in line.lower()), f"exit code {ended.returncode}")
        raise NotInstalled(f"{' '.join(argv)}: {error}")
