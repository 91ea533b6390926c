"""`vmstui retention [--dry-run | --now]`: how far each rule is from acting, what would be deleted now, or a pass now.

Decides as the recorder does, by the same catalogue and the same measurements, and works without one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from vmstui.cli.footage import NOT_WELL, Refused, guard, open_catalogue, state_folder, told, warn_while_filling
from vmstui.cli.storage import config_in_use
from vmstui.cli.table import table
from vmstui.codec import Json, to_json
from vmstui.recorder.downtime import read_alive
from vmstui.recorder.keeper import away, policy, put_forward
from vmstui.recorder.process import boot_time_s
from vmstui.recorder.wall_clock import noted_clock
from vmstui.recording import boots
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.retention import Disk, Doomed, Plan, Rule, Standing, standings
from vmstui.recording.retention_pass import Outcome, Within, dry_run, measure, run_pass
from vmstui.sanitise import clean
from vmstui.settings import load
from vmstui.spoken import day_and_clock, plural, span
from vmstui.spoken import decimal_size as spoken
from vmstui.spoken import zone as zone_of


def retention(config: str | None, *, dry: bool, act: bool, trust_clock: bool, as_json: bool) -> int:
    """Exit code 1 when a rule cannot be kept or a file could not be deleted."""
    return told(lambda: _retention(config, dry=dry, act=act, trust_clock=trust_clock, as_json=as_json))


def _retention(config: str | None, *, dry: bool, act: bool, trust_clock: bool, as_json: bool) -> int:
    settings = load(config_in_use(config)).settings
    now, rules, recordings = datetime.now(UTC), policy(settings), Path(settings.recordings)
    with _opened(act=act) as catalogue:
        if catalogue.fresh and (act or dry):
            raise CatalogueError(
                "the catalogue is not filled yet, so what is oldest and what is newest is not known, and nothing was "
                "deleted: the recorder fills it (vmstui up), or do it now: vmstui segments --rebuild"
            )
        warn_while_filling(catalogue)
        held = "" if trust_clock or rules == rules.without_age() else _doubt(now, catalogue)
        if held:
            rules = rules.without_age()
            print(f"{held}. If the clock is wrong, set it right first; if not: --trust-clock", file=sys.stderr)
        keeper = guard()
        if keeper.known(settings.recordings) is None:
            raise Refused(f"nothing was recorded to {recordings} yet: the recorder does that (vmstui up)")
        with keeper.inside(settings.recordings, settings.recordings_mount) as root:
            if act:
                outcome = run_pass(catalogue, rules, root, recordings, now)
                print(json.dumps(_outcome_json(outcome)) if as_json else "\n".join(_outcome(outcome)))
                return NOT_WELL if held or outcome.failed or outcome.plan.short or outcome.plan.refused else 0
            disk = measure(root)
            plan = dry_run(catalogue, rules, root, recordings, now) if dry else None
        footage = Within(catalogue, recordings)
        found = standings(footage, rules, disk, now, boots.known(catalogue))
        if as_json:
            print(json.dumps(_state_json(footage, found, disk, plan)))
        else:
            lines = _state(footage, found, disk)
            if plan is not None:
                lines = [*_planned(plan, settings.timezone), "", *lines]
            print("\n".join(clean(line) for line in lines))
    return NOT_WELL if plan is not None and plan.short else 0


@contextmanager
def _opened(*, act: bool) -> Iterator[Catalogue]:
    """The catalogue; on a full disk for a pass alone, as that is what makes room there."""
    with ExitStack() as opened:
        try:
            catalogue = opened.enter_context(open_catalogue(readonly=not act))
        except CatalogueError as error:
            if not (act and error.no_room):
                raise
            catalogue = opened.enter_context(Catalogue.without_room(state_folder() / FILE_NAME))
        yield catalogue


def _doubt(now: datetime, catalogue: Catalogue) -> str:
    """Why the clock is not to be trusted with the age of footage: what the recorder itself holds back for."""
    state = state_folder()
    if why := away(now, read_alive(state), catalogue.last_at()):
        until = "until a recorder has run for an hour (vmstui up)"
        return f"{why}, by the clock of this machine: nothing is deleted because of its age {until}"
    if why := put_forward(noted_clock(state), boot_time_s()):
        return f"{why}: for an hour nothing is deleted because of its age"
    return ""


def _state(footage: Within, found: tuple[Standing, ...], disk: Disk) -> list[str]:
    count, size_bytes = footage.total(None)
    rows = [(one.rule.value, one.camera, one.measured, one.threshold, _when(one)) for one in found]
    elsewhere, _ = footage.left_out()
    return [
        *([f"{plural(elsewhere, 'segment')} of another recordings folder: left alone"] if elsewhere else []),
        f"{plural(count, 'segment')}, {spoken(size_bytes)}; {plural(len(footage.locks(None)), 'lock')}; "
        f"{spoken(disk.free_bytes)} of {spoken(disk.total_bytes)} free",
        f"next to act: {_named(found[0])}, {_when(found[0])}",
        "",
        *table(("rule", "camera", "measured", "limit", "acts"), rows).split("\n"),
    ]


def _named(standing: Standing) -> str:
    return f"{standing.rule.value} ({standing.camera})" if standing.camera else standing.rule.value


def _when(standing: Standing) -> str:
    if standing.acts_in_s is None:
        return "not as things are"
    return f"in {span(standing.acts_in_s)}" if standing.acts_in_s > 0 else "now"


def _planned(plan: Plan, zone: str) -> list[str]:
    lines = list(_by_rule(plan.doomed, "would be deleted")) or ["nothing would be deleted"]
    rows = [
        (
            day_and_clock(one.file.started_at, zone_of(zone)),
            one.file.camera,
            spoken(one.file.size_bytes),
            one.rule.value,
            one.measured,
            one.threshold,
            one.file.path,
        )
        for one in plan.doomed
    ]
    if rows:
        header = ("recorded", "camera", "size", "rule", "measured", "limit", "file")
        lines += ["", *table(header, rows, frozenset({2})).split("\n")]
    if plan.gone:
        lines.append(f"{plural(len(plan.gone), 'file')} would leave the catalogue, as somebody else deleted them")
    lines += [f"stays: {file.path}: {reason}" for file, reason in plan.refused]
    return lines + [f"cannot be kept: {sentence}" for _, sentence in plan.short]


def _by_rule(doomed: tuple[Doomed, ...], what: str) -> Iterator[str]:
    for rule in Rule:
        sizes = [one.file.size_bytes for one in doomed if one.rule is rule]
        if sizes:
            yield f"{rule.value}: {plural(len(sizes), 'segment')} {what}, {spoken(sum(sizes))}"
    if len({one.rule for one in doomed}) > 1:
        yield f"in all: {plural(len(doomed), 'segment')}, {spoken(sum(one.file.size_bytes for one in doomed))}"


def _outcome(outcome: Outcome) -> Iterator[str]:
    yield from list(_by_rule(outcome.deleted, "deleted")) or ["nothing had to be deleted"]
    if outcome.gone:
        yield f"{plural(len(outcome.gone), 'file')} left the catalogue, as somebody else deleted them"
    for file, reason in (*outcome.plan.refused, *((failure.file, failure.reason) for failure in outcome.failed)):
        yield clean(f"stays: {file.path}: {reason}")
    for _, sentence in outcome.plan.short:
        yield f"cannot be kept: {sentence}"
    yield f"{spoken(outcome.free_bytes)} free"


def _state_json(footage: Within, found: tuple[Standing, ...], disk: Disk, plan: Plan | None) -> Json:
    count, size_bytes = footage.total(None)
    state: dict[str, Json] = {
        "segments": count,
        "size_bytes": size_bytes,
        "disk": to_json(disk),
        "locks": to_json(footage.locks(None)),
        "rules": to_json(found),
    }
    return state if plan is None else state | {"plan": _plan_json(plan)}


def _plan_json(plan: Plan) -> dict[str, Json]:
    return {
        "delete": to_json(plan.doomed),
        "size_bytes": plan.size_bytes,
        "gone": to_json(plan.gone),
        "refused": [{"file": to_json(file), "reason": reason} for file, reason in plan.refused],
        "cannot_be_kept": [sentence for _, sentence in plan.short],
    }


def _outcome_json(outcome: Outcome) -> Json:
    return {
        "deleted": to_json(outcome.deleted),
        "gone": to_json(outcome.gone),
        "failed": to_json(outcome.failed),
        "refused": [{"file": to_json(file), "reason": reason} for file, reason in outcome.plan.refused],
        "cannot_be_kept": [sentence for _, sentence in outcome.plan.short],
        "free_bytes": outcome.free_bytes,
    }
