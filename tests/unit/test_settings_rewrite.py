"""The configuration is replaced as a whole, as its owner had it, and nobody's words are lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vmstui.settings import rewrite
from vmstui.settings.rewrite import CannotWrite, ChangedMeanwhile, forbidden, replace, write_secret


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "vmstui.yaml"
    path.write_bytes(b"old\n")
    path.chmod(0o640)
    return path


def test_mode_and_owner_stay_and_nothing_else_lies_about(config: Path) -> None:
    if os.geteuid() == 0:
        os.chown(config, 12345, 23456)
    before = config.stat()
    replace(str(config), b"old\n", b"new\n")
    after = config.stat()
    assert config.read_bytes() == b"new\n"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.listdir(config.parent) == ["vmstui.yaml"]


def test_what_somebody_else_saved_before_stays(config: Path) -> None:
    config.write_bytes(b"theirs\n")
    with pytest.raises(ChangedMeanwhile, match="changed by somebody else"):
        replace(str(config), b"old\n", b"new\n")
    assert config.read_bytes() == b"theirs\n"
    assert os.listdir(config.parent) == ["vmstui.yaml"]


def test_what_somebody_else_saves_in_the_very_last_moment_stays(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swap, first = rewrite._swap, [True]

    def saved_before(one: str, other: str) -> bool:
        if first.pop() if first else False:
            config.write_bytes(b"theirs\n")
        return swap(one, other)

    monkeypatch.setattr(rewrite, "_swap", saved_before)
    with pytest.raises(ChangedMeanwhile):
        replace(str(config), b"old\n", b"new\n")
    assert config.read_bytes() == b"theirs\n"
    assert os.listdir(config.parent) == ["vmstui.yaml"]


def test_a_file_system_that_cannot_exchange_will_do(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite, "_swap", lambda one, other: False)
    replace(str(config), b"old\n", b"new\n")
    assert config.read_bytes() == b"new\n"
    assert os.listdir(config.parent) == ["vmstui.yaml"]


def test_a_link_to_the_file_stays_one(config: Path) -> None:
    link = config.parent / "link.yaml"
    link.symlink_to(config.name)
    replace(str(link), b"old\n", b"new\n")
    assert link.is_symlink()
    assert config.read_bytes() == b"new\n"


def test_a_file_with_another_name_elsewhere_is_left(config: Path) -> None:
    os.link(config, config.parent / "other")
    with pytest.raises(CannotWrite, match="hard link"):
        replace(str(config), b"old\n", b"new\n")
    assert config.read_bytes() == b"old\n"


def test_a_new_file_is_for_its_owner_alone_and_never_over_another_one(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "vmstui.yaml"
    replace(str(path), None, b"new\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ChangedMeanwhile):
        replace(str(path), None, b"newer\n")
    assert path.read_bytes() == b"new\n"


def test_a_password_is_for_its_owner_alone_and_never_over_another_one(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "gate"
    write_secret(str(path), "pässword", None)
    assert path.read_text() == "pässword\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(CannotWrite):
        write_secret(str(path), "other", None)
    assert path.read_text() == "pässword\n"


def test_who_may_not_write_is_told_whose_it_is(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert forbidden(str(config)) == ""
    owner = config.owner()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert forbidden(str(config)) == f"{config} belongs to {owner}"
