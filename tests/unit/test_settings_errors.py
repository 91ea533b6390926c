"""Promises about wrong configurations: every error at once, with file and line, and no secret in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.settings_examples import BAD, CAMERA, HEAD, Bad
from vmstui.settings import Problem, SettingsError, load
from vmstui.settings.keys import ROOT, SecretKey, Section


def problems(path: Path, text: str) -> tuple[Problem, ...]:
    """The errors of a configuration that must have some."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(str(path))
    return caught.value.problems


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_each_mistake_is_named_with_file_line_key_and_what_is_accepted(bad: Bad, tmp_path: Path) -> None:
    path = tmp_path / "vmstui.yaml"
    found = problems(path, bad.text)
    assert any(str(problem).startswith(f"{path}:{bad.line}: ") and bad.says in str(problem) for problem in found), found
    assert not any("hunter2" in str(problem) for problem in found)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_one_mistake_gives_one_error(bad: Bad, tmp_path: Path) -> None:
    """Whoever corrects a file should not have to tell causes from consequences."""
    lines = [str(problem) for problem in problems(tmp_path / "vmstui.yaml", bad.text)]
    if not bad.text.startswith(HEAD):
        lines = [line for line in lines if "recordings: found nothing" not in line] or lines
    assert len(lines) == 1


def test_all_mistakes_are_listed_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        "recordings: srv\nsegment: {length: 1s}\ncamras: []\nlive: {server: x}\n"
        "cameras:\n  - {id: A, url: x, profile: nope}\n  - {id: b, password: {env: NO_VAR_}}\n"
    )
    found = problems(tmp_path / "vmstui.yaml", text)
    assert [problem.key for problem in found] == [
        "recordings",
        "segment.length",
        "camras",
        "live.server",
        "cameras[0].id",
        "cameras[0].url",
        "cameras[0].profile",
        "cameras[1].url",
        "cameras[1].password.env",
    ]


def test_every_key_of_the_table_is_read_and_refused_where_it_is_wrong(tmp_path: Path) -> None:
    """A key that the table has and the loader forgot would be accepted without any effect."""
    for dotted in single_keys(ROOT):
        *sections, name = dotted
        body = f"{name}: [wrong]"
        for section in reversed(sections):
            members = {"list": f"[{{{body}}}]", "map": f"{{name: {{{body}}}}}", "one": f"{{{body}}}"}
            body = f"{section.name}: {members[section.shape]}"
        found = problems(tmp_path / "vmstui.yaml", body + "\n")
        assert any(problem.key.endswith(name) and problem.found == "a list" for problem in found), body


def single_keys(section: Section) -> list[tuple[*tuple[Section, ...], str]]:
    """Every key with a single value, below the sections it is in."""
    paths: list[tuple[*tuple[Section, ...], str]] = []
    for field in section.fields:
        if isinstance(field, Section):
            paths += [(field, *below) for below in single_keys(field)]
        else:
            paths.append((field.name,))
    return paths


def test_an_unreadable_file_is_one_clear_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(SettingsError) as caught:
            load(str(path))
        (problem,) = caught.value.problems
        assert str(problem).startswith(f"{path}: found ")
        assert "--config or $VMSTUI_CONFIG" in str(problem)


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2",
        "password: [hunter2",
        "password: {hunter2}",
        "password: {hunter2: 1, hunter2: 2}",
        "password: {env: hunter2!}",
        "password: *hunter2",
        "password: !hunter2",
        "password: !a!hunter2 b",
        "password: '${hunter2}'",
        "password: '${hunter2}",
        "password: %hunter2",
        "password: @hunter2",
        "password: |hunter2",
        'password: "\\hunter2"',
        "password: hunter2: hunter2",
        "password: 'hunter2' hunter2",
        "password: 'hunter2\\nx",
        'password: "hunter2\\n"',
        "password: {file: hunter2: hunter2}",
        "password: &hunter2",
        "password:\n      - hunter2",
        "password:\n      hunter2: hunter2",
        "passwrd: hunter2",
        "url: rtsp://admin:hunter2",
        "url: hunter2",
        "profile: rtsp://admin:hunter2@host/x",
        "transport: rtsp://admin:hunter2@host/x",
        "password:hunter2: x",
        "'password=hunter2': x",
        "url: rtsp://admin:hunter2@",
        "url: hunter2://x",
        "url: rtsp://admin:hunter2@[::1/x",
        "url: 'rtsp://admin:hunter2 @h/x'",
        "username: [hunter2]",
    ],
)
def test_no_error_shows_a_password_however_it_was_mistyped(line: str, tmp_path: Path) -> None:
    text = HEAD + CAMERA.replace("    url: rtsp://camera.example/stream\n", "") + f"    {line}\n"
    found = problems(tmp_path / "vmstui.yaml", text)
    assert not any("unter2" in str(problem) for problem in found), found


def test_the_table_gives_every_key_a_meaning_and_a_default_that_it_accepts() -> None:
    def walk(section: Section) -> None:
        for field in section.fields:
            assert field.help.endswith("."), field.name
            if isinstance(field, Section):
                walk(field)
            elif not isinstance(field, SecretKey):
                assert not (field.default and field.otherwise), field.name
                if field.default is not None:
                    field.kind.parse(field.default)

    walk(ROOT)
