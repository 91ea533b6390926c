"""The unit around the recorder: found, judged, and never a reason not to start. And the unit that is printed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from vmstui.cli.systemd_unit import unit_text
from vmstui.recorder import unit
from vmstui.recorder.unit import Unit, being_shut_down, ends_at_logout, harms, look, unit_of
from vmstui.resources import config_folder

SERVICE = Unit("vmstui.service", of_user=False)
SESSION = Unit("session-3.scope", of_user=False)
USERS = "0::/user.slice/user-1000.slice/user@1000.service"


@pytest.mark.parametrize(
    ("cgroups", "found"),
    [
        ("0::/system.slice/vmstui.service\n", SERVICE),
        ("12:pids:/system.slice/ssh.service\n1:name=systemd:/system.slice/vmstui.service\n0::/\n", SERVICE),
        ("1:name=systemd:/system.slice/vmstui.service\n0::/system.slice/vmstui.service\n", SERVICE),
        ("0::/system.slice/system-vmstui.slice/vmstui@a.service/inner\n", Unit("vmstui@a.service", False)),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", SESSION),
        (f"{USERS}/app.slice/vmstui.service\n", Unit("vmstui.service", True)),
        (f"{USERS}/tmux-spawn-1.scope\n", Unit("tmux-spawn-1.scope", True)),
        ("0::/\n", None),
        ("9:name=systemd:/\n8:pids:/\n0::/\n", None),
        ("0::/docker/0123456789ab\n", None),
        ("", None),
    ],
)
def test_the_unit_is_found_in_the_cgroups_of_both_versions(cgroups: str, found: Unit | None) -> None:
    assert unit_of(cgroups) == found


def test_the_shipped_unit_does_no_harm() -> None:
    lines = (config_folder() / "vmstui.service").read_text().splitlines()
    shipped = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert {"KillMode", "OOMPolicy", "TasksMax"} <= set(shipped)
    assert harms(SERVICE, shipped, cameras=1000) == ()
    assert "dbus.service" in shipped["After"].split()  # a service with User= asks over it whether this is a shutdown


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"KillMode": "control-group"}, "found KillMode=control-group, accepted KillMode=process: when the service is"),
        ({"KillMode": "mixed"}, "found KillMode=mixed, accepted KillMode=process"),
        ({"KillMode": "none"}, "a service that hangs cannot be replaced"),
        ({"OOMPolicy": "stop"}, "systemd ends the service too"),
        ({"OOMPolicy": "kill"}, "systemd ends all recordings too"),
        ({"OOMPolicy": "stop", "KillMode": "mixed"}, "systemd ends all recordings too"),
        ({"TasksMax": "319"}, "found TasksMax=319, accepted TasksMax=infinity or at least 320: 4 cameras"),
    ],
)
def test_what_would_end_recordings_is_named_with_unit_found_and_accepted(
    properties: dict[str, str], words: str
) -> None:
    found = harms(SERVICE, properties, cameras=4)
    assert len(found) == len(properties)
    assert all(text.startswith("vmstui.service: found ") for text in found)
    assert words in " ".join(found)


@pytest.mark.parametrize("properties", [{}, {"TasksMax": "320"}, {"TasksMax": "18446744073709551615"}])
def test_what_is_unknown_or_enough_is_no_harm(properties: dict[str, str]) -> None:
    assert harms(SERVICE, properties, cameras=4) == ()


def test_a_scope_is_not_restarted_so_its_kill_mode_does_no_harm() -> None:
    assert harms(SESSION, {"KillMode": "control-group", "OOMPolicy": "stop"}, cameras=4) == ()


@pytest.mark.parametrize(
    ("where", "lingers", "logind", "words"),
    [
        (SESSION, None, {"KillUserProcesses": "yes", "KillExcludeUsers": "root"}, "found KillUserProcesses=yes"),
        (SESSION, None, {"KillUserProcesses": "no", "KillOnlyUsers": "bob ann"}, "found KillOnlyUsers=bob ann"),
        (SESSION, None, {"KillUserProcesses": "yes", "KillExcludeUsers": "root ann"}, ""),
        (SESSION, None, {"KillUserProcesses": "yes", "KillOnlyUsers": "bob"}, ""),
        (SESSION, None, {"KillUserProcesses": "no"}, ""),
        (SESSION, None, {}, ""),
        (SERVICE, None, {"KillUserProcesses": "yes"}, ""),
        (Unit("vmstui.service", True), False, {}, "cure: loginctl enable-linger ann"),
        (Unit("vmstui.service", True), True, {}, ""),
        (Unit("vmstui.service", True), None, {"KillUserProcesses": "yes"}, ""),
    ],
)
def test_a_logout_that_would_end_the_recorder_is_told(
    where: Unit, lingers: bool | None, logind: dict[str, str], words: str
) -> None:
    found = ends_at_logout(where, "ann", lingers, logind)
    assert len(found) == bool(words)
    assert words in "".join(found)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH: what lies in it answers as systemd."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(unit, "own_unit", lambda: Unit("vmstui.service", True))
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_systemd_of_the_user_is_asked_about_a_unit_of_the_user(programs: Path) -> None:
    question = "--user show --property=KillMode,OOMPolicy,TasksMax -- vmstui.service"
    program(programs, "systemctl", f'[ "$*" = "{question}" ] && echo KillMode=mixed')
    program(programs, "loginctl", "echo Linger=no")
    killed, logout = look(cameras=1)
    assert "found KillMode=mixed" in killed
    assert "found Linger=no" in logout


def test_shutdown_is_known_by_the_word_of_systemd_whatever_its_exit_code(programs: Path) -> None:
    program(programs, "systemctl", '[ "$*" = "--user is-system-running" ] && echo stopping; exit 1')
    assert being_shut_down()
    program(programs, "systemctl", "echo degraded; exit 1")
    assert not being_shut_down()


def test_a_systemd_that_is_missing_mute_or_hangs_is_waited_for_briefly_and_blames_nobody(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look(cameras=1) == ()
    program(programs, "systemctl", "echo 'Failed to connect to bus' >&2; exit 1")
    assert look(cameras=1) == ()
    monkeypatch.setattr(unit, "ANSWER_TIMEOUT_S", 0.2)
    program(programs, "systemctl", "exec /bin/sleep 60")
    before = time.monotonic()
    assert look(cameras=1) == ()
    assert not being_shut_down()
    assert time.monotonic() - before < 30


def test_the_printed_unit_carries_the_command_and_the_places_in_use() -> None:
    shipped = (config_folder() / "vmstui.service").read_text()
    text = unit_text(shipped, ["/opt/my cams/vmstui"], {"VMSTUI_STATE": '/srv/50% "x"', "VMSTUI_CONFIG": "/etc/c.yaml"})
    assert '\nExecStart="/opt/my cams/vmstui" up --foreground\n' in text
    assert '\nExecReload="/opt/my cams/vmstui" config reload\n' in text
    service = text.split("[Service]")[1].split("[Install]")[0]
    assert '\nEnvironment="VMSTUI_STATE=/srv/50%% \\"x\\""\n' in service
    assert "\nEnvironment=VMSTUI_CONFIG=/etc/c.yaml\n" in service
    assert unit_text(shipped, ["/usr/local/bin/vmstui"], {}) == shipped
