"""What `vmstui export` takes on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


class Alone(argparse.Action):
    """An option that needs nothing of what is required without it."""

    def __init__(self, *arguments: object, instead_of: Sequence[argparse.Action], **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self._instead_of = instead_of

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, values)
        for action in self._instead_of:
            action.required = False


def add_export(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    needed = [
        parser.add_argument("camera", metavar="CAMERA", help="id of a camera"),
        parser.add_argument("--from", dest="since", metavar="T", required=True, help="2025-10-20T07:54, 07:54, -2h, …"),
        parser.add_argument("--to", dest="until", metavar="T", required=True, help="the same, or now"),
        parser.add_argument("out", metavar="OUT.mp4", help="file to make; nothing is ever overwritten"),
    ]
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--exact", action="store_true", help="from frame to frame; re-encodes its edges")
    how.add_argument("--exact-all", action="store_true", help="from frame to frame; re-encodes all of it, as H.264")
    parser.add_argument(
        "--manifest", action="store_true", help="write OUT.mp4.manifest.json, for evidence: SHA-256 of all files"
    )
    parser.add_argument(
        "--pin", nargs="?", const="", metavar="NOTE", help="keep the footage itself from being deleted (--pin=NOTE)"
    )
    parser.add_argument(
        "--verify", action=Alone, instead_of=needed, metavar="MANIFEST", help="see whether an export is still the same"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line: progress, at last the result")


def run_export(options: argparse.Namespace) -> int:
    """Run it."""
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
            anew=options.exact_all,
            manifest=options.manifest,
            pin=options.pin,
            as_json=options.json,
        )
    )
