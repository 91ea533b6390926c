"""Commands by name, with arguments: `restart lobby`, `logs gate --level error`, `theme nord`. From the action table.

What is typed is answered by what it can be completed to, best first; where it can be nothing, by a sentence that says
what is wrong, what was found and what is accepted, and then nothing is done. Pure; `screens.palette` shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property

from vmstui.model import CameraSnapshot
from vmstui.settings.problems import shown
from vmstui.tui.actions import Action, Argument, keys_of
from vmstui.tui.fleet_rows import COLUMNS, NAME
from vmstui.tui.fleet_view import PROBLEMS
from vmstui.tui.format import names, plural
from vmstui.tui.key_names import word
from vmstui.tui.remembered import TELLS

MARKED = "*"
"""In place of a camera's id: all that are marked. No camera has it (`settings.names`)."""
MOST = 60
"""So many completions are looked at; whoever has more types on."""
NAMED = 5
LEVELS = ("all", "warning", "error")
"""What of a log is shown, by `log_ring.Threshold`."""
FOR_EVER = "ever"
TIMES_S: Mapping[str, float | None] = {
    "30m": 1800.0, "1h": 3600.0, "8h": 28_800.0, "24h": 86_400.0, "7d": 604_800.0, FOR_EVER: None,
}  # fmt: skip
ARGUMENT_WORDS = {
    Argument.CAMERA: "a camera",
    Argument.THEME: "a theme",
    Argument.COLUMN: "a column",
    Argument.TELL: "one of",
}


@dataclass(frozen=True)
class Command:
    """One line of the palette."""

    action: Action
    argument: str
    """Camera id, theme name, key of a column, or nothing."""
    title: str
    """What it is called: the verb and the name of its argument."""
    also: str = ""
    """Further text it is found by."""
    options: Mapping[str, str] = field(default_factory=dict)
    """By the name of the option, without its dashes."""
    goes_on: str = ""
    """What stands in the field to type on from, where it cannot be done yet."""

    @property
    def line(self) -> str:
        """As it stands in the field once it is taken from the list."""
        return self.goes_on or self.title

    @cached_property
    def folded(self) -> tuple[str, str]:
        """What is compared."""
        return self.title.casefold(), self.also.casefold()


@dataclass(frozen=True, slots=True)
class World:
    """What there is that commands can be about."""

    actions: Sequence[Action]
    cameras: Sequence[CameraSnapshot] = ()
    """In the order in which they are offered: those in trouble first."""
    themes: Sequence[str] = ()
    marked: int = 0
    """So many cameras are marked."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Verbs that are not to be had here, and why."""

    def values(self, action: Action) -> Mapping[str, Sequence[str]]:
        """The options of an action, and what each accepts."""
        match action.id:
            case "view.log":
                return {"level": LEVELS}
            case "view.capacity":
                return {"profile": sorted({camera.profile for camera in self.cameras})}
            case "table.silence":
                return {"for": tuple(TIMES_S)}
            case _:
                return {}


@dataclass(frozen=True, slots=True)
class Offers:
    """The answer to what was typed."""

    commands: tuple[Command, ...] = ()
    """Best first."""
    told: str = ""
    """Why there are none."""


def commands(
    actions: Iterable[Action], cameras: Sequence[CameraSnapshot], themes: Sequence[str], marked: int = 0
) -> list[Command]:
    """Everything that can be done now."""
    found: list[Command] = []
    for action in actions:
        if not action.verb:
            continue
        match action.argument:
            case Argument.NONE:
                found.append(Command(action, "", action.verb, action.words))
            case Argument.CAMERA:
                if action.many and marked:
                    found.append(Command(action, MARKED, f"{action.verb} {plural(marked, 'marked camera')}"))
                found += [Command(action, camera.id, f"{action.verb} {camera.name}", camera.id) for camera in cameras]
            case _:
                named = _named(action, themes)
                found += [Command(action, key, f"{action.verb} {called}", key) for key, called in named.items()]
    return found


def _named(action: Action, themes: Sequence[str]) -> Mapping[str, str]:
    """What an argument that is no camera can be: what it means, and its name."""
    match action.argument:
        case Argument.THEME:
            return {name: name for name in themes}
        case Argument.COLUMN:
            columns = {
                column.key: column.called for column in COLUMNS if column.key != NAME or action.id == "table.sort"
            }
            return ({PROBLEMS: PROBLEMS} if action.id == "table.sort" else {}) | columns
        case Argument.TELL:
            return {name: name for name in TELLS}
        case _:
            return {}


def score(command: Command, query: str) -> float:
    """How well a command answers what was typed, 0 to 1; every word typed must occur in it.

    Equal scores keep the order of the fleet, so the cameras in trouble are offered first.
    """
    title, also = command.folded
    words = query.casefold().split()
    if not words or not all(word in title or word in also for word in words):
        return 0.0
    starts = title.split()
    hits = sum(1.0 if any(start.startswith(word) for start in starts) else 0.5 for word in words)
    exact_verb = 0.25 if words[0] == command.action.verb else 0.0
    whole = 0.25 if " ".join(words) in {title, f"{command.action.verb} {also}"} else 0.0
    return (hits / len(words) + exact_verb + whole) / 1.5


def typed_as(action: Action) -> str:
    """What to type for it, with what goes after it: `:logs CAMERA --level all|warning|error`; empty where it is no
    command."""
    if not action.verb:
        return ""
    words = [f":{action.verb}", action.argument.value.upper()]
    for name, values in World(()).values(action).items():
        words.append(f"--{name} {'|'.join(values) or name.upper()}")
    return " ".join(word for word in words if word)


