"""The configuration: found, read, checked with file and line, resolved into `model.Settings`.

`load` and what it returns, `diff` between two configurations, and where files and folders are. PyYAML is imported only
once a file is read.
"""

from vmstui.settings.folders import Folders, default_folders, find_path, socket_path
from vmstui.settings.loader import Loaded, load
from vmstui.settings.problems import Problem, SettingsError

__all__ = [
    "Folders",
    "Loaded",
    "Problem",
    "SettingsError",
    "default_folders",
    "find_path",
    "load",
    "socket_path",
]
