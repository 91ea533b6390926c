"""Promises about where configuration, state and sockets are."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from vmstui.settings import Folders, SettingsError, default_folders, find_path, socket_path
from vmstui.settings.folders import own_state_folder

VARIABLES = ("VMSTUI_CONFIG", "VMSTUI_STATE", "VMSTUI_RUNTIME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")


@pytest.fixture(params=[0, 1000], ids=["root", "user"])
def uid(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run as root and as a user, with a home and nothing else set."""
    number: int = request.param
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setattr(os, "geteuid", lambda: number)
    return number


def test_the_usual_places(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    if uid == 0:
        assert find_path() == "/etc/vmstui/vmstui.yaml"
        assert default_folders() == Folders("/var/lib/vmstui", "/run/vmstui")
    else:
        assert find_path() == "/home/ann/.config/vmstui/vmstui.yaml"
        assert default_folders() == Folders("/home/ann/.local/state/vmstui", "/run/user/1000/vmstui")


def test_without_a_session_the_sockets_are_below_the_state_folder(uid: int) -> None:
    expected = "/run/vmstui" if uid == 0 else "/home/ann/.local/state/vmstui/run"
    assert default_folders().runtime == expected


def test_the_xdg_variables_count_for_users_unless_they_are_relative(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if uid == 0:
        return
    monkeypatch.setenv("XDG_CONFIG_HOME", "/conf")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/ann")
    assert find_path() == "/conf/vmstui/vmstui.yaml"
    assert default_folders() == Folders("/state/vmstui", "/run/ann/vmstui")
    for name in VARIABLES[3:]:
        monkeypatch.setenv(name, "relative")
    assert find_path() == "/home/ann/.config/vmstui/vmstui.yaml"
    assert default_folders() == Folders("/home/ann/.local/state/vmstui", "/home/ann/.local/state/vmstui/run")


def test_what_is_named_comes_first(uid: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VMSTUI_CONFIG", "/a.yaml")
    monkeypatch.setenv("VMSTUI_STATE", "/data")
    monkeypatch.setenv("VMSTUI_RUNTIME", "sockets")
    assert find_path() == "/a.yaml"
    assert find_path("b.yaml") == "b.yaml"
    assert default_folders() == Folders("/data", f"{tmp_path}/sockets")


def test_a_socket_path_that_is_too_long_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = "/" + "a" * 93
    assert len(socket_path(fits, "control.sock")) == 107
    monkeypatch.setenv("VMSTUI_RUNTIME", fits + "a")
    with pytest.raises(SettingsError) as caught:
        default_folders()
    assert str(caught.value) == (
        f"{fits}a/control.sock: found a socket path of 108 bytes, accepted at most 107 bytes, the limit of Unix "
        "sockets; set VMSTUI_RUNTIME to a folder with a shorter path"
    )


def test_the_limit_is_that_of_the_system(tmp_path: Path) -> None:
    """Held against the kernel: 107 bytes can be bound, 108 cannot."""
    base = f"{tmp_path}/"
    with socket.socket(socket.AF_UNIX) as good, socket.socket(socket.AF_UNIX) as bad:
        good.bind(base + "a" * (107 - len(base)))
        with pytest.raises(OSError, match="too long"):
            bad.bind(base + "b" * (108 - len(base)))


def test_what_a_person_chose_is_in_their_own_state_also_of_root(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_state_folder() == "/home/ann/.local/state/vmstui"
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert own_state_folder() == "/state/vmstui"
