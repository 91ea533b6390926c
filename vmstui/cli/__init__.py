"""The command `vmstui`: what can be asked for on the command line, and nothing of how it is done.

Exit codes: 0 done, 1 the thing asked about is not well, 2 wrong use or wrong configuration, 3 no recorder answers. Each
command imports what it needs when it runs, so that `vmstui status` does not wait for Textual.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from vmstui import __version__
from vmstui.cli import (
    bench_arguments,
    bundle_arguments,
    capacity_arguments,
    export_arguments,
    findings_arguments,
    report_arguments,
)
from vmstui.cli.printing import print_what_can_be_printed

DONE, NOT_WELL, WRONG_USE, NO_RECORDER = 0, 1, 2, 3
TIME_OPTIONS = ("--from", "--to", "--at", "--since")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    print_what_can_be_printed()
    options = _parser().parse_args(join_times(sys.argv[1:] if arguments is None else arguments))
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


def _run(options: argparse.Namespace) -> int:
    from vmstui.control.errors import RecorderError, RecorderLost
    from vmstui.settings import SettingsError

    try:
        return _dispatch(options)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_USE
    except RecorderLost as error:
        print(f"{error}. Start it with: vmstui up", file=sys.stderr)
        return NO_RECORDER
    except RecorderError as error:
        print(error, file=sys.stderr)
        return WRONG_USE


def _dispatch(options: argparse.Namespace) -> int:
    match options.command:
        case None:
            from vmstui.cli.dashboard import dashboard

            return dashboard(options.config, readonly=options.readonly, theme=options.theme, ascii_only=options.ascii)
        case "demo":
            from vmstui.cli.demo import DemoOptions, demo

            return demo(
                DemoOptions(
                    cameras=options.cameras, seconds=options.seconds, as_json=options.json, folder=options.folder
                )
            )
        case "up":
            from vmstui.cli.lifecycle import up

            return up(options.config, foreground=options.foreground, trial=options.trial)
        case "down":
            from vmstui.cli.lifecycle import down

            return down(options.config)
        case "upgrade":
            from vmstui.cli.upgrade import upgrade

            return upgrade(options.python, as_json=options.json)
        case "systemd-unit":
            from vmstui.cli.systemd_unit import systemd_unit

            return systemd_unit(options.config)
        case "status":
            from vmstui.cli.status import status

            return status(as_json=options.json, watch=options.watch)
        case "stages":
            from vmstui.cli.stages import stages

            return stages(tuple(options.cameras), seconds=options.seconds, as_json=options.json)
        case "start" | "stop" | "restart":
            from vmstui.cli.cameras import command

            how: dict[str, bool | str | None] = {}
            if options.command == "restart":
                how = {"at_boundary": options.at_boundary, "mode": "stop_first" if options.stop_first else None}
            return command(
                options.command,
                tuple(options.cameras),
                how,
                every=options.all,
                wait=options.wait,
                as_json=options.json,
            )
        case "logs":
            from vmstui.cli.logs import logs, previous

            if options.previous:
                if options.camera is None or options.follow:
                    print("--previous takes the id of one camera, and does not go with --follow", file=sys.stderr)
                    return WRONG_USE
                return previous(options.camera, level=options.level, count=options.lines, as_json=options.json)
            return logs(
                options.camera, follow=options.follow, level=options.level, count=options.lines, as_json=options.json
            )
        case "history":
            from vmstui.cli.history import history

            return history(options.camera, count=options.lines, as_json=options.json)
        case "samples":
            from vmstui.cli.samples import Wanted, samples

            wanted = Wanted(options.subject, options.since, options.until, options.at)
            return samples(options.config, wanted, as_json=options.json, ascii_only=options.ascii)
        case "export":
            from vmstui.cli.export import ExportOptions, export, verify

            if options.verify is not None:
                return verify(options.verify, as_json=options.json)
            return export(
                ExportOptions(
                    config=options.config,
                    camera=options.camera,
                    since=options.since,
                    until=options.until,
                    out=options.out,
                    exact=options.exact,
                    manifest=options.manifest,
                    pin=options.pin,
                    as_json=options.json,
                )
            )
        case "still":
            from vmstui.cli.still import StillOptions, still

            return still(
                StillOptions(
                    config=options.config,
                    source=options.source,
                    at=options.at,
                    out=options.out,
                    form=options.form,
                    fit=options.fit,
                    ascii_only=options.ascii,
                    graphics=options.graphics,
                )
            )
        case "segments" | "gaps":
            from vmstui.cli.asked import Asked

            asked = Asked(options.camera, options.since, options.until)
            if options.command == "gaps":
                from vmstui.cli.recorded import gaps

                return gaps(options.config, asked, as_json=options.json)
            from vmstui.cli.segments import segments

            return segments(options.config, asked, count=options.count, rebuild=options.rebuild, as_json=options.json)
        case "verify":
            if options.live:
                from vmstui.cli.verify_live import verify_live

                return verify_live(options.camera, as_json=options.json)
            from vmstui.cli.asked import Asked
            from vmstui.cli.verify import verify_command

            footage = Asked(options.camera, options.since, options.until)
            return verify_command(options.config, footage, deep=options.deep, as_json=options.json)
        case "storage":
            from vmstui.cli.storage import storage

            return storage(options.config, accept=options.accept, as_json=options.json)
        case "triage":
            from vmstui.cli.triage import TriageOptions, triage

            return triage(TriageOptions(options.config, options.file, options.json, options.unknown))
        case "findings":
            return findings_arguments.run_findings(options)
        case "acknowledge":
            return findings_arguments.run_acknowledge(options)
        case "unacknowledge":
            return findings_arguments.run_unacknowledge(options)
        case "bundle":
            return bundle_arguments.run_bundle(options)
        case "capacity":
            from vmstui.capacity.words import Question
            from vmstui.cli.capacity import CapacityOptions, capacity

            question = Question(options.profile, options.budget, options.cameras, options.retention)
            return capacity(CapacityOptions(question, options.per_camera, as_json=options.json))
        case "report":
            from vmstui.cli.report import ReportOptions, report

            return report(ReportOptions(options.config, options.since, options.html, options.out))
        case "bench":
            from vmstui.cli.bench import BenchOptions, bench

            return bench(
                BenchOptions(
                    config=options.config,
                    cameras=tuple(options.cameras),
                    simulated=options.simulated,
                    size=options.size,
                    fps=options.fps,
                    codec=options.codec,
                    profile=options.profile,
                    rounds=options.rounds,
                    seconds=options.seconds,
                    as_json=options.json,
                    markdown=options.markdown,
                )
            )
        case "retention":
            from vmstui.cli.retention import retention

            return retention(
                options.config,
                dry=options.dry_run,
                act=options.now,
                trust_clock=options.trust_clock,
                as_json=options.json,
            )
        case "lock":
            from vmstui.cli.locks import lock

            return lock(
                options.config,
                options.camera,
                since=options.since,
                until=options.until,
                note=options.note,
                as_json=options.json,
            )
        case "unlock":
            from vmstui.cli.locks import unlock

            return unlock(options.id)
        case "locks":
            from vmstui.cli.locks import locks

            return locks(options.config, as_json=options.json)
        case "config":
            return _config(options)
    raise AssertionError(options.command)


def _config(options: argparse.Namespace) -> int:
    from vmstui.cli import config_commands

    match options.config_command:
        case "check":
            return config_commands.check(options.config, options.json)
        case "show":
            return config_commands.show(options.config, options.json)
        case "schema":
            return config_commands.schema()
        case "example":
            return config_commands.example()
        case "diff":
            if options.new is not None:
                return config_commands.diff(options.config, options.new, options.json)
            from vmstui.cli.lifecycle import reload

            return reload(as_json=options.json, dry_run=True)
        case "reload":
            from vmstui.cli.lifecycle import reload

            return reload(as_json=options.json)
    raise AssertionError(options.config_command)


class _Help(argparse.HelpFormatter):
    """As wide as the terminal. argparse would ask `shutil` for that, which a service keeps in memory for ever, and with
    it what packs archives."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


