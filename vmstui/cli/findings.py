"""`vmstui findings [CAMERA]`: what the workers' messages mean and what to do, asked of the recorder that runs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vmstui.cli.findings_page import acknowledged_text, is_well, of_camera, page_lines, unexplained, unknown
from vmstui.cli.printing import text_width
from vmstui.cli.recorder_socket import socket_path
from vmstui.codec import from_json, to_json
from vmstui.control.call import call
from vmstui.findings import FindingsPage
from vmstui.sanitise import clean

WELL, NOT_WELL = 0, 1


@dataclass(frozen=True, slots=True)
class FindingsOptions:
    """What was asked for."""

    camera: str | None
    every: bool = False
    unknown: bool = False
    acknowledged: bool = False
    as_json: bool = False


def findings(options: FindingsOptions) -> int:
    """Print them. 0: nothing worse than benign goes on that nobody acknowledged, and no camera is down; 1: something
    does, or one is, unless it is only asked what was acknowledged. Raises RecorderLost where no recorder runs,
    RecorderError for a camera that there is not."""
    page = asked(options.camera)
    if options.acknowledged:
        if options.as_json:
            print(json.dumps(to_json(page.acknowledgements), indent=2))
        else:
            _print(acknowledged_text(page))
        return WELL
    snapshot = call(socket_path(), "snapshot")
    down = unexplained(page, snapshot["cameras"] if isinstance(snapshot, dict) else None, options.camera)
    if options.unknown:
        found = unknown(page)
        if options.as_json:
            print(json.dumps(to_json(tuple(found)), indent=2))
        else:
            from vmstui.triage.messages_file import MESSAGES_FILE
            from vmstui.triage.paste import entries

            print(entries(found) if found else f"# every line is known: nothing to add to {MESSAGES_FILE}")
    elif options.as_json:
        print(json.dumps(to_json(page), indent=2))
    else:
        single = options.camera is not None
        _print("\n".join(page_lines(page, text_width(), every=options.every, single=single, down=down)))
    return WELL if is_well(page) and not down else NOT_WELL


def asked(camera: str | None) -> FindingsPage:
    """What the recorder tells. Raises RecorderError."""
    return of_camera(from_json(FindingsPage, call(socket_path(), "findings", {"camera": camera})), camera)


def _print(text: str) -> None:
    print("\n".join(map(clean, text.split("\n"))))
