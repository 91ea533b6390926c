"""Finds the files that come with vmstui: in a checkout they are beside the package, in a wheel inside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def config_folder() -> Path:
    """Folder of the example configuration, its schema, the shipped profiles and the systemd unit."""
    return _folder("config")


def themes_folder() -> Path:
    """Folder of the themes."""
    return _folder("themes")


def documentation() -> Path:
    """The README. Raises FileNotFoundError."""
    for path in (_PACKAGE / "docs" / "README.md", _PACKAGE.parent / "README.md"):
        if path.is_file():
            return path
    raise FileNotFoundError("vmstui is installed without its documentation; install it again")


def _folder(name: str) -> Path:
    """Raises FileNotFoundError for an installation that lost its files."""
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"vmstui is installed without its folder {name!r}; install it again")
