"""The table of all commands, in the order in which help lists them.

Who adds one adds a row, and to the module named in it `vmstui/cli/…_arguments.py` two functions: `add_logs` gives the
parser of `logs` what that takes, `run_logs` runs it and gives its exit code. Such a module imports next to nothing. It
is loaded when a command of it is the chosen one, and no other parser is made; what a command needs it imports when it
runs, so that `vmstui status` does not wait for Textual.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import NamedTuple, cast

from vmstui import __version__
from vmstui.cli.parsing import Fill, LateParser, Parser

Run = Callable[[Namespace], int]


class Command(NamedTuple):
    """One command. A tuple, as dataclasses take longer to import than all of this."""

    name: str
    help: str
    """One line."""
    of: str
    """What its `…_arguments` module is about."""


COMMANDS = (
    Command("demo", "simulated cameras, recorded and shown: nothing to configure", "service"),
    Command("up", "start the recorder service", "service"),
    Command("down", "stop recording and end the service", "service"),
    Command("systemd-unit", "print a systemd unit that starts the recorder at boot: docs/service.md", "service"),
    Command("upgrade", "put this version in the place of the running service; recording goes on", "service"),
    Command("status", "what the recorder does now", "service"),
    Command("probe", "what a camera sends: codec, size, frame rate, bitrate, keyframes, sound", "adding"),
    Command("add", "record one more camera: looks at it, shows the change of the configuration, asks", "adding"),
    Command("edit", "another name, address, profile or limit of a camera", "adding"),
    Command("remove", "record a camera no longer; its footage stays", "adding"),
    Command("stages", "what workers spend their CPU time on: demux, decode, filter, encode, mux", "camera"),
    Command("start", "record cameras", "camera"),
    Command("stop", "stop recording cameras until they are started again", "camera"),
    Command("restart", "replace the workers of cameras", "camera"),
    Command("logs", "what ffmpeg and the recorder said, newest last", "camera"),
    Command("history", "every start, end, restart and automatic action, with its reason, newest last", "camera"),
    Command(
        "samples", "what was measured, of the last hour or of a time: CPU, memory, frames, drops, warnings", "camera"
    ),
    Command("export", "footage of a camera from one time to another as one MP4 file", "export"),
    Command("segments", "what was recorded: the newest segments, or those of a time, with their verdicts", "footage"),
    Command(
        "gaps", "what was not recorded, for how long and why, and the share that was; of today, or of a time", "footage"
    ),
    Command(
        "verify", "look recorded segments through again: is every one still what it was when it was recorded", "footage"
    ),
    Command(
        "still", "a picture: of what is recorded now, of a time, or of a file; a PNG, or drawn on a terminal", "footage"
    ),
    Command(
        "storage", "the recordings folder: is it there, is it the one that was recorded to, has it room", "keeping"
    ),
    Command("capacity", "how many more cameras fit, and what ends it", "capacity"),
    Command("bench", "what cameras cost with a process per output, in one process, and by copy", "bench"),
    Command("report", "what was measured, as one file to read or to hand on: Markdown or HTML", "report"),
    Command("findings", "what the workers' messages mean and what to do, the worst first", "findings"),
    Command("acknowledge", "a kind of message is known: no need to tell it again", "findings"),
    Command("unacknowledge", "take an acknowledgement back: it is told again", "findings"),
    Command("bundle", "one masked archive for a bug report; also without a recorder", "bundle"),
    Command(
        "triage", "what an ffmpeg log from anywhere says, what it means and what to do; needs no recorder", "triage"
    ),
    Command("retention", "what goes when, and why: by age, by size, for free space", "keeping"),
    Command("lock", "keep footage of a camera from being deleted by retention", "keeping"),
    Command("unlock", "give a lock back: what it kept is deleted when its time has come", "keeping"),
    Command("locks", "what is locked, and how much of it there is", "keeping"),
    Command("keys", "the keys of the dashboard in use, as a file to be edited and kept: docs/dashboard.md", "keys"),
    Command("config", "check, show, compare or reload the configuration", "config"),
)


def whole_parser() -> Parser:
    """Of the whole command line. Of each command it knows no more than its row, until that is chosen."""
    parser = Parser(
        prog="vmstui",
        description="A video recorder operated over SSH. Without a command: the dashboard; it starts the recorder "
        "service if none runs, and leaving it leaves the recording on.",
        epilog="Exit codes: 0 done, 1 something is not well, 2 wrong use or configuration, 3 no recorder answers.",
    )
    parser.add_argument("--version", action="version", version=f"vmstui {__version__}")
    parser.add_argument("--config", metavar="FILE", help="configuration file (else $VMSTUI_CONFIG, else the usual one)")
    parser.add_argument("--readonly", action="store_true", help="dashboard without the keys that change anything")
    parser.add_argument("--theme", metavar="NAME", help="theme of the dashboard")
    parser.add_argument("--ascii", action="store_true", help="dashboard in plain ASCII")
    parser.add_argument(
        "--wallboard", action="store_true", help="dashboard that begins with all cameras and no keys, for a wall"
    )
    parser.add_argument("--no-mouse", action="store_true", help="dashboard that leaves the mouse to the terminal")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=LateParser)
    for command in COMMANDS:
        commands.add_parser(command.name, help=command.help, description=command.help, fill=partial(filler, command))
    return parser


def run(options: Namespace) -> int:
    """Run the command that was chosen, or the dashboard, and give its exit code."""
    if options.command is None:
        from vmstui.cli.dashboard import dashboard, looks_of

        return dashboard(options.config, looks_of(options))
    chosen = next(command for command in COMMANDS if command.name == options.command)
    return runner(chosen)(options)


def filler(command: Command) -> Fill:
    """What gives the parser of a command what it takes."""
    return cast(Fill, _function("add", command))


def runner(command: Command) -> Run:
    """What runs it."""
    return cast(Run, _function("run", command))


def _function(does: str, command: Command) -> object:
    module = import_module(f"vmstui.cli.{command.of}_arguments")
    return getattr(module, f"{does}_{command.name.replace('-', '_')}")
