"""The configuration: found, read, checked with file and line, resolved into `model.Settings`.

`load` and what it returns, `diff` between two configurations, and where files and folders are. What only reading a
configuration needs is imported at its first use: commands that only look for the socket have no time for it.
"""

from typing import TYPE_CHECKING

from vmstui.settings.errors import SettingsError
from vmstui.settings.folders import Folders, default_folders, find_path, socket_path

if TYPE_CHECKING:
    from vmstui.settings.changes import CameraChange, Change, SettingsDiff, diff
    from vmstui.settings.loader import Loaded, load, load_secrets
    from vmstui.settings.problems import Problem
    from vmstui.settings.secrets import secret_values
else:
    _LATER = {
        "CameraChange": "changes",
        "Change": "changes",
        "Loaded": "loader",
        "Problem": "problems",
        "SettingsDiff": "changes",
        "diff": "changes",
        "load": "loader",
        "load_secrets": "loader",
        "secret_values": "secrets",
    }

    def __getattr__(name):
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)


__all__ = [
    "CameraChange",
    "Change",
    "Folders",
    "Loaded",
    "Problem",
    "SettingsDiff",
    "SettingsError",
    "default_folders",
    "diff",
    "find_path",
    "load",
    "load_secrets",
    "secret_values",
    "socket_path",
]
