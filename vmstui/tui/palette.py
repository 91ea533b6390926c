"""Commands by name, with arguments: `restart lobby`, `logs gate`, `theme nord`. Made from the action table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import Action, Argument, keys_of
from vmstui.tui.fleet_rows import ordered
from vmstui.tui.glyphs import in_ascii
from vmstui.tui.key_names import word


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the palette."""

    action: Action
    argument: str
    """Camera id, theme name, or nothing."""
    title: str
    """What it is called: the verb and the name of its argument."""
    also: str = ""
    """Further text it is found by."""


def commands(actions: Iterable[Action], cameras: Sequence[CameraSnapshot], themes: Sequence[str]) -> list[Command]:
    """Everything that can be done now."""
    found: list[Command] = []
    for action in actions:
        if not action.verb:
            continue
        match action.argument:
            case Argument.NONE:
                found.append(Command(action, "", action.verb, action.words))
            case Argument.THEME:
                found += [Command(action, name, f"{action.verb} {name}") for name in themes]
            case Argument.CAMERA:
                found += [Command(action, camera.id, f"{action.verb} {camera.name}", camera.id) for camera in cameras]
    return found


def score(command: Command, query: str) -> float:
    """How well a command answers what was typed, 0 to 1; every word typed must occur in it.

    Equal scores keep the order of the fleet, so the cameras in trouble are offered first.
    """
    title, also = command.title.casefold(), command.also.casefold()
    words = query.casefold().split()
    if not words or not all(word in title or word in also for word in words):
        return 0.0
    starts = title.split()
    hits = sum(1.0 if any(start.startswith(word) for start in starts) else 0.5 for word in words)
    exact_verb = 0.25 if words[0] == command.action.verb else 0.0
    whole = 0.25 if " ".join(words) in {title, f"{command.action.verb} {also}"} else 0.0
    return (hits / len(words) + exact_verb + whole) / 1.5


def help_of(action: Action) -> str:
    """What it does, and the keys that do it too. Textual takes it for markup, so that brackets are escaped."""
    keys = " ".join(map(word, keys_of(action.id)))
    return escape(f"{action.help} Key: {keys}" if keys else action.help)


class Commands(Provider):
    """What `:` offers."""

    def _commands(self) -> list[Command]:
        from vmstui.tui.app import Dashboard

        app = self.app
        assert isinstance(app, Dashboard)
        snapshot = app.picture.snapshot
        themes = sorted(app.available_themes)
        return commands(app.actions, ordered(snapshot) if snapshot else (), themes)

    def _run(self, command: Command) -> None:
        from vmstui.tui.app import Dashboard

        app = self.app
        assert isinstance(app, Dashboard)
        app.perform(command.action, command.argument)

    async def discover(self) -> Hits:
        """Before anything is typed: one example of each verb."""
        seen: set[str] = set()
        for command in self._commands():
            if command.action.verb not in seen:
                seen.add(command.action.verb)
                title = f"{command.action.verb} {command.action.argument.upper()}".rstrip()
                chosen = command if not command.action.argument else None
                run = (lambda c=chosen: self._run(c)) if chosen else (lambda v=command.action.verb: self._more(v))
                yield DiscoveryHit(Content(title), run, text=title, help=help_of(command.action))

    async def search(self, query: str) -> Hits:
        """What answers the words typed so far."""
        for command in self._commands():
            if (points := score(command, query)) > 0:
                yield Hit(
                    points,
                    Content(in_ascii(command.title) if self.app.has_class("-ascii") else command.title),
                    lambda c=command: self._run(c),
                    text=command.title,
                    help=help_of(command.action),
                )

    def _more(self, verb: str) -> None:
        from vmstui.tui.app import Dashboard

        app = self.app
        assert isinstance(app, Dashboard)
        app.open_palette(verb + " ")
