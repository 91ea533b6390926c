"""Findings, incidents and acknowledgements for tests of what is made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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

NOW = datetime(2025, 10, 20, 7, 54, 59, tzinfo=UTC)


def finding(
    message: str = "rtsp_unauthorized",
    severity: Severity | None = Severity.CRITICAL,
    camera: str = "gate",
    text: str = "method DESCRIBE failed: 401 Unauthorized",
    **changes: object,
) -> Finding:
    """Seen over the last five minutes; without `message` one that nobody knows."""
    plain = Finding(
        camera=camera,
        origin=Origin.INPUT,
        fingerprint=message or text,
        message=message,
        level="error",
        severity=severity if message else None,
        worst=severity if message else None,
        count=3,
        amount=3,
        rate_per_min=1.0,
        peak_per_min=2.0,
        spark=(1, 2),
        first=Seen(1, NOW - timedelta(minutes=5), text),
        last=Seen(9, NOW - timedelta(seconds=5), text),
        numbers={},
        examples=(text,),
        follows="",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def row(found: Finding | None = None, **changes: object) -> ExplainedFinding:
    """Goes on, and nobody acknowledged it."""
    plain = ExplainedFinding(found or finding(), "The camera refused the login.", "Look at the password.", "", True)
    return replace(plain, **changes)  # type: ignore[arg-type]


def acknowledgement(**changes: object) -> Acknowledgement:
    """Of a message on one camera, for good."""
    plain = Acknowledgement("a1b2", "no_frame", "gate", None, NOW - timedelta(hours=1), None, None, "root")
    return replace(plain, **changes)  # type: ignore[arg-type]


def incident(*cameras: str, **changes: object) -> Incident:
    """Goes on for ten minutes."""
    text = f"the RTSP server on this host refused, {len(cameras)} cameras"
    since = NOW - timedelta(minutes=10)
    plain = Incident("i1", "rtsp_refused", text, "Start the server.", Severity.CRITICAL, cameras, since, NOW)
    return replace(plain, **changes)  # type: ignore[arg-type]


def page(
    *rows: ExplainedFinding,
    incidents: tuple[Incident, ...] = (),
    acknowledgements: tuple[Acknowledgement, ...] = (),
    untold: tuple[UntoldLines, ...] = (),
) -> FindingsPage:
    """As a recorder tells it."""
    return FindingsPage(NOW, rows, incidents, acknowledgements, untold)
