"""What is being lost at this moment and is in no report yet. Pure.

How much was recorded is reckoned four times a minute, and a loss is in it once it has lasted a while; how a camera is
comes every second. So the shares and the words of a report take in what its camera is like now: of one that is not
recorded nothing says that nothing was lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from vmstui.footage_accounts import Account, CameraFootage, FootageReport
from vmstui.model import CameraSnapshot, CameraState
from vmstui.tui.verdict import NO_GROWTH_S


@dataclass(frozen=True, slots=True)
class Losing:
    """A camera of which nothing is written that should be."""

    since: datetime
    now: datetime
    counted_until: datetime | None = None
    """The report has the loss up to then, as a gap."""
    certain: bool = True
    """No worker records it. Else its file does not grow: the camera fell silent, or sends few keyframes."""


def losing(
    camera: CameraSnapshot, now: datetime, report: FootageReport, footage: CameraFootage | None
) -> Losing | None:
    """What is being lost of a camera, beyond a report; None while it is recorded, or nobody wants that."""
    if not camera.wanted:
        return None
    if camera.state is CameraState.RECORDING:
        opened = camera.open_segment
        silent = opened is not None and (now - opened.grew_at).total_seconds() >= NO_GROWTH_S
        return Losing(opened.grew_at, now, certain=False) if opened is not None and silent else None
    gaps = footage.going_on if footage is not None else ()
    written = [camera.grew_at, camera.last_segment.ended_at if camera.last_segment is not None else None]
    # Until then it was recorded, or nobody wanted that.
    until = [at for at in written if at is not None and at <= now] + [gap.ended_at for gap in gaps if not gap.lost]
    known = next((gap for gap in gaps if gap.lost), None)
    if known is not None and max(until, default=known.started_at) <= gaps[-1].ended_at:
        return Losing(known.started_at, now, counted_until=report.at)
    return Losing(min(max(until, default=camera.since), now), now)


def with_loss(account: Account, loss: Losing | None) -> Account:
    """What a report says of a time up to now, with what is being lost since."""
    if loss is None or not loss.certain:
        return account
    more_s = (loss.now - max(loss.counted_until or loss.since, account.since)).total_seconds()
    if more_s <= 0:
        return account
    return replace(account, lost_s=account.lost_s + more_s, gaps=account.gaps + (loss.counted_until is None))
