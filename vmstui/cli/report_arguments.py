"""What `vmstui report` takes on the command line."""

from __future__ import annotations

import argparse


def add_report(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "--since",
        default="24h",
        metavar="T",
        help="how far back: 24h, 7d, 90m, or a time such as 2025-10-20T07:54, yesterday 07:54 (default 24h)",
    )
    parser.add_argument(
        "--html", action="store_true", help="one HTML file with charts instead of Markdown; also by a name in .html"
    )
    parser.add_argument(
        "-o", dest="out", required=True, metavar="FILE", help="file to make; nothing is ever overwritten; - is stdout"
    )


def run_report(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.report import ReportOptions, report

    return report(ReportOptions(options.config, options.since, options.html, options.out))
