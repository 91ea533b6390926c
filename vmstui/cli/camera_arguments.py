"""What commands on cameras as they are now take: stages, start, stop, restart, logs, history, samples."""

from __future__ import annotations

import argparse
import sys

from vmstui.cli.parsing import add_camera, add_json, positive

WRONG_USE = 2
_LINES_OF_JSON = "one JSON object a line"


def add_stages(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("cameras", nargs="*", metavar="CAMERA", help="id of a camera (default: all)")
    parser.add_argument("--seconds", type=_a_minute, default=10, metavar="S", help="how long it is measured (10)")
    add_json(parser)


def run_stages(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.stages import stages

    return stages(tuple(options.cameras), seconds=options.seconds, as_json=options.json)


def add_start(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _some_or_all(parser, "all cameras")
    add_json(parser)


add_stop = add_start


def add_restart(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _some_or_all(parser, "all cameras that are not stopped")
    parser.add_argument("--at-boundary", action="store_true", help="at the end of the open segment")
    parser.add_argument("--stop-first", action="store_true", help="end the old worker first, whatever is configured")
    add_json(parser)


def run_start(options: argparse.Namespace) -> int:
    """Run it, or `stop`."""
    return _command(options, {})


run_stop = run_start


def run_restart(options: argparse.Namespace) -> int:
    """Run it."""
    mode = "stop_first" if options.stop_first else None
    return _command(options, {"at_boundary": options.at_boundary, "mode": mode})


def add_logs(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_camera(parser)
    earlier = (
        "what the worker before the present one said, from its log files, without times where nobody knows them; "
        "-pp of the one before that, and so on. Takes a CAMERA"
    )
    level = "this level and worse; lines of which nobody knows the level always show"
    parser.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    parser.add_argument("-p", "--previous", action="count", default=0, help=earlier)
    parser.add_argument(
        "-n", "--lines", type=positive, default=100, metavar="N", help="the newest N lines, 2000 at most (100)"
    )
    parser.add_argument("--level", choices=("fatal", "error", "warning", "info"), help=level)
    add_json(parser, _LINES_OF_JSON)


def run_logs(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.logs import logs, previous

    if options.previous:
        if options.camera is None or options.follow:
            print("--previous takes the id of one camera, and does not go with --follow", file=sys.stderr)
            return WRONG_USE
        return previous(
            options.camera, options.previous, level=options.level, count=options.lines, as_json=options.json
        )
    return logs(options.camera, follow=options.follow, level=options.level, count=options.lines, as_json=options.json)


def add_history(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_camera(parser)
    parser.add_argument("-n", "--lines", type=positive, default=100, metavar="N", help="how many (100)")
    add_json(parser, _LINES_OF_JSON)


def run_history(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.history import history

    return history(options.camera, count=options.lines, as_json=options.json)


def add_samples(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    whose = "id of a camera, or @all, @service, @relay, @machine (default: all)"
    parser.add_argument("subject", nargs="?", metavar="CAMERA", help=whose)
    parser.add_argument("--at", metavar="T", help="the minutes around: 03:12, yesterday 03:12, 2025-10-20T03:12, -2h")
    parser.add_argument("--from", dest="since", metavar="T", help="the same forms; default: an hour before --to")
    parser.add_argument("--to", dest="until", metavar="T", help="the same forms; default: now")
    add_json(parser, _LINES_OF_JSON)


def run_samples(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.samples import Wanted, samples

    wanted = Wanted(options.subject, options.since, options.until, options.at)
    return samples(options.config, wanted, as_json=options.json, ascii_only=options.ascii)


def _some_or_all(parser: argparse.ArgumentParser, every: str) -> None:
    parser.add_argument("cameras", nargs="*", metavar="CAMERA", help="id of a camera")
    parser.add_argument("--all", action="store_true", help=every)
    parser.add_argument("--wait", action="store_true", help="return when it is done, and say what came of it")


def _command(options: argparse.Namespace, how: dict[str, bool | str | None]) -> int:
    from vmstui.cli.cameras import command

    return command(
        options.command,
        tuple(options.cameras),
        how,
        every=options.all,
        wait=options.wait,
        as_json=options.json,
    )


def _a_minute(text: str) -> int:
    value = positive(text)
    if value > 60:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted a whole number from 1 to 60")
    return value
