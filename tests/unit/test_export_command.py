"""What `vmstui export` takes, and how it shows how far it is."""

from __future__ import annotations

import argparse
import io
import json

import pytest

from vmstui.cli import export_arguments
from vmstui.cli.export_progress import BAR_CELLS, JsonLines, Lines, bar, shown_on


def _parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    export_arguments.add_export(parser)
    return parser.parse_args(arguments)


def test_camera_and_file_may_stand_anywhere_among_the_options() -> None:
    for arguments in (
        ("lobby", "--from=-2h", "--to", "now", "out.mp4"),
        ("--from=-2h", "lobby", "out.mp4", "--to", "now"),
        ("lobby", "out.mp4", "--to", "now", "--from=-2h"),
    ):
        options = _parsed(*arguments)
        assert (options.camera, options.out, options.since, options.until) == ("lobby", "out.mp4", "-2h", "now")
        assert (options.pin, options.verify, options.exact) == (None, None, False)
    assert _parsed("lobby", "out.mp4", "--from=a", "--to=b", "--pin").pin == ""
    assert _parsed("lobby", "out.mp4", "--from=a", "--to=b", "--pin=why").pin == "why"


def test_to_verify_a_manifest_needs_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert _parsed("--verify", "x.json", "--json").verify == "x.json"
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        _parsed("--json")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_line_that_is_wiped_in_the_end_and_a_file_gets_lines() -> None:
    terminal, file, program = _Terminal(), io.StringIO(), io.StringIO()
    for shown in (shown_on(terminal), shown_on(file), JsonLines(program)):
        with shown:
            for what, share in (("reading", 0.0), ("copying", 0.0), ("copying", 0.5), ("copying", 1.0)):
                shown.tell(what, share)
    assert terminal.getvalue().count("\r") == 5
    assert "\n" not in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert f"copying    {'#' * (BAR_CELLS // 2)}{'-' * (BAR_CELLS // 2)}  50%" in terminal.getvalue()
    assert file.getvalue().splitlines() == ["reading 0%", "copying 0%"]
    said = [json.loads(line)["progress"] for line in program.getvalue().splitlines()]
    assert said == [{"what": "reading", "share": 0.0}, {"what": "copying", "share": 0.0}]
    assert isinstance(shown_on(file), Lines)


def test_a_bar_never_wraps() -> None:
    assert len(bar("comparing", 1.0, 80)) <= 79
    assert len(bar("comparing", 0.3, 20)) == 19
    assert bar("comparing", 0.3, 0) == ""
