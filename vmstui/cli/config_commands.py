"""`vmstui config check|show|schema|diff FILE`: what the configuration says, without a recorder; and the words for what
a recorder does with another one (`lifecycle.reload`).

Results go to standard output, passwords never. `check` reports errors itself; the others raise `SettingsError` for
`vmstui.cli.main` to report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain

from vmstui.cli.own_files import own_files
from vmstui.model import ReloadEffects, RestartCost, Touch
from vmstui.resources import config_folder
from vmstui.settings import Loaded, Problem, SettingsDiff, SettingsError, find_path, load
from vmstui.settings import diff as difference
from vmstui.settings.rows import Row, camera_rows, general_rows, profile_rows

DONE, WRONG = 0, 2
BUILT_IN = "built in"


def check(path: str | None, as_json: bool) -> int:
    """List every error and warning; 0 if the configuration can be used, 2 if not.

    What is wrong with the person's own keys and themes is told beside it: no recorder needs them.
    """
    file = find_path(path)
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    cameras = 0
    try:
        loaded = load(file)
        warnings = loaded.warnings
        cameras = len(loaded.settings.cameras)
    except SettingsError as error:
        errors = error.problems
    own = own_files()
    if as_json:
        _print_json(
            {
                "file": file,
                "ok": not errors,
                "cameras": cameras,
                "errors": [asdict(problem) | {"text": str(problem)} for problem in errors],
                "warnings": [asdict(problem) | {"text": str(problem)} for problem in warnings],
                "own_files": [
                    {"file": one.path, "ok": not one.problems, "warnings": one.warnings}
                    | {"errors": [asdict(problem) | {"text": str(problem)} for problem in one.problems]}
                    for one in own
                ],
            }
        )
    else:
        for problem in errors:
            print(problem)
        for problem in warnings:
            print(f"{problem} (warning)")
        verdict = _count(len(errors), "error") if errors else f"good, {_count(cameras, 'camera')}"
        print(f"{file}: {verdict}" + (f", {_count(len(warnings), 'warning')}" if warnings else ""))
        for one in own:
            for problem in one.problems:
                print(problem)
            for warning in one.warnings:
                print(f"{one.path}: {warning}; 4.5 can be read by most (warning)")
            verdict = f"{_count(len(one.problems), 'error')}, so {one.so}" if one.problems else "good"
            print(f"{one.path}: {verdict}")
    return WRONG if errors else DONE


def show(path: str | None, as_json: bool) -> int:
    """Print every resolved value with the file and line it comes from; of passwords only that."""
    loaded = load(path)
    secrets = _secret_origins(loaded)
    rows = values(loaded)
    if as_json:
        listed = [
            {"key": key, "value": value, "origin": origin, "secret": key in secrets} for key, value, origin in rows
        ]
        _print_json({"file": loaded.settings.path, "values": listed})
    else:
        from vmstui.cli.table import table

        print(table(("key", "value", "origin"), rows))
    return DONE


def values(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Every resolved value with its key before and its origin behind it; of passwords only that."""
    secrets = _secret_origins(loaded)
    return [(key, secrets.get(key, row.shown), loaded.origins.get(key, BUILT_IN)) for key, row in _resolved(loaded)]


def schema() -> int:
    """Print the JSON schema."""
    from vmstui.settings.schema import schema_text

    print(schema_text(), end="")
    return DONE


def example() -> int:
    """Print the shipped example: a start for an own file."""
    print((config_folder() / "vmstui.example.yaml").read_text(encoding="utf-8"), end="")
    return DONE


def diff(old_path: str | None, new_path: str, as_json: bool) -> int:
    """Print what differs between two configurations and what would restart for it; 0 also where they differ."""
    changes = difference(load(old_path).settings, load(new_path).settings)
    if as_json:
        _print_json(asdict(changes))
    else:
        for line in difference_lines(changes):
            print(line)
    return DONE


def _resolved(loaded: Loaded) -> Iterator[tuple[str, Row]]:
    """Rows with the dotted key of the file, as in `Loaded.origins`."""
    settings = loaded.settings
    for row in general_rows(settings):
        yield row.key, row
    for profile in {camera.profile.name: camera.profile for camera in settings.cameras}.values():
        for row in profile_rows(profile):
            yield f"profiles.{profile.name}.{row.key}", row
    for number, camera in enumerate(settings.cameras):
        for row in camera_rows(camera):
            yield f"cameras[{number}].{row.key}", row


def _secret_origins(loaded: Loaded) -> dict[str, str]:
    """What is shown in place of each password: where it comes from."""
    settings = loaded.settings
    secrets = {f"cameras[{number}].password": camera.password for number, camera in enumerate(settings.cameras)}
    secrets["live.password"] = settings.live.password
    return {key: secret.origin for key, secret in secrets.items() if secret is not None}


def difference_lines(changes: SettingsDiff) -> Iterator[str]:
    """What differs, a line each, with what restarts for it."""
    if not changes:
        yield "no difference"
    yield from _differences(changes, with_effect=True)


def reload_lines(changes: SettingsDiff, effects: ReloadEffects, *, foretold: bool) -> Iterator[str]:
    """What differs, and what a reload does with it or, `foretold`, would do."""
    touched = [camera for camera in effects.cameras if camera.touch is not Touch.UNTOUCHED]
    if not changes and not touched:
        yield "no difference"
        return
    yield from _differences(changes, with_effect=False)
    relay = _DOES[effects.relay][not foretold]
    if relay:
        yield f"live relay: {relay}, recording goes on"
    for camera in touched:
        why = ", ".join(camera.why) or ("it runs on an older one" if camera.touch is Touch.RESTARTS else "")
        cost = f", {_COSTS[camera.cost]}" if camera.cost is not None else ""
        yield f"{camera.id}: {_DOES[camera.touch][not foretold]}{cost}" + (f" ({why})" if why else "")
    yield from effects.notes
    yield f"{_count(len(effects.cameras) - len(touched), 'camera')} untouched"


_DOES = {
    Touch.UNTOUCHED: ("", ""),
    Touch.STARTS: ("would start", "starts"),
    Touch.RESTARTS: ("would restart", "restarts"),
    Touch.ENDS: ("would end", "ends"),
}
"""Before a reload, and at it."""
_COSTS = {
    RestartCost.SEAMLESS: "seamless: nothing is lost",
    RestartCost.STOP_FIRST: "stop first: about 1-3 s are lost",
    RestartCost.NOT_RECORDING: "does not record now",
    RestartCost.LATER: "as soon as recording may start again",
}


def _differences(changes: SettingsDiff, *, with_effect: bool) -> Iterator[str]:
    for camera in changes.added:
        yield f"+ camera {camera}"
    for camera in changes.removed:
        yield f"- camera {camera}"
    within = ((f"camera {camera.id}: ", change) for camera in changes.changed for change in camera.changes)
    for where, change in chain((("", change) for change in changes.other), within):
        effect = f" ({change.effect})" if with_effect else ""
        yield f"~ {where}{change.key}: {change.old} -> {change.new}{effect}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