class _Parser(argparse.ArgumentParser):
    """The whole command, or a part of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Help, **options)


def _columns() -> int:
    """As `shutil.get_terminal_size` has them."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ is not None else 1).columns or 80
    except (OSError, ValueError):
        return 80


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
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
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    # Accepted before and after the command; SUPPRESS keeps the later place from erasing what the earlier one said.
    everywhere = _Parser(add_help=False)
    everywhere.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="configuration file")

    def add(name: str, help_: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help_, description=help_, parents=[everywhere])

    demo = add("demo", "simulated cameras, recorded and shown: nothing to configure")
    demo.add_argument("--cameras", type=_positive, default=2, metavar="N", help="how many (default 2)")
    demo.add_argument("--seconds", type=_positive, default=30, metavar="S", help="how long without a terminal (30)")
    demo.add_argument("--json", action="store_true", help="print JSON instead of a table; implies no terminal")
    demo.add_argument("--folder", metavar="DIR", help="where everything goes (default: a new temporary folder)")

    up = add("up", "start the recorder service")
    up.add_argument("--foreground", action="store_true", help="stay in the terminal; for systemd")
    up.add_argument("--trial", action="store_true", help=argparse.SUPPRESS)  # asked by `upgrade` of a new version
    add("down", "stop recording and end the service")
    add("systemd-unit", "print a systemd unit that starts the recorder at boot: docs/service.md")

    upgrade = add("upgrade", "put this version in the place of the running service; recording goes on")
    upgrade.add_argument("--python", metavar="PATH", help="the version of this interpreter instead")
    upgrade.add_argument("--json", action="store_true", help="as JSON")

    status = add("status", "what the recorder does now")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.add_argument("--watch", action="store_true", help="again every second until interrupted")

    stages = add("stages", "what workers spend their CPU time on: demux, decode, filter, encode, mux")
    stages.add_argument("cameras", nargs="*", metavar="CAMERA", help="id of a camera (default: all)")
    stages.add_argument("--seconds", type=_a_minute, default=10, metavar="S", help="how long it is measured (10)")
    stages.add_argument("--json", action="store_true", help="as JSON")

    for name, help_ in (
        ("start", "record cameras"),
        ("stop", "stop recording cameras until they are started again"),
        ("restart", "replace the workers of cameras"),
    ):
        command = add(name, help_)
        command.add_argument("cameras", nargs="*", metavar="CAMERA", help="id of a camera")
        every = "all cameras that are not stopped" if name == "restart" else "all cameras"
        command.add_argument("--all", action="store_true", help=every)
        command.add_argument("--wait", action="store_true", help="return when it is done, and say what came of it")
        if name == "restart":
            command.add_argument("--at-boundary", action="store_true", help="at the end of the open segment")
            command.add_argument(
                "--stop-first", action="store_true", help="end the old worker first, whatever is configured"
            )
        command.add_argument("--json", action="store_true", help="as JSON")

    logs = add("logs", "what ffmpeg and the recorder said, newest last")
    logs.add_argument("camera", nargs="?", metavar="CAMERA", help="id of a camera (default: all)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    logs.add_argument("-p", "--previous", action="store_true", help="of the run before the present one")
    logs.add_argument("-n", "--lines", type=_positive, default=100, metavar="N", help="lines to begin with (100)")
    logs.add_argument("--level", choices=("fatal", "error", "warning", "info"), help="this level and worse")
    logs.add_argument("--json", action="store_true", help="one JSON object a line")

    history = add("history", "every start, end, restart and automatic action, with its reason, newest last")
    history.add_argument("camera", nargs="?", metavar="CAMERA", help="id of a camera (default: all)")
    history.add_argument("-n", "--lines", type=_positive, default=100, metavar="N", help="how many (100)")
    history.add_argument("--json", action="store_true", help="one JSON object a line")

    samples = add("samples", "what was measured, of the last hour or of a time: CPU, memory, frames, drops, warnings")
    samples.add_argument(
        "subject",
        nargs="?",
        metavar="CAMERA",
        help="id of a camera, or @all, @service, @relay, @machine (default: all)",
    )
    samples.add_argument("--at", metavar="T", help="the minutes around: 03:12, yesterday 03:12, 2025-10-20T03:12, -2h")
    samples.add_argument("--from", dest="since", metavar="T", help="the same forms; default: an hour before --to")
    samples.add_argument("--to", dest="until", metavar="T", help="the same forms; default: now")
    samples.add_argument("--json", action="store_true", help="one JSON object a line")

    export_arguments.add_to(add("export", "footage of a camera from one time to another as one MP4 file"))
    for name, help_ in (
        ("segments", "what was recorded: the newest segments, or those of a time, with their verdicts"),
        ("gaps", "what was not recorded, for how long and why, and the share that was; of today, or of a time"),
        ("verify", "look recorded segments through again: is every one still what it was when it was recorded"),
    ):
        footage = add(name, help_)
        footage.add_argument("camera", nargs="?", metavar="CAMERA", help="id of a camera (default: all)")
        footage.add_argument("--from", dest="since", metavar="T", help="2025-10-20T07:54, 07:54, yesterday 07:54, -2h")
        footage.add_argument("--to", dest="until", metavar="T", help="the same forms; default: now")
        footage.add_argument("--json", action="store_true", help="one JSON object a line")
        if name == "verify":
            how_deep = footage.add_mutually_exclusive_group()
            how_deep.add_argument("--deep", action="store_true", help="decode every frame: takes a while")
            how_deep.add_argument("--live", action="store_true", help="watch the live streams instead, as players do")
        if name == "segments":
            footage.add_argument("-n", "--count", type=_positive, default=100, metavar="N", help="without --from (100)")
            footage.add_argument(
                "--rebuild", action="store_true", help="first make the catalogue anew from what lies in the recordings"
            )

    still = add("still", "a picture: of what is recorded now, of a time, or of a file; a PNG, or drawn on a terminal")
    still.add_argument("source", metavar="CAMERA|FILE", help="id of a camera, or a recording file")
    still.add_argument("--at", metavar="T", help="2025-10-20T07:54, 07:54, yesterday 07:54, -2h; default: now")
    still.add_argument("-o", dest="out", metavar="FILE.png", help="file to make; nothing is ever overwritten")
    still.add_argument(
        "--graphics",
        choices=("auto", "kitty", "sixel", "blocks"),
        help="how it is drawn on a terminal (else $VMSTUI_GRAPHICS, else auto: as the terminal says it can)",
    )
    still.add_argument("--as", dest="form", choices=("png", "ppm"), help=argparse.SUPPRESS)  # for the dashboard
    still.add_argument("--fit", type=_pixels, help=argparse.SUPPRESS)

    storage = add("storage", "the recordings folder: is it there, is it the one that was recorded to, has it room")
    storage.add_argument(
        "--accept", action="store_true", help="record to what the path leads to now, though it is another disk or new"
    )
    storage.add_argument("--json", action="store_true", help="as JSON")

    capacity_arguments.add_to(add("capacity", "how many more cameras fit, and what ends it"))
    bench_arguments.add_to(add("bench", "what cameras cost with a process per output, in one process, and by copy"))

    report_arguments.add_to(add("report", "what was measured, as one file to read or to hand on: Markdown or HTML"))

    findings_arguments.add_findings(add("findings", "what the workers' messages mean and what to do, the worst first"))
    findings_arguments.add_acknowledge(add("acknowledge", "a kind of message is known: no need to tell it again"))
    findings_arguments.add_unacknowledge(add("unacknowledge", "take an acknowledgement back: it is told again"))

    bundle_arguments.add_bundle(add("bundle", "one masked archive for a bug report; also without a recorder"))

    triage = add("triage", "what an ffmpeg log from anywhere says, what it means and what to do; needs no recorder")
    triage.add_argument("file", nargs="?", metavar="FILE|-", help="the log, also gzipped (default: standard input)")
    form = triage.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--unknown", action="store_true", help="what no entry matches, as entries for messages.yaml")

    retention = add("retention", "what goes when, and why: by age, by size, for free space")
    how = retention.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="list what would be deleted now")
    how.add_argument("--now", action="store_true", help="delete it now instead of within a minute; needs no recorder")
    retention.add_argument("--trust-clock", action="store_true", help="go by age also after a jump of the clock")
    retention.add_argument("--json", action="store_true", help="as JSON")

    lock = add("lock", "keep footage of a camera from being deleted by retention")
    lock.add_argument("camera", metavar="CAMERA", help="id of a camera")
    lock.add_argument("--from", dest="since", required=True, metavar="T", help="2025-10-20T07:54, 07:54, -2h, …")
    lock.add_argument("--to", dest="until", required=True, metavar="T", help="the same; may be later than now")
    lock.add_argument("--note", default="", metavar="TEXT", help="why")
    lock.add_argument("--json", action="store_true", help="as JSON")
    unlock = add("unlock", "give a lock back: what it kept is deleted when its time has come")
    unlock.add_argument("id", type=_positive, metavar="ID", help="number of the lock, as `vmstui locks` lists it")
    locks = add("locks", "what is locked, and how much of it there is")
    locks.add_argument("--json", action="store_true", help="one JSON object a line")

    config = add("config", "check, show, compare or reload the configuration")
    actions = config.add_subparsers(dest="config_command", metavar="ACTION", required=True)
    for name, help_ in (
        ("check", "list everything that is wrong, with file and line"),
        ("show", "the configuration as understood, with the origin of every value"),
        ("schema", "the JSON schema"),
        ("example", "a complete, commented example"),
        ("diff", "what a reload would change and which cameras it would restart; with FILE, what differs in that file"),
        ("reload", "have the recorder read its configuration again"),
    ):
        action = actions.add_parser(name, help=help_, description=help_, parents=[everywhere])
        if name not in ("schema", "example"):
            action.add_argument("--json", action="store_true", help="as JSON")
        if name == "diff":
            action.add_argument("new", nargs="?", metavar="FILE", help="compare the configuration file with this one")
    return parser


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted a whole number from 1")
    return value


def _a_minute(text: str) -> int:
    value = _positive(text)
    if value > 60:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted a whole number from 1 to 60")
    return value


def _pixels(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return _positive(width), _positive(height)
