"""From what went wrong to what the next start waits for, and to whose matter it is that nothing is recorded.

Tables and one function, pure; called when a worker ended or a camera refused before there was one.
"""

from __future__ import annotations

from collections.abc import Mapping

from vmstui.ffmpeg.exits import ExitCause, ExitKind
from vmstui.ffmpeg.plan import Plan, can_cure
from vmstui.footage import GapCause
from vmstui.live.client import ProbeErrorKind
from vmstui.recorder.policy import Retry

LONG_RUN_S = 60.0

OF_EXIT: Mapping[ExitKind, Retry] = {
    ExitKind.STOPPED: Retry.NETWORK,  # by the watchdog: mostly a camera that fell silent
    ExitKind.CLOSED: Retry.NETWORK,
    ExitKind.NETWORK: Retry.NETWORK,
    ExitKind.AUTH: Retry.AUTH,
    ExitKind.BUSY: Retry.BUSY,
    ExitKind.NOT_FOUND: Retry.BUSY,  # many cameras answer so while they boot
    ExitKind.CONFIGURATION: Retry.CONFIGURATION,
    ExitKind.ENCODER: Retry.DRIVER,
    ExitKind.DISK: Retry.DISK,
    ExitKind.KILLED: Retry.CRASH,
    ExitKind.CRASH: Retry.CRASH,
    ExitKind.OUT_OF_MEMORY: Retry.CRASH,
    ExitKind.UNKNOWN: Retry.NETWORK,  # most deaths come from the camera's side
}
"""Every kind of exit; the tests hold it to that."""

OF_PROBE: Mapping[ProbeErrorKind, Retry] = {
    ProbeErrorKind.REFUSED: Retry.NETWORK,
    ProbeErrorKind.UNREACHABLE: Retry.NETWORK,
    ProbeErrorKind.TIMEOUT: Retry.NETWORK,
    ProbeErrorKind.RESOLVE: Retry.NETWORK,
    ProbeErrorKind.AUTH: Retry.AUTH,
    ProbeErrorKind.NOT_FOUND: Retry.BUSY,
    ProbeErrorKind.BUSY: Retry.BUSY,
    ProbeErrorKind.PROTOCOL: Retry.BUSY,
    ProbeErrorKind.TLS: Retry.BUSY,
    ProbeErrorKind.NO_VIDEO: Retry.BUSY,
}

WHY_NOTHING_IS_RECORDED: Mapping[ExitKind, GapCause] = {
    ExitKind.STOPPED: GapCause.OPERATOR,
    ExitKind.CLOSED: GapCause.CAMERA,
    ExitKind.NETWORK: GapCause.NETWORK,
    ExitKind.AUTH: GapCause.CAMERA,
    ExitKind.BUSY: GapCause.CAMERA,
    ExitKind.NOT_FOUND: GapCause.CAMERA,
    ExitKind.CONFIGURATION: GapCause.CONFIGURATION,
    ExitKind.ENCODER: GapCause.ENCODER,
    ExitKind.DISK: GapCause.DISK,
    ExitKind.KILLED: GapCause.MACHINE,
    ExitKind.CRASH: GapCause.MACHINE,
    ExitKind.OUT_OF_MEMORY: GapCause.MACHINE,
    ExitKind.UNKNOWN: GapCause.UNKNOWN,
}
"""By how a worker ended; the tests hold it to all kinds."""

WHY_NOTHING_STARTED: Mapping[Retry, GapCause] = {
    Retry.NETWORK: GapCause.NETWORK,
    Retry.BUSY: GapCause.CAMERA,
    Retry.AUTH: GapCause.CAMERA,
    Retry.CONFIGURATION: GapCause.CONFIGURATION,
    Retry.DISK: GapCause.DISK,
    Retry.DRIVER: GapCause.ENCODER,
    Retry.CRASH: GapCause.MACHINE,
    Retry.FALLBACK: GapCause.ENCODER,
}
"""By what a start failed of; the tests hold it to all classes."""


def after_exit(cause: ExitCause, plan: Plan | None, *, lower_rung: bool, uptime_s: float, recorded: bool) -> Retry:
    """What the next start waits for. `plan` is what the worker ran on, None where that is not known; `lower_rung` says
    that there is a further rung on the fallback ladder."""
    # After a long good run the same rung deserves another try: the device may only have been busy.
    long_run = uptime_s >= LONG_RUN_S and recorded
    if plan is not None and lower_rung and can_cure(plan, cause) and not long_run:
        return Retry.FALLBACK
    return OF_EXIT[cause.kind]
