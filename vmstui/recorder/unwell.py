"""When a camera is in trouble for so long that an alarm is raised, and when that is over. Pure; for `machine.py`.

A camera is unwell from its first failure (or from when it is held) until a run of it is healthy, or nobody wants it any
more. Unwell for ten minutes, it is failing: the alarm is raised in whatever state it is then, unless a worker starts or
records; then its end raises it. Once raised, only health takes it back, no brief success and no person who starts anew.
"""

from __future__ import annotations

from dataclasses import replace

from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder.machine_events import Action, ClearAlarm, Event, Note, Past, SetAlarm
from vmstui.recorder.machine_state import Machine, Result
from vmstui.recorder.policy import FAILING_AFTER_S, HEALTHY_SEGMENTS


def trouble(machine: Machine) -> Result:
    """A wanted camera is not recorded: it is unwell from now on, unless it was before."""
    if not machine.wanted or machine.failing:
        return machine, ()
    if machine.unwell_since_s is None:
        return replace(machine, unwell_since_s=machine.now_s), (SetAlarm(FAILING_AFTER_S),)
    if machine.now_s - machine.unwell_since_s >= FAILING_AFTER_S:
        return _raise_alarm(machine)
    return machine, ()


def overdue(machine: Machine, event: Event) -> Result:
    """Unwell for too long. A worker that has just started, or was adopted, may record: its end will tell."""
    if machine.unwell_since_s is None or machine.failing or (machine.state is State.STARTING and machine.alive):
        return machine, ()
    return _raise_alarm(machine)


def _raise_alarm(machine: Machine) -> Result:
    assert machine.unwell_since_s is not None
    text = f"FAILING: {machine.reason}" if machine.reason else "FAILING"
    note = Note(
        EventKind.ALARM,
        text,
        rule="no healthy run since the first failure",
        measured=f"{machine.now_s - machine.unwell_since_s:.0f} s",
        threshold=f"{FAILING_AFTER_S:.0f} s",
        outcome="the alarm is raised; tries go on",
    )
    state = State.FAILING if machine.state is State.BACKOFF else machine.state
    return replace(machine, failing=True, state=state), (note,)


def relieve(machine: Machine) -> Result:
    """Well again, or of no interest any more."""
    if machine.unwell_since_s is None:
        return machine, ()
    unwell_s = machine.now_s - machine.unwell_since_s
    actions: tuple[Action, ...] = (ClearAlarm(),)
    if machine.failing and machine.wanted:
        text = f"healthy again, {unwell_s / 60:.0f} min after the first failure"
        threshold = f"{machine.policy.healthy_s:g} s and {HEALTHY_SEGMENTS} good segments in one run"
        note = Note(EventKind.HEALTHY, text, rule="a healthy run", threshold=threshold, outcome="the alarm is over")
        actions = (ClearAlarm(), note)
    return replace(machine, unwell_since_s=None, failing=False), actions


def remember_trouble(machine: Machine, past: Past) -> Result:
    """What an earlier service knew about it."""
    if past.unwell_since_s is None:
        return machine, ()
    since_s = min(past.unwell_since_s, machine.now_s)
    machine = replace(machine, unwell_since_s=since_s, failing=past.failing)
    if past.failing:
        return machine, ()
    left_s = since_s + FAILING_AFTER_S - machine.now_s
    return machine, (SetAlarm(max(left_s, 0.0)),)
