"""The command `vmstui`: how it is begun, and what its exit codes are. What can be asked for is in `commands`.

Exit codes: 0 done, 1 the thing asked about is not well, 2 wrong use or wrong configuration, 3 no recorder answers.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from vmstui.cli import commands
from vmstui.cli.printing import print_what_can_be_printed

DONE, NOT_WELL, WRONG_USE, NO_RECORDER = 0, 1, 2, 3
TIME_OPTIONS = ("--from", "--to", "--at", "--since")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    print_what_can_be_printed()
    options = commands.whole_parser().parse_args(join_times(sys.argv[1:] if arguments is None else arguments))
    try:
        return _run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output left (`vmstui logs | head`): nothing to complain about.
        sys.stderr.close()
        return DONE


def join_times(arguments: Sequence[str]) -> list[str]:
    """The command line with `--from -2h` written as `--from=-2h`: argparse would take `-2h` for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in TIME_OPTIONS and argument[:1] == "-" and argument[1:2].isdigit():
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _run(options: Namespace) -> int:
    from vmstui.control.errors import RecorderError, RecorderLost
    from vmstui.settings.errors import SettingsError

    try:
        return commands.run(options)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_USE
    except RecorderLost as error:
        print(f"{error}. Start it with: vmstui up", file=sys.stderr)
        return NO_RECORDER
    except RecorderError as error:
        print(error, file=sys.stderr)
        return WRONG_USE
