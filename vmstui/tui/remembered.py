"""What a person chose in the dashboard, kept over its starts: theme, columns and order, filters, who is silent.

One small JSON file per person, `dashboard.json` in their state folder. It is read when the dashboard starts and, each
time something is chosen, read again and replaced as a whole: several dashboards at once keep what the other one wrote
of other things, and a power cut leaves the old file or the new one. What this version does not know in it stays in it.

A file that cannot be understood is set aside under another name, which is told once; then all is as usual. What cannot
be written is told once, and the dashboard goes on without remembering. Nothing here raises.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from vmstui.settings.problems import shown
from vmstui.tui.fleet_view import View

MAX_BYTES = 1 << 20
MAX_RECORDERS = 64
"""Filters of so many recorders are kept; demonstrations and tests come and go."""
MAX_ASIDE = 9
TELLS = ("screen", "bell", "desktop", "both")
"""How notices may be told: on the screen alone, with the bell of the terminal, as a notification of the desktop."""

Silenced = Mapping[str, datetime | None]
"""Cameras by id of which no notices come, and until when; None: until somebody undoes it."""


class Foreign(Exception):
    """Not a file of ours; says what was found and what is accepted."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """All of it, for one recorder."""

    theme: str = ""
    tell: str = TELLS[0]
    view: View = View()  # noqa: RUF009 (frozen)
    silenced: Silenced = field(default_factory=dict)


class Remembered:
    """The file. Without a path nothing is read or written, and what is chosen lasts as long as the dashboard."""

    def __init__(self, path: str = "") -> None:
        self.path = os.path.realpath(path) if path else ""
        """Where a link leads, so that it stays a link."""
        self._tree: dict[str, object] = {}
        self._told = False

    def begin(self) -> list[str]:
        """Read it; what there is to say about it."""
        try:
            self._tree = self._read()
        except Foreign as foreign:
            return [f"What you chose before is not used: {self.path}: {foreign}. {self._set_aside()}"]
        except OSError as error:
            return [f"What you chose before is not used: {self.path} cannot be read ({error.strerror})."]
        return []

    def chosen(self, recorder: str = "") -> Chosen:
        """What was chosen; of filters and silence only what is of that recorder."""
        return _chosen(self._tree, recorder)

    def remember(self, recorder: str, change: Callable[[Chosen], Chosen]) -> list[str]:
        """Change what was chosen; a sentence where it cannot be kept, said once."""
        said: list[str] = []
        if self.path:
            try:
                self._tree = self._read()
            except Foreign as foreign:  # something else wrote there meanwhile
                said.append(f"{self.path}: {foreign}. {self._set_aside()}")
            except OSError:
                pass
        new = change(self.chosen(recorder))
        self._tree = _tree(new, recorder, self._tree)
        if self.path:
            try:
                self._write()
            except OSError as error:
                if not self._told:
                    said.append(f"What you choose is not kept for the next time: {self.path} ({error.strerror}).")
                self._told = True
        return said

    # ------------------------------------------------------------------------------------------------------ the file

    def _read(self) -> dict[str, object]:
        """Raises OSError and Foreign."""
        if not self.path:
            return self._tree
        try:
            with open(self.path, "rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return {}
        if len(raw) > MAX_BYTES:
            raise Foreign(f"found more than {MAX_BYTES >> 20} MiB, accepted what the dashboard wrote")
        try:
            tree = json.loads(raw)
        except (ValueError, RecursionError):
            raise Foreign("found no JSON, accepted what the dashboard wrote") from None
        if not isinstance(tree, dict):
            raise Foreign("found no object, accepted what the dashboard wrote")
        _chosen(tree, "")
        for recorder in _section(tree, "recorders"):
            _chosen(tree, recorder)
        return tree

    def _set_aside(self) -> str:
        """Give a file that is not understood another name, so that nothing of it is lost."""
        for number in range(1, MAX_ASIDE + 1):
            aside = f"{self.path}.unread-{number}"
            try:
                # A link fails where there is such a file already; a rename would replace it.
                os.link(self.path, aside)
                os.unlink(self.path)
            except FileExistsError:
                continue
            except OSError as error:
                self.path = ""  # it stays as it is
                return f"It stays there, and what you choose is not kept ({error.strerror})."
            return f"It is {os.path.basename(aside)} now, and all is as usual."
        self.path = ""
        return f"It stays there, and what you choose is not kept: {MAX_ASIDE} such files are there already."

    def _write(self) -> None:
        """Raises OSError."""
        folder, name = os.path.split(self.path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        beside = os.path.join(folder, f".{name}.{os.getpid()}")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass") as file:
                json.dump(self._tree, file, indent=1, ensure_ascii=True)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise


# ------------------------------------------------------------------------------------------------- JSON and back, pure


def _section(tree: Mapping[str, object], key: str) -> dict[str, object]:
    found = tree.get(key, {})
    if not isinstance(found, dict):
        raise Foreign(f"{key}: found {shown(str(found))}, accepted an object")
    return found


def _text(tree: Mapping[str, object], key: str) -> str:
    found = tree.get(key, "")
    if not isinstance(found, str):
        raise Foreign(f"{key}: found {shown(str(found))}, accepted a text")
    return found


def _flag(tree: Mapping[str, object], key: str) -> bool:
    found = tree.get(key, False)
    if not isinstance(found, bool):
        raise Foreign(f"{key}: found {shown(str(found))}, accepted true or false")
    return found


def _texts(tree: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = tree.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Foreign(f"{key}: found {shown(str(found))}, accepted a list of texts")
    return tuple(found)


def _until(key: str, found: object) -> datetime | None:
    if found is None:
        return None
    try:
        until = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        until = None
    if until is None:
        raise Foreign(f"silenced {shown(key)}: found {shown(str(found))}, accepted a time or null")
    return until if until.tzinfo else until.replace(tzinfo=UTC)


def _chosen(tree: Mapping[str, object], recorder: str) -> Chosen:
    """Raises Foreign."""
    table, mine = _section(tree, "table"), _section(_section(tree, "recorders"), recorder)
    view = View(
        _text(table, "sort"), _flag(table, "backwards"), _texts(table, "hidden"), _texts(table, "wanted"),
        _text(mine, "filter"), _flag(mine, "faults"),
    )  # fmt: skip
    tell = _text(tree, "notices") or TELLS[0]
    silenced = {camera: _until(camera, until) for camera, until in _section(mine, "silenced").items()}
    return Chosen(_text(tree, "theme"), tell if tell in TELLS else TELLS[0], view, silenced)


def _tree(new: Chosen, recorder: str, tree: Mapping[str, object]) -> dict[str, object]:
    """What is to be written: what was there, with what is known of replaced; nothing of what is as usual."""
    view = new.view
    table = _section(tree, "table") | {
        "sort": view.sort, "backwards": view.backwards, "hidden": [*view.hidden], "wanted": [*view.wanted],
    }  # fmt: skip
    silenced = {camera: until.isoformat() if until else None for camera, until in new.silenced.items()}
    recorders = _section(tree, "recorders")
    if recorder:
        before = _section(recorders, recorder)
        mine = before | {"filter": view.pattern, "faults": view.faults, "silenced": silenced}
        # The one that was looked at last is the last one, and kept longest.
        recorders = {name: of for name, of in recorders.items() if name != recorder} | {recorder: _said(mine)}
        recorders = {name: of for name, of in recorders.items() if of}
        recorders = dict([*recorders.items()][-MAX_RECORDERS:])
    tell = "" if new.tell == TELLS[0] else new.tell
    return _said(dict(tree) | {"theme": new.theme, "notices": tell, "table": _said(table), "recorders": recorders})


def _said(tree: dict[str, object]) -> dict[str, object]:
    """Without what says nothing; a camera that is silent until that is undone says something by its name alone."""
    return {key: value for key, value in tree.items() if value not in ("", [], {}, False)}


def without(silenced: Silenced, camera: str) -> Silenced:
    """Of that camera notices come again."""
    return {one: until for one, until in silenced.items() if one != camera}


def silent(silenced: Silenced, now: datetime) -> frozenset[str]:
    """The cameras that are silent at that time."""
    return frozenset(camera for camera, until in silenced.items() if until is None or until > now)


def with_view(view: View) -> Callable[[Chosen], Chosen]:
    """To be remembered."""
    return lambda chosen: replace(chosen, view=view)
