"""Findings of an invented fleet: what its cameras are said to have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vmstui.findings import (
    Acknowledgement,
    ExplainedFinding,
    Finding,
    FindingsPage,
    Incident,
    Origin,
    Seen,
    Severity,
    UntoldLines,
)
from vmstui.model import CameraSnapshot

Message = tuple[str, str, Severity | None, Origin, str, str, str]
"""Id, level, severity, origin, cause, action, text."""

REFUSED: Message = (
    "live_refused", "error", Severity.DEGRADED, Origin.LIVE,
    "The live server does not take the stream: it is down, or listens elsewhere. Recording is not affected.",
    "Look whether the live server runs; the stream comes back by itself.",
    "Error opening output: Connection refused",
)  # fmt: skip
MESSAGES: tuple[Message, ...] = (
    ("login_refused", "error", Severity.CRITICAL, Origin.INPUT, "The camera refused its name or password.",
     "Correct its login in the configuration or its password file.", "method DESCRIBE failed: 401 Unauthorized"),
    ("no_route", "error", Severity.CRITICAL, Origin.INPUT, "There is no way to the camera: it is off, or the network"
     " between is broken.", "Is it powered, does it answer a ping?", "Connection to tcp://10.20.4.17:554 failed: No"
     " route to host"),
    ("rtp_missed", "warning", Severity.DEGRADED, Origin.INPUT, "Packets from the camera are lost on the way, so that"
     " pictures are damaged.", "Use TCP for this camera, or look at the network between.", "RTP: missed 12 packets"),
    ("", "error", None, Origin.PROCESS, "", "", "[vendor @ 0x5581] blob 41 exploded at 0x7f"),
    ("non_monotonic", "warning", Severity.BENIGN, Origin.RECORDING, "Times in the stream jumped back for a moment.",
     "Nothing, as long as it is rare.", "Non-monotonic DTS; previous: 43200, current: 43199; changing to 43201."),
    ("", "info", None, Origin.PROCESS, "", "", "Opening an eyelid"),
    ("missing_pps", "info", Severity.BENIGN, Origin.INPUT, "The camera's description of its stream lacks one of two"
     " parameter sets.", "Nothing, once per connection.", "Missing PPS in sprop-parameter-sets, ignoring"),
)  # fmt: skip


def finding(message: Message, camera: str, now: datetime, number: int, *, active: bool = True) -> ExplainedFinding:
    """One of them; `number` makes them differ."""
    id, level, severity, origin, cause, action, text = message  # noqa: A001 (the model's word)
    last = now - timedelta(seconds=3 + number * 7 if active else 4000 + 900 * number)
    spark = tuple((number * 13 + minute * minute) % 23 if active and minute > 12 else 0 for minute in range(30))
    return ExplainedFinding(
        Finding(
            camera, origin, id or text, id, level, severity, severity, 14 * 3**number, 14 * 3**number,
            float(spark[-1]), float(max(spark)), spark, Seen(4, now - timedelta(hours=2), text),
            Seen(190 + number, last, text), {"missed": 12} if id == "rtp_missed" else {}, (text,), "",
        ),
        cause, action, "libavformat/rtsp.c" if id else "", active,
    )  # fmt: skip


def page(cameras: Sequence[str], now: datetime, *, common: Sequence[str] = ()) -> FindingsPage:
    """Of a fleet of which camera 2 refuses its password and camera 5 cannot be reached; `common` are in an incident."""
    rows: list[ExplainedFinding] = []
    whose = ((2, 0), (5, 1), (7, 2), (1, 2), (9, 3), (3, 4), (8, 5), (0, 6))
    for order, (number, message) in enumerate(whose):
        if number < len(cameras):
            rows.append(finding(MESSAGES[message], cameras[number], now, order, active=number not in {1, 3}))
    known = Acknowledgement(
        "k7", "rtp_missed", "", Origin.INPUT, now - timedelta(hours=1), now + timedelta(hours=7), 50.0, "anna",
        "the switch in the basement is replaced on Monday",
    )  # fmt: skip
    if len(cameras) > 6:
        rows.append(replace(finding(MESSAGES[2], cameras[6], now, 1), acknowledgement=known, is_quiet=True))
    incidents: tuple[Incident, ...] = ()
    if common:
        rows += [replace(finding(REFUSED, camera, now, number), incident="i1") for number, camera in enumerate(common)]
        text = f"the RTSP server on this host refused, {len(common)} cameras"
        action = "Look whether the live server runs; streams come back by themselves."
        began = now - timedelta(minutes=6, seconds=12)
        incidents = (Incident("i1", "live_refused", text, action, Severity.DEGRADED, tuple(common), began, now),)
    untold = (UntoldLines(cameras[-1], 120, 12, 0),) if len(cameras) > 3 else ()
    return FindingsPage(now, tuple(rows), incidents, (known,), untold)


def acknowledged(
    camera: str,
    fingerprint: str,
    origin: str | None,
    now: datetime,
    for_s: float | None,
    ceiling_per_min: float | None,
    note: str,
) -> Acknowledgement:
    """As a recorder would answer."""
    until = now + timedelta(seconds=for_s) if for_s is not None else None
    about = Origin(origin) if origin is not None else None
    return Acknowledgement("k8", fingerprint, camera, about, now, until, ceiling_per_min, "anna", note)


def with_worst(camera: CameraSnapshot, page: FindingsPage) -> CameraSnapshot:
    """As the recorder tells it in a snapshot: the worst of its active findings that nobody acknowledged."""
    mine = [row for row in page.rows if row.finding.camera == camera.id and row.active and not row.is_quiet]
    known = [(row.finding.severity, row.cause) for row in mine if row.finding.severity is not None]
    severity, cause = max(known, key=lambda pair: pair[0].rank, default=(None, ""))
    return replace(camera, severity=severity, finding=cause)
