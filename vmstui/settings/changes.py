"""What differs between two configurations and what has to restart for it. Pure; called by reload and `config diff`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vmstui.configured import Camera, Settings
from vmstui.light_dataclass import dataclass
from vmstui.settings.keys import CAMERAS, PROFILES, ROOT, Effect, Section
from vmstui.settings.rows import NOTHING, Row, camera_rows, general_rows, profile_rows


@dataclass(frozen=True, slots=True)
class Change:
    """One key with another value. Passwords show as `***` on both sides."""

    key: str
    """Dotted, from the top of the file or, in a `CameraChange`, from the camera."""
    old: str
    new: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class CameraChange:
    """One camera that is in both configurations and not the same."""

    id: str
    changes: tuple[Change, ...]
    """A changed profile shows as the output keys in which it changed, such as `profile.live.bitrate`."""


@dataclass(frozen=True, slots=True)
class SettingsDiff:
    """Everything that differs; empty tuples where nothing does."""

    added: tuple[str, ...]
    """Ids of cameras, in the order of the new configuration."""
    removed: tuple[str, ...]
    """Ids of cameras, in the order of the old configuration."""
    changed: tuple[CameraChange, ...]
    other: tuple[Change, ...]
    """Whatever does not belong to a camera."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.other)


def diff(old: Settings, new: Settings) -> SettingsDiff:
    """What differs. Which file it was read from, where a password came from and the order of cameras do not count."""
    before = {camera.id: camera for camera in old.cameras}
    after = {camera.id: camera for camera in new.cameras}
    both = [(camera, after[camera.id]) for camera in old.cameras if camera.id in after]
    changed = (CameraChange(one.id, _camera_changes(one, other)) for one, other in both)
    return SettingsDiff(
        added=tuple(camera_id for camera_id in after if camera_id not in before),
        removed=tuple(camera_id for camera_id in before if camera_id not in after),
        changed=tuple(change for change in changed if change.changes),
        other=_changes(general_rows(old), general_rows(new), ROOT),
    )


def _camera_changes(old: Camera, new: Camera) -> tuple[Change, ...]:
    outputs = _changes(profile_rows(old.profile), profile_rows(new.profile), PROFILES)
    within = (Change(f"profile.{change.key}", change.old, change.new, change.effect) for change in outputs)
    own = _changes(camera_rows(old), camera_rows(new), CAMERAS)
    if not outputs:  # the same outputs by another name
        own = tuple(replace(change, effect=Effect.NOTHING) if change.key == "profile" else change for change in own)
    return (*own, *within)


def _changes(old: Iterable[Row], new: Iterable[Row], table: Section) -> tuple[Change, ...]:
    before = {row.key: row for row in old}
    after = {row.key: row for row in new}
    changes: list[Change] = []
    for key in before | after:
        one = before.get(key) or Row(key, None, NOTHING)
        other = after.get(key) or Row(key, None, NOTHING)
        if one.value != other.value:
            changes.append(Change(key, one.shown, other.shown, effect_of(key, table)))
    return tuple(changes)


def effect_of(key: str, table: Section) -> Effect:
    """What a change of the key restarts, by the table of keys."""
    name, _, below = key.partition(".")
    for field in table.fields:
        if field.name == name:
            if not isinstance(field, Section):
                return field.effect
            return effect_of(below, field) if below else Effect.WORKER
    raise KeyError(key)
