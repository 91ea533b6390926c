"""What `vmstui bundle` takes on the command line, and how it is run."""

from __future__ import annotations

import argparse


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("camera", nargs="?", metavar="CAMERA", help="id of a camera (default: all)")
    parser.add_argument(
        "-o",
        dest="out",
        metavar="FILE.tar.gz",
        help="file to make (default: vmstui-bundle-TIME.tar.gz here); nothing is ever overwritten; - is stdout",
    )


def run_bundle(options: argparse.Namespace) -> int:
    """Run it."""
    from vmstui.cli.bundle import bundle

    return bundle(options.config, options.camera, options.out)
