"""Promises about passwords: from the environment or a file, never shown, never blocking."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.settings_examples import CAMERA, HEAD
from vmstui.configured import Secret
from vmstui.settings import Loaded, SettingsError, load, secret_values


def with_password(folder: Path, password: str) -> Loaded:
    path = folder / "vmstui.yaml"
    path.write_text(HEAD + CAMERA + f"    password: {password}\n", encoding="utf-8")
    return load(str(path))


def refused(folder: Path, password: str) -> str:
    """The one error that this password gives."""
    with pytest.raises(SettingsError) as caught:
        with_password(folder, password)
    (problem,) = caught.value.problems
    assert "hunter2" not in str(problem)
    return str(problem)


def secret_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_password_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "hunter2 ü")
    result = with_password(tmp_path, "{env: CAMERA_PASSWORD}")
    assert result.settings.cameras[0].password == Secret("hunter2 ü", "env:CAMERA_PASSWORD")
    assert result.warnings == ()


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b" a b ", " a b "),
        ("pässwörd\n".encode(), "pässwörd"),
    ],
)
def test_a_password_from_a_file_beside_the_configuration(content: bytes, password: str, tmp_path: Path) -> None:
    path = secret_file(tmp_path, content)
    result = with_password(tmp_path, "{file: secret}")
    assert result.settings.cameras[0].password == Secret(password, f"file:{path}")
    assert result.warnings == ()


def test_a_file_that_everybody_can_read_is_warned_about(tmp_path: Path) -> None:
    path = secret_file(tmp_path, b"hunter2", mode=0o644)
    (warning,) = with_password(tmp_path, "{file: secret}").warnings
    assert str(warning).endswith(f"found {path}, which every user can read, accepted chmod 600 {path}")


def test_a_password_in_the_configuration_works_with_a_warning_that_does_not_show_it(tmp_path: Path) -> None:
    result = with_password(tmp_path, "hunter2")
    assert result.settings.cameras[0].password == Secret("hunter2", "inline")
    (warning,) = result.warnings
    assert str(warning) == (
        f"{tmp_path}/vmstui.yaml:5: cameras[0].password: found *** written into the file, "
        "accepted {env: NAME} or {file: PATH}, which keeps it out of copies and logs"
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty password"),
        (b"\n", "an empty password"),
        (b"hunter2\n\n", "*** with a line break or control character"),
        (b"hunter2\nhunter2\n", "*** with a line break or control character"),
        (b"hunter2\0", "*** with a line break or control character"),
        (b"hunter2\xff", "not UTF-8"),
        (b"hunter2" * 200, "longer than 1024 bytes"),
    ],
)
def test_a_file_that_is_no_password_is_refused_without_showing_it(content: bytes, says: str, tmp_path: Path) -> None:
    path = secret_file(tmp_path, content)
    problem = refused(tmp_path, "{file: secret}")
    assert says in problem
    assert str(path) in problem


def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path: Path) -> None:
    """Opening a FIFO would wait for a writer for ever."""
    os.mkfifo(tmp_path / "secret")
    assert "not an ordinary file" in refused(tmp_path, "{file: secret}")
    assert "not an ordinary file" in refused(tmp_path, "{file: .}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    secret_file(tmp_path, b"hunter2", mode=0)
    assert "Permission denied" in refused(tmp_path, "{file: secret}")


def test_an_empty_or_garbled_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "")
    assert "CAMERA_PASSWORD, which is empty" in refused(tmp_path, "{env: CAMERA_PASSWORD}")
    monkeypatch.setenv("CAMERA_PASSWORD", "hunter2\udcff")
    assert "*** that is not UTF-8 (env:CAMERA_PASSWORD)" in refused(tmp_path, "{env: CAMERA_PASSWORD}")


def test_no_password_is_in_the_text_of_the_settings(tmp_path: Path) -> None:
    assert "hunter2" not in repr(with_password(tmp_path, "hunter2"))


def test_all_passwords_are_known_to_whoever_masks_them(tmp_path: Path) -> None:
    path = tmp_path / "vmstui.yaml"
    text = HEAD + "live: {username: v, password: viewer-pw}\ncameras:\n"
    text += "  - {id: a, url: 'rtsp://u:p%40ss@h'}\n  - {id: b, url: 'rtsp://h', password: gate-pw}\n"
    path.write_text(text + "  - {id: c, url: 'rtsp://h'}\n", encoding="utf-8")
    assert secret_values(load(str(path)).settings) == ("gate-pw", "p@ss", "viewer-pw")
