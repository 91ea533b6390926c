"""A person's own keys: `keys.yaml` gives actions keys by their ids; everything is checked before anything is used.

A file with anything wrong in it changes nothing at all, so that nobody looks for half a keymap at night. Two actions
may share a key only where they are never heard together; which are is the table `PLACES`, one row for each place where
keys go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vmstui.settings.problems import Place as Position
from vmstui.settings.problems import Problem, Report, nearest, nearest_word, shown
from vmstui.settings.tree import Entry, Listing, Node, Scalar, describe
from vmstui.settings.tree import Mapping as Section
from vmstui.tui.actions import ACTIONS, Action, Group, Scope, default_keys, keys_of
from vmstui.tui.key_names import UnknownKey, is_character, parse_key, written

Keys = Mapping[str, tuple[str, ...]]
"""Textual's names of keys by the ids of actions."""

BACK = "view.back"
RESERVED = {
    "ctrl+c": "which tells how to leave",
    "ctrl+q": "which always leaves, whatever else is wrong",
    "escape": f"which is {BACK} everywhere",
}
"""Nobody may lose the way out."""
EDITS = ("enter", "backspace", "delete", "left", "right", "home", "end")
"""What a field needs for itself."""
ACCEPTED = "a character such as k, G or '/', or a name such as enter, f5, pgup or ctrl+r"

_LEAVE = ("recorder.leave", BACK)


def _of(*scopes: Scope, also: tuple[str, ...] = ()) -> frozenset[str]:
    return frozenset(action.id for action in ACTIONS if action.scope in scopes and action.keys) | {*also}


PLACES: Mapping[str, frozenset[str]] = {
    "among the cameras": _of(Scope.APP, Scope.FLEET, Scope.TABLE, Scope.CAMERAS),
    "in the log": _of(Scope.APP, Scope.FLEET, Scope.LOG),
    "in the segments": _of(Scope.APP, Scope.FLEET, Scope.TABLE, Scope.SEGMENTS),
    "in the history": _of(Scope.APP, Scope.FLEET, Scope.TABLE, Scope.HISTORY),
    "in the charts": _of(Scope.APP, Scope.FLEET, Scope.CHARTS),
    "in capacity": _of(Scope.APP, Scope.TABLE, Scope.CAPACITY, also=(BACK,)),
    "in the findings": _of(Scope.APP, Scope.TABLE, Scope.FINDINGS, also=(BACK, "view.findings")),
    "among the pictures": _of(Scope.PICTURES, also=(*_LEAVE, "view.pictures", "view.help")),
    "among what is acknowledged": _of(
        Scope.TABLE, also=(*_LEAVE, "findings.known", "findings.take_back", "dialog.take")
    ),
    "among the days": _of(Scope.TABLE, also=(*_LEAVE, "segments.day", "dialog.take")),
    "in the help": _of(Scope.TABLE, also=(*_LEAVE, "view.help")),
    "at a picture": frozenset({*_LEAVE, "segments.still", "dialog.take"}),
    "at a question": frozenset({*_LEAVE, "dialog.take", "dialog.yes", "dialog.no", "dialog.other"}),
    "where a path is told": frozenset({*_LEAVE, "segments.open", "dialog.copy", "dialog.take"}),
    "among choices": frozenset({BACK, "dialog.take", "dialog.before", "dialog.after", "field.previous", "field.next"}),
    "at a change of the configuration": frozenset({*_LEAVE, "dialog.yes", "dialog.no", "dialog.take"}),
    "on the first screen": _of(Scope.FIRST, also=(*_LEAVE, "dialog.take", "move.up", "move.down")),
    "in the palette": frozenset({"palette.up", "palette.down", "palette.complete"}),
    "in a field": frozenset({"field.kind", "field.literal"}),
}
"""Which actions are heard together, by the place that has the keys."""


@dataclass(frozen=True, slots=True)
class Keymap:
    """What a file says."""

    own: Keys
    """Of the actions whose keys are not those of the table; all there are of each."""
    problems: tuple[Problem, ...] = ()
    """Why nothing of it is used."""


def load_keymap(path: str) -> Keymap:
    """The keymap of a file, an empty one where there is none. Raises nothing."""
    report = Report(path)
    try:
        with open(path, "rb") as file:
            raw = file.read((1 << 20) + 1)
    except FileNotFoundError:
        return Keymap({})
    except OSError as error:
        report.error(Position(0, 0), "", f"no readable file ({error.strerror})", "a file of keys")
        return Keymap({}, tuple(report.errors))
    return parse_keymap(raw, path)


def parse_keymap(raw: bytes, path: str) -> Keymap:
    """The keymap in the bytes of a file that is called `path`."""
    from vmstui.settings.document import read_document

    report = Report(path)
    node = read_document(raw, report)
    given: dict[str, tuple[tuple[str, ...], Position]] = {}
    unclear: set[str] = set()
    if node is not None and not isinstance(node, Section):
        if not (isinstance(node, Scalar) and node.is_null):
            report.error(node.place, "", describe(node), "lines such as `view.log: l`")
    elif node is not None:
        for entry in node.entries:
            _take(entry, given, unclear, report)
    own = {action: keys for action, (keys, _) in given.items() if keys != default_keys(action)}
    _check_clashes({action: place for action, (_, place) in given.items()}, own, unclear, report)
    if report.errors:
        return Keymap({}, tuple(sorted(report.errors, key=lambda problem: (problem.line, problem.column))))
    return Keymap(own)


