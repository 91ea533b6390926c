"""How severity looks: a sign, a word and a role, the same in the fleet, the findings, the details and the log. Pure.

What nobody knows has the sign `?` and ffmpeg's own word for it; of that an error stands between degraded and benign.
"""

from __future__ import annotations

from vmstui.findings import ERROR_LEVELS, Finding, Severity
from vmstui.model import CameraSnapshot
from vmstui.tui import glyphs
from vmstui.tui.lines import Role, Span

ROLE = {
    Severity.CRITICAL: Role.BAD,
    Severity.DEGRADED: Role.WARN,
    Severity.BENIGN: Role.DIM,
    Severity.INFO: Role.DIM,
}
MEANING = {
    Severity.CRITICAL: "nothing is made, or will not be soon",
    Severity.DEGRADED: "it is made, but damaged, late or at risk",
    Severity.BENIGN: "expected noise, as long as there is not too much of it",
    Severity.INFO: "something changed; nothing is wrong",
    None: "nobody knows that message; the word is ffmpeg's own",
}
_ORDER = {Severity.CRITICAL: 5, Severity.DEGRADED: 4, Severity.BENIGN: 2, Severity.INFO: 0}
_UNKNOWN_ERROR, _UNKNOWN = 3, 1
PROBLEM = _UNKNOWN_ERROR
"""What counts so much or more is a problem."""


def sign(severity: Severity | None) -> str:
    """One cell."""
    return glyphs.SEVERITY[severity]


def severity_span(severity: Severity, cells: int = 10) -> Span:
    """Sign and word; where there is no room for the word, its first letter."""
    word = f" {severity.value}" if cells >= 10 else severity.value[0].upper()
    return f"{sign(severity)}{word}", ROLE[severity]


def finding_span(finding: Finding) -> Span:
    """Of what nobody knows, ffmpeg's own level."""
    if finding.severity is not None:
        return severity_span(finding.severity)
    return f"{sign(None)} {finding.level}", Role.WARN if finding.level in ERROR_LEVELS else Role.TEXT


def weight(finding: Finding) -> int:
    """How much it counts: critical, degraded, unknown errors, benign, unknown others, info."""
    if finding.severity is None:
        return _UNKNOWN_ERROR if finding.level in ERROR_LEVELS else _UNKNOWN
    return _ORDER[finding.severity]


def camera_span(camera: CameraSnapshot, cells: int = 10) -> Span | None:
    """The worst of a camera; None where there is nothing."""
    if camera.severity is not None:
        return severity_span(camera.severity, cells)
    return (f"{sign(None)}{' error' if cells >= 10 else 'E'}", Role.WARN) if camera.finding else None


def rank(camera: CameraSnapshot) -> int:
    """Of a camera, for the order of the fleet: greater is worse, 0 where there is nothing that is a problem."""
    if camera.severity is None:
        return Severity.DEGRADED.rank if camera.finding else 0
    return camera.severity.rank + 1 if camera.severity.rank >= Severity.DEGRADED.rank else 0
