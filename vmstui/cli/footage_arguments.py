"""What commands on recorded footage take: segments, gaps, verify, still."""

from __future__ import annotations

import argparse

from vmstui.cli.parsing import add_camera, add_json, positive


def add_segments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add_footage(parser)
    parser.add_argument("-n", "--count", type=positive, default=100, metavar="N", help="without --from (100)")
    parser.add_argument(
        "--rebuild", action="store_true", help="first make the catalogue anew from what lies in the recordings"
    )


def run_segments(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.asked import Asked
    from vmstui.cli.segments import segments

    asked = Asked(options.camera, options.since, options.until)
    return segments(options.config, asked, count=options.count, rebuild=options.rebuild, as_json=options.json)


def add_gaps(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add_footage(parser)
    parser.add_argument("--days", action="store_true", help="a line for each camera and day of that time")


def run_gaps(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.asked import Asked
    from vmstui.cli.recorded import gaps

    return gaps(
        options.config, Asked(options.camera, options.since, options.until), days=options.days, as_json=options.json
    )


def add_verify(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add_footage(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--deep", action="store_true", help="decode every frame: takes a while")
    how.add_argument("--live", action="store_true", help="watch the live streams instead, as players do")


def run_verify(options: argparse.Namespace) -> int:
    """Run it."""
    if options.live:
        from vmstui.cli.verify_live import verify_live

        return verify_live(options.camera, as_json=options.json)
    from vmstui.cli.asked import Asked
    from vmstui.cli.verify import verify_command

    footage = Asked(options.camera, options.since, options.until)
    return verify_command(options.config, footage, deep=options.deep, as_json=options.json)


def add_still(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("source", metavar="CAMERA|FILE", help="id of a camera, or a recording file")
    parser.add_argument("--at", metavar="T", help="2025-10-20T07:54, 07:54, yesterday 07:54, -2h; default: now")
    parser.add_argument("-o", dest="out", metavar="FILE.png", help="file to make; nothing is ever overwritten")
    parser.add_argument(
        "--graphics",
        choices=("auto", "kitty", "sixel", "blocks"),
        help="how it is drawn on a terminal (else $VMSTUI_GRAPHICS, else auto: as the terminal says it can)",
    )
    parser.add_argument("--as", dest="form", choices=("png", "ppm"), help=argparse.SUPPRESS)  # for the dashboard
    parser.add_argument("--fit", type=_pixels, help=argparse.SUPPRESS)


def run_still(options: argparse.Namespace) -> int:
    """Run it."""
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


def _add_footage(parser: argparse.ArgumentParser) -> None:
    add_camera(parser)
    parser.add_argument("--from", dest="since", metavar="T", help="2025-10-20T07:54, 07:54, yesterday 07:54, -2h")
    parser.add_argument("--to", dest="until", metavar="T", help="the same forms; default: now")
    add_json(parser, "one JSON object a line")


def _pixels(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return positive(width), positive(height)
