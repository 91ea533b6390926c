"""`vmstui acknowledge` and `unacknowledge`: a person says that a kind of message is known, or takes that back."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass

from vmstui.cli.findings import asked
from vmstui.cli.findings_page import promised
from vmstui.cli.recorder_socket import socket_path
from vmstui.codec import Json, from_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.findings import Acknowledgement, ExplainedFinding
from vmstui.person import person
from vmstui.sanitise import clean
from vmstui.spoken import fit, names

KNOWN_SHOWN = 20
NAME_CHARACTERS = 40
_SHOWN_CELLS = 70
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(?:\d{1,6}[smhdw])+", re.ASCII)
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(?:/(s|m|min|h))?", re.ASCII)
_PER_MINUTE = {"s": 60.0, "m": 1.0, "min": 1.0, "h": 1 / 60}
LONGEST_S = 3650 * 86_400.0


@dataclass(frozen=True, slots=True)
class AcknowledgeOptions:
    """What was said."""

    finding: str
    camera: str | None
    everywhere: bool
    origin: str | None
    for_s: float | None
    ceiling_per_min: float | None
    note: str
    as_json: bool = False


def acknowledge(options: AcknowledgeOptions) -> int:
    """Note it with the recorder. Raises RecorderLost, and RecorderError for a finding that there is not."""
    rows = asked(options.camera).rows
    fingerprint, on = chosen(rows, options.finding, options.origin)
    camera = options.camera if options.camera is not None else "" if options.everywhere else _only(on, options.finding)
    answer = call(
        socket_path(),
        "acknowledge",
        {
            "camera": camera,
            "fingerprint": fingerprint,
            "origin": options.origin,
            "for_s": options.for_s,
            "ceiling_per_min": options.ceiling_per_min,
            "note": clean(options.note),
            "by": person()[:NAME_CHARACTERS],
        },
    )
    return _told(answer, options.as_json, "acknowledged")


def unacknowledge(identity: str, *, as_json: bool) -> int:
    """Take one back. Raises RecorderLost, and RecorderError where there is none of that id."""
    return _told(
        call(socket_path(), "unacknowledge", {"id": identity, "by": person()[:NAME_CHARACTERS]}), as_json, "told again"
    )


def chosen(rows: tuple[ExplainedFinding, ...], said: str, origin: str | None) -> tuple[str, tuple[str, ...]]:
    """The one fingerprint that is meant, and the cameras that have it: by the id of a message, or by the beginning of
    a text that nobody knows, as it is shown. Raises RecorderError where it is none or several."""
    considered = [row for row in rows if origin is None or row.finding.origin.value == origin]
    wanted = _folded(said)
    exact = [row for row in considered if wanted and wanted in (row.finding.message, _folded(row.finding.fingerprint))]
    found = exact or [row for row in considered if wanted and not row.finding.message and _begins(row, wanted)]
    kinds = {row.finding.fingerprint: row for row in found}
    if len(kinds) == 1:
        (fingerprint,) = kinds
        return fingerprint, tuple(dict.fromkeys(row.finding.camera for row in found))
    if kinds:
        raise RecorderError(f"{said!r} may mean several findings; say more of:\n{_known(tuple(kinds.values()))}")
    if not considered:
        raise RecorderError(f"no finding {said!r}: there are none{f' about {origin}' if origin is not None else ''}")
    raise RecorderError(f"no finding {said!r}; there are:\n{_known(tuple(considered))}")


def seconds(text: str) -> float:
    """`8h`, `7d`, `1d12h`, in seconds. Raises ValueError."""
    total = 0
    if _SPAN.fullmatch(text):
        total = sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhdw])", text))
    if not 0 < total <= LONGEST_S:
        raise ValueError(f"found {text!r}, accepted a time such as 8h, 7d or 1d12h, at most 3650d")
    return float(total)


def per_minute(text: str) -> float:
    """`30/min`, `30`, `2/s`, `5/h`. Raises ValueError."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"found {text!r}, accepted a rate such as 30/min, 2/s or 5/h")
    return float(match[1]) * _PER_MINUTE[match[2] or "min"]


def _only(cameras: tuple[str, ...], said: str) -> str:
    if len(cameras) > 1:
        on = names(list(cameras), 8)
        raise RecorderError(f"{said!r} is found on {len(cameras)} cameras: name one of {on}, or say --everywhere")
    return cameras[0]


def _begins(row: ExplainedFinding, wanted: str) -> bool:
    finding = row.finding
    texts = (finding.fingerprint, *finding.examples, finding.first.text, finding.last.text)
    return any(_folded(text).startswith(wanted) for text in texts)


def _folded(text: str) -> str:
    """As it may be copied from a screen, where it was cut."""
    return " ".join(text.split()).removesuffix("…").rstrip()


def _known(rows: tuple[ExplainedFinding, ...]) -> str:
    texts = {row.finding.message or (row.finding.examples or (row.finding.fingerprint,))[0] for row in rows}
    shown = [f"  {clean(fit(text, _SHOWN_CELLS).rstrip())}" for text in sorted(texts)]
    more = [f"  and {len(shown) - KNOWN_SHOWN} more: vmstui findings --all"] if len(shown) > KNOWN_SHOWN else []
    return "\n".join([*shown[:KNOWN_SHOWN], *more])


def _told(answer: Json, as_json: bool, what: str) -> int:
    if as_json:
        print(json.dumps(answer))
        return 0
    one = from_json(Acknowledgement, answer)
    about = f", {one.origin.value}" if one.origin is not None else ""
    print(clean(f"{what}: {fit(one.fingerprint, _SHOWN_CELLS).rstrip()}, {one.camera or 'everywhere'}{about}"))
    if what == "acknowledged":
        print(clean(f"quiet {promised(one)}; told again by: vmstui unacknowledge {one.id}"))
    sys.stdout.flush()
    return 0
