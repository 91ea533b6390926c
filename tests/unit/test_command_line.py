"""The command line as a whole: every command is listed and has its own help, and only the chosen one costs anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.test_imports import imported_by
from vmstui.cli import commands, main
from vmstui.cli.commands import COMMANDS, Command

NAMES = [command.name for command in COMMANDS]


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    """Exit code, output and errors of a command line that argparse itself answers."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_help_lists_every_command_with_what_it_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = shown(capsys, "--help")
    assert code == 0
    listed = re.findall(r"^    (\S+)\s+(\S.*)$", out, re.MULTILINE)
    assert listed == [(command.name, command.help) for command in COMMANDS]


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_help_of_a_command_says_the_same_and_how_it_is_called(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = shown(capsys, command.name, "-h")
    assert code == 0
    assert out.startswith(f"usage: vmstui {command.name} [-h] [--config FILE]")
    assert f"\n\n{command.help}\n\n" in out
    assert callable(commands.runner(command))


@pytest.mark.parametrize("line", ["stat", "help", "--readonly nope"])
def test_a_command_that_there_is_not_is_wrong_use_and_all_there_are_are_named(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = shown(capsys, *line.split())
    assert code == 2
    assert f"invalid choice: {line.split()[-1]!r} (choose from" in error
    assert all(name in error for name in NAMES)


def test_the_configuration_may_be_named_before_and_after_the_command_and_the_later_one_holds(tmp_path: Path) -> None:
    parse = commands.whole_parser().parse_args
    assert parse(["--config", "a", "status"]).config == "a"
    assert parse(["status", "--config", "a"]).config == "a"
    assert parse(["--config", "a", "config", "--config", "b", "check", "--conf", "c"]).config == "c"
    assert parse(["status"]).config is None


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.name in ("logs", "config", "bench")])
def test_a_command_line_loads_what_its_own_command_takes_and_nothing_of_others(command: Command) -> None:
    loaded = imported_by(
        f"from vmstui.cli import main\ntry: main(['{command.name}', '--no-such-option'])\nexcept SystemExit: pass"
    )
    arguments = {name for name in loaded if name.startswith("vmstui.cli.") and name.endswith("_arguments")}
    assert arguments == {f"vmstui.cli.{command.of}_arguments"}
    ours = {name for name in loaded if name.startswith("vmstui.")} - arguments
    assert ours == {"vmstui.cli", "vmstui.cli.commands", "vmstui.cli.parsing", "vmstui.cli.printing"}


def test_no_command_line_loads_dataclasses_before_its_command_runs() -> None:
    assert "dataclasses" not in imported_by("from vmstui.cli import main\ntry: main(['-h'])\nexcept SystemExit: pass")
