"""The configuration: found, read, checked with file and line, resolved into `model.Settings`.

`load` and what it returns, `diff` between two configurations, and where files and folders are. PyYAML is imported only
once a file is read.
"""

from vmstui.settings.changes import CameraChange, Change, SettingsDiff, diff
from vmstui.settings.folders import Folders, default_folders, find_path, socket_path
from vmstui.settings.loader import Loaded, load
from vmstui.settings.problems import Problem, SettingsError
from vmstui.settings.secrets import secret_values

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
    "secret_values",
    "socket_path",
]