def help_of(action: Action) -> str:
    """What it does, and the keys that do it too."""
    keys = " ".join(map(word, keys_of(action.id)))
    return f"{action.help} Key: {keys}" if keys else action.help


class Palette:
    """Everything that can be done when it is opened."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._all = commands(world.actions, world.cameras, world.themes, world.marked)

    def offers(self, typed: str) -> Offers:
        """What can become of it."""
        words = typed.split()
        begin = next((index for index, one in enumerate(words) if one.startswith("--")), len(words))
        head, rest = " ".join(words[:begin]), words[begin:]
        if not head:
            return Offers(told="A command goes first, then its options.") if rest else Offers(self._verbs())
        found = self._found(head)
        if not found:
            return Offers(told=self._wrong(head))
        return self._with_options(found, rest, going_on=typed[-1:].isspace()) if rest else Offers(found[:MOST])

    def _verbs(self) -> tuple[Command, ...]:
        """Before anything is typed: one of each verb."""
        found: list[Command] = []
        for action in self._world.actions:
            if action.verb and not action.argument:
                found.append(Command(action, "", action.verb))
            elif action.verb:
                title = f"{action.verb} {action.argument.value.upper()}"
                found.append(Command(action, "", title, goes_on=f"{action.verb} "))
        return tuple(found)

    def _found(self, head: str) -> tuple[Command, ...]:
        begins = head.casefold().split()[0]
        # Nearly always a verb goes first; and then it is not looked for among all that there is.
        some = [one for one in self._all if one.action.verb.startswith(begins)]
        for among in (some, self._all):
            scored = [(points, one) for one in among if (points := score(one, head)) > 0]
            if scored:
                scored.sort(key=lambda pair: -pair[0])
                return tuple(one for _, one in scored)
        return ()

    def _wrong(self, head: str) -> str:
        """What nothing answers to."""
        folded = head.casefold()
        verbs = {action.verb: action for action in self._world.actions if action.verb}
        known = [verb for verb in verbs if folded == verb or folded.startswith(f"{verb} ")]
        refused = [verb for verb in self._world.unknown if folded == verb or folded.startswith(f"{verb} ")]
        if refused and not known:
            return f"{max(refused, key=len)}: {self._world.unknown[max(refused, key=len)]}"
        if not known:
            return f"Found {shown(head)}, accepted a command{_nearest(head.split()[0], verbs)}: {_some([*verbs])}."
        action = verbs[max(known, key=len)]
        what = head[len(action.verb) :].strip()
        if not action.argument:
            return f"{action.verb}: found {shown(what)} after it, accepted nothing."
        if action.argument is Argument.CAMERA:
            accepted = [camera.name for camera in self._world.cameras]
            near = _nearest(what, [*accepted, *(camera.id for camera in self._world.cameras)])
        else:
            accepted = [*_named(action, self._world.themes).values()]
            near = _nearest(what, accepted)
        if not accepted:
            return f"{action.verb}: there is no {action.argument.value} yet."
        return (
            f"{action.verb}: found {shown(what)}, accepted {ARGUMENT_WORDS[action.argument]}{near}: {_some(accepted)}."
        )

    def _with_options(self, found: tuple[Command, ...], rest: Sequence[str], *, going_on: bool) -> Offers:
        """The commands of the best answer's kind, with what is typed of their options."""
        action = found[0].action
        verb, known = action.verb, self._world.values(action)
        given: dict[str, str] = {}
        of = [one for one in found if one.action is action][:MOST]
        words = list(rest)
        while words:
            option = words.pop(0)
            name = option.removeprefix("--")
            if not option.startswith("--"):
                return Offers(told=f"{verb}: found {shown(option)} after its options, accepted it before them.")
            name, joined, value = name.partition("=")
            at_end = not words and not going_on and not joined
            if name not in known:
                open_ = [one for one in known if at_end and one.startswith(name) and one not in given]
                if open_:
                    return Offers(tuple(_typed_on(one, given, name_) for one in of for name_ in open_)[:MOST])
                accepted = f"{_dashed(known)}" if known else "none: it has no options"
                return Offers(told=f"{verb}: found {shown(option)}, accepted {accepted}.")
            if name in given:
                return Offers(told=f"{verb}: found --{name} twice, accepted it once.")
            if not joined:
                value = words.pop(0) if words else ""
            values = known[name]
            last = not words and (not going_on or not value)
            fitting = [one for one in values if one == value] or [
                one for one in values if last and one.startswith(value)
            ]
            if not fitting:
                near = _nearest(value, values)
                return Offers(told=f"{verb} --{name}: found {shown(value)}, accepted one of{near}: {_some(values)}.")
            if len(fitting) > 1 or fitting[0] != value:
                return Offers(tuple(_given(one, {**given, name: each}) for one in of for each in fitting)[:MOST])
            given[name] = value
        return Offers(tuple(_given(one, given) for one in of))


def _given(command: Command, options: Mapping[str, str]) -> Command:
    said = "".join(f" --{name} {value}" for name, value in options.items())
    return replace(command, title=command.title + said, options=dict(options))


def _typed_on(command: Command, options: Mapping[str, str], name: str) -> Command:
    line = f"{_given(command, options).title} --{name} "
    return replace(command, title=line + name.upper(), goes_on=line)


def _dashed(known: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"--{name}" for name in known)


def _some(accepted: Sequence[str]) -> str:
    return names([*accepted], NAMED) if len(accepted) > NAMED + 1 else ", ".join(accepted)


def _nearest(found: str, accepted: Iterable[str]) -> str:
    folded: dict[str, str] = {}
    for one in accepted:
        folded.setdefault(one.casefold(), one)
    close = get_close_matches(found.casefold()[:60], folded, n=1, cutoff=0.6)
    return f" (did you mean {shown(folded[close[0]])}?)" if close else ""