def _take(entry: Entry, given: dict[str, tuple[tuple[str, ...], Position]], unclear: set[str], report: Report) -> None:
    """One line. Nothing follows from the keys of an action whose line is wrong: it goes to `unclear`."""
    known = {action.id: action for action in ACTIONS if action.keys}
    action = known.get(entry.key)
    if action is None:
        by_name = any(action.id == entry.key for action in ACTIONS)
        found = f"{shown(entry.key)}, which is done by its name only" if by_name else shown(entry.key)
        hint = "" if by_name else nearest(entry.key, known)
        report.error(entry.place, "", found, "the id of an action that `vmstui keys` lists", hint)
        unclear.add(nearest_word(entry.key, known))
        return
    keys: list[str] = []
    before = len(report.errors)
    nodes = entry.value.items if isinstance(entry.value, Listing) else (entry.value,)
    for node in nodes:
        key = _key(node, action, report)
        if key is not None and key in keys:
            report.error(node.place, action.id, f"{shown(written(key))} twice", "it once")
        elif key is not None:
            keys.append(key)
    if action.id == BACK and "escape" not in keys and len(report.errors) == before:
        report.error(entry.place, action.id, "no escape", "escape and, if you like, further keys: [escape, backspace]")
    if len(report.errors) == before:
        given[action.id] = (tuple(keys), entry.place)
    else:
        unclear.add(action.id)


def _key(node: Node, action: Action, report: Report) -> str | None:
    if not isinstance(node, Scalar) or node.is_null:
        accepted = "a key, a list of keys, or [] for none (~ as a key in quotes)"
        report.error(node.place, action.id, describe(node), accepted)
        return None
    try:
        key = parse_key(node.text)
    except UnknownKey as unknown:
        report.error(node.place, action.id, shown(node.text), ACCEPTED, unknown.hint)
        return None
    if key in RESERVED and not (key == "escape" and action.id == BACK):
        report.error(node.place, action.id, f"{shown(written(key))}, {RESERVED[key]}", "any other key")
        return None
    if action.scope is Scope.FIELD and (is_character(key) or key in EDITS):
        report.error(
            node.place, action.id, f"{shown(written(key))}, which a field takes itself", "a key such as ctrl+r"
        )
        return None
    return key


def _check_clashes(written_at: Mapping[str, Position], own: Keys, unclear: set[str], report: Report) -> None:
    """Every pair that a person brought about, once, where the later one of them stands in the file."""

    def keys_in(action: str) -> tuple[str, ...]:
        return own.get(action, default_keys(action))

    told: set[frozenset[str]] = set()
    for one, other, key, place in clashes({action.id: keys_in(action.id) for action in ACTIONS}):
        pair = frozenset({one, other})
        if pair in told or pair & unclear:
            continue
        told.add(pair)
        changed = [action for action in (one, other) if action in own]
        blamed = max(changed, key=lambda action: written_at[action].line)
        rest = one if blamed == other else other
        where = f"line {written_at[rest].line}" if rest in written_at else "by default"
        found = f"{shown(written(key))}, which is {rest} {place} ({where})"
        report.error(written_at[blamed], blamed, found, f"a key that is free there, or another one for {rest}")


def clashes(keys: Keys) -> Iterator[tuple[str, str, str, str]]:
    """Two actions that are heard together, the key they share, and the place. Where one is known to stand for the other
    (`Action.instead`) there is no clash: the place that is nearest to the keys wins, and footer and help say so."""
    instead = {(action.id, action.instead) for action in ACTIONS if action.instead}
    for place, actions in PLACES.items():
        taken: dict[str, list[str]] = {}
        for action in (action.id for action in ACTIONS if action.id in actions):
            for key in keys[action]:
                for other in taken.get(key, ()):
                    if not {(action, other), (other, action)} & instead:
                        yield other, action, key, place
                taken.setdefault(key, []).append(action)


# ------------------------------------------------------------------------------------------------------------ template


def template(path: str) -> str:
    """The keys in use as such a file, each with what it does."""
    lines = [
        "# Keys of the vmstui dashboard: what is to be done, and the key for it, or a list of keys.",
        f"# It is read from {path} when the dashboard starts.",
        "# A key is a character (k, G, '/') or a name (enter, space, tab, f5, pgup, up, ctrl+r, shift+up); [] is none.",
        "# What a line does not name keeps its keys. `vmstui config check` tells what is wrong in here.",
    ]
    width = max(len(f"{action.id}: {_value(action)}") for action in ACTIONS if action.keys)
    for group in Group:
        of_group = [action for action in ACTIONS if action.group is group and action.keys]
        if of_group:
            lines += ["", f"# {group.value}"]
            lines += [f"{f'{action.id}: {_value(action)}':<{width}}  # {action.help}" for action in of_group]
    return "\n".join(lines) + "\n"


def _value(action: Action) -> str:
    keys = [_quoted(written(key)) for key in keys_of(action.id)]
    return keys[0] if len(keys) == 1 else f"[{', '.join(keys)}]"


def _quoted(key: str) -> str:
    if len(key) > 1 or key.isalnum():
        return key
    return '"\'"' if key == "'" else f"'{key}'"
