"""Puts a camera into a configuration file, changes it, takes it out; all else stays as somebody wrote it.

Pure: from the bytes of a file to those of the new one. Only the lines concerned are touched, so that order, comments,
quotes and line ends stay. **What comes out is read again and must mean exactly what the old one did plus the change,
with every comment line still there**; where that is not so (a list by an alias, an anchor that others need, a style
nobody foresaw) `SettingsError` says at which line, and nothing is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias

import yaml

from vmstui.settings import tree
from vmstui.settings.document import read_document
from vmstui.settings.errors import SettingsError
from vmstui.settings.keys import CAMERA_DAYS, CAMERA_ID, CAMERAS, ENABLED, ROOT
from vmstui.settings.problems import Problem, Report, shown
from vmstui.settings.spots import Kind, Spot, Spots

Value: TypeAlias = "str | Mapping[str, Value]"
"""What may be written for a key of a camera: one value, or keys with values below it."""
Meaning: TypeAlias = "tuple[str, bool] | list[Meaning] | dict[str, Meaning]"
"""Of a node: a scalar with whether it is null, the items of a list, the entries of a mapping."""

BY_HAND = "an edit by hand (`vmstui config check` looks it over, `vmstui config reload` takes it)"
_BOM = b"\xef\xbb\xbf"
_CAMERAS = CAMERAS.name
_ORDER = CAMERAS.names()
_PLAIN = re.compile(r"(?=[^\W_]|/)[\w./:@%+=&~;()$!-]*[\w./@%+=&~;()$!-](?: [\w./@%+=~;()$]+)*")
"""Words in which no YAML reader sees anything but words, in braces as well."""
_NOT_TEXT = {CAMERA_DAYS.name, ENABLED.name}
"""Keys whose values other readers should take for a number or for yes and no."""
_NUMBER_OR_WORD = re.compile(r"[0-9]+(?:\.[0-9]+)?|true|false|yes|no|on|off")


def with_camera(raw: bytes, file: str, camera: Mapping[str, Value]) -> bytes:
    """The file with one more camera behind those there are. Raises SettingsError."""
    editing = _Editing(raw, file)
    return editing.checked(lambda cameras: cameras.append(_meaning_of(camera)), lambda: editing.add(camera))


def without_camera(raw: bytes, file: str, camera_id: str) -> bytes:
    """The file without that camera. Raises SettingsError, also where it is not in it."""
    editing = _Editing(raw, file)
    number = editing.number_of(camera_id)
    return editing.checked(lambda cameras: cameras.pop(number), lambda: editing.remove(number))


def with_changes(raw: bytes, file: str, camera_id: str, changes: Mapping[str, Value | None]) -> bytes:
    """The file with these keys of that camera as given; None takes a key out. Raises SettingsError."""
    editing = _Editing(raw, file)
    number = editing.number_of(camera_id)

    def expect(cameras: list[Meaning]) -> None:
        camera = cameras[number]
        assert isinstance(camera, dict)
        for key, value in changes.items():
            if value is None:
                camera.pop(key, None)
            else:
                camera[key] = _meaning_of(value)

    return editing.checked(expect, lambda: editing.change(number, changes))


def camera_keys(raw: bytes, file: str, camera_id: str) -> dict[str, Value]:
    """What is written for a camera, also by merge keys; keys with a list are left out. Raises SettingsError."""
    editing = _Editing(raw, file)
    return editing.keys_of(editing.number_of(camera_id))


def password_files(raw: bytes, file: str) -> set[str]:
    """The files that passwords are read from, as they are named."""
    node = read_document(raw, Report(file))
    found: set[str] = set()
    nodes = [node] if node is not None else []
    while nodes:
        one = nodes.pop()
        if isinstance(one, tree.Listing):
            nodes += one.items
        elif isinstance(one, tree.Mapping):
            nodes += [entry.value for entry in one.entries]
            told = [entry.value for entry in one.entries if entry.key == "password"]
            below = [entry for value in told if isinstance(value, tree.Mapping) for entry in value.entries]
            found |= {one.value.text for one in below if one.key == "file" and isinstance(one.value, tree.Scalar)}
    return found


class _Editing:
    """One file that is being edited: what it means, where everything stands, and what is to be put where."""

    def __init__(self, raw: bytes, file: str) -> None:
        self._file = file
        self._mark = _BOM if raw.startswith(_BOM) else b""
        report = Report(file)
        node = read_document(raw, report)
        report.raise_errors()
        if not isinstance(node, tree.Mapping):
            self.refuse(1, "" if node is None else "no keys", f"keys such as {ROOT.fields[0].name}")
        self._node = node
        text = raw.removeprefix(_BOM).decode()
        self._spots = Spots(text)
        self._break = "\r\n" if "\r\n" in text else "\n"
        self._splices: list[tuple[int, int, str]] = []
        assert self._spots.root is not None
        self._root = self._spots.root

    def refuse(self, line: int, found: str, accepted: str = BY_HAND) -> NoReturn:
        raise SettingsError([Problem(self._file, line, 1, _CAMERAS, found, accepted)])

    def number_of(self, camera_id: str) -> int:
        """Place of a camera in the list."""
        for number, camera in enumerate(self._cameras()):
            entries = {entry.key: entry.value for entry in camera.entries} if isinstance(camera, tree.Mapping) else {}
            found = entries.get(CAMERA_ID.name)
            if isinstance(found, tree.Scalar) and found.text == camera_id:
                return number
        self.refuse(0, f"no camera with the id {shown(camera_id)}", "the id of a camera in this file")

    def keys_of(self, number: int) -> dict[str, Value]:
        """Of a camera."""
        found = _told(self._cameras()[number])
        return dict(found) if isinstance(found, Mapping) else {}

    def checked(self, expect: Callable[[list[Meaning]], object], edit: Callable[[], None]) -> bytes:
        """Edit, and give the file if it means what is expected."""
        expected = _meaning(self._node)
        assert isinstance(expected, dict)
        found = expected.get(_CAMERAS)
        cameras = found if isinstance(found, list) else []
        expected[_CAMERAS] = cameras
        expect(cameras)
        edit()
        text = self._spots.text
        # From the end on; of what goes to the same place, what was thought of first comes first.
        for _, (start, end, words) in sorted(
            enumerate(self._splices), key=lambda one: (one[1][0], one[1][1], one[0]), reverse=True
        ):
            text = text[:start] + words + text[end:]
        raw = self._mark + text.encode()
        report = Report(self._file)
        node = read_document(raw, report)
        # Whatever was not foreseen comes out here.
        line = self._line_of_cameras()
        if node is None or report.errors or _meaning(node) != expected:
            self.refuse(line, "a list of cameras in a form in which it cannot be changed safely")
        comments = [line.strip() for line in Spots(text).comments()]
        for comment in self._spots.comments():
            if comment.strip() not in comments:
                self.refuse(line, "a comment that would not stay")
            comments.remove(comment.strip())
        return raw

    # ------------------------------------------------------------------------------------------------ the three edits

    def add(self, camera: Mapping[str, Value]) -> None:
        entry = self._root.entry(_CAMERAS)
        spots = self._spots
        if entry is None and self._root.flow:
            self._append_in_braces(self._root, f"{_CAMERAS}: [{_flow(camera)}]")
        elif entry is None:
            lines = [f"{_CAMERAS}:", *_item(camera, "  ", 2)]
            if any(key.kind is Kind.SCALAR and key.text == "<<" for key, _ in self._root.entries):
                self.refuse(self._root.line, "keys that are merged from elsewhere")
            self._insert_lines(spots.document_end, [" " * _column(self._root) + line for line in lines])
        elif self._root.flow or (entry[1].flow and entry[1].items):
            self._add_in_brackets(entry[1], camera)
        elif entry[1].kind is Kind.LIST and entry[1].items:
            self._add_below(entry[1], camera)
        elif entry[1].kind is Kind.LIST or (entry[1].kind is Kind.SCALAR and not self._is_told(entry[1])):
            key, value = entry
            if not value.is_empty:
                start = len(spots.text[: value.start].rstrip(" "))
                self._splices.append((start, value.end, ""))
            at = spots.below(spots.next_line(value.end), key.column)
            self._insert_lines(at, _item(camera, " " * (key.column + 2), 2))
        else:
            self.refuse(entry[1].line, "a list that is written elsewhere")

    def remove(self, number: int) -> None:
        key, cameras = self._written()
        spots, item = self._spots, cameras.items[number]
        if cameras.flow:
            self._take_out_of_brackets(cameras.items, number, cameras.end)
            return
        dash = spots.dash_before(item.start)
        start = spots.line_start(dash)
        if spots.text[start:dash].strip():
            self.refuse(item.line, "a camera that does not begin on a line of its own")
        self._take_lines_out(start, spots.next_line(item.end))
        if len(cameras.items) == 1:
            anchor = re.compile(r"&[^\s]+").match(spots.text, cameras.start)
            at = anchor.end() if anchor else spots.behind_colon(key)
            self._splices.append((at, at, " []"))

    def change(self, number: int, changes: Mapping[str, Value | None]) -> None:
        _, cameras = self._written()
        camera = cameras.items[number]
        if camera.kind is not Kind.MAPPING:
            self.refuse(camera.line, "a camera that is written elsewhere")
        missing: list[tuple[str, Value]] = []
        for name, value in changes.items():
            entry = camera.entry(name)
            if value is None:
                if entry is not None:
                    self._remove_entry(camera, entry)
            elif entry is not None:
                self._set(entry, value)
            else:
                missing.append((name, value))
        for name, value in sorted(missing, key=lambda pair: _ORDER.index(pair[0])):
            self._put(camera, name, value)

    # ------------------------------------------------------------------------------------------------------ its parts

    def _cameras(self) -> tuple[tree.Node, ...]:
        node = next((entry.value for entry in self._node.entries if entry.key == _CAMERAS), None)
        return node.items if isinstance(node, tree.Listing) else ()

    def _written(self) -> tuple[Spot, Spot]:
        """The key and the list, written in this very place."""
        entry = self._root.entry(_CAMERAS)
        if entry is None or entry[1].kind is not Kind.LIST:
            self.refuse(self._line_of_cameras(), "a list of cameras that is written elsewhere")
        return entry

    def _line_of_cameras(self) -> int:
        entry = self._root.entry(_CAMERAS)
        return entry[0].line if entry else self._root.line

    def _is_told(self, value: Spot) -> bool:
        """A single value that is not one of the words for nothing."""
        return value.text not in ("", "~", "null", "Null", "NULL")

    def _add_below(self, cameras: Spot, camera: Mapping[str, Value]) -> None:
        spots, last = self._spots, cameras.items[-1]
        dash = spots.dash_before(last.start)
        first = last.items[0].start if last.kind is Kind.MAPPING and not last.flow else len(spots.text)
        offset = first - dash if spots.text[dash + 1 : first].strip(" ") == "" else 2
        lines = _item(camera, " " * (dash - spots.line_start(dash)), offset)
        if len(cameras.items) > 1:
            between = spots.text[cameras.items[-2].end : dash]
            if re.search(r"\n[ \t]*\r?\n", between):
                lines.insert(0, "")
        self._insert_lines(spots.below(spots.next_line(last.end), cameras.column), lines)

    def _add_in_brackets(self, cameras: Spot, camera: Mapping[str, Value]) -> None:
        words = _flow(camera)
        if cameras.kind is Kind.LIST and cameras.items:
            end = cameras.items[-1].end
            self._splices.append((end, end, f", {words}"))
        elif cameras.kind is Kind.LIST:
            self._splices.append((cameras.start + 1, cameras.start + 1, words))
        elif cameras.kind is Kind.SCALAR and not self._is_told(cameras):
            space = " " if cameras.is_empty else ""
            self._splices.append((cameras.start, cameras.end, f"{space}[{words}]"))
        else:
            self.refuse(cameras.line, "a list that is written elsewhere")

    def _append_in_braces(self, mapping: Spot, words: str) -> None:
        at = mapping.items[-1].end if mapping.items else mapping.start + 1
        self._splices.append((at, at, f", {words}" if mapping.items else words))

    def _put(self, camera: Spot, name: str, value: Value) -> None:
        """A key that is not there yet, behind the one that usually stands before it."""
        if camera.flow:
            self._append_in_braces(camera, f"{name}: {_flow(value, name)}")
            return
        before = [entry for entry in camera.entries if entry[0].text in _ORDER[: _ORDER.index(name)]]
        _, behind = max(before or camera.entries[:1], key=lambda entry: entry[0].start)
        indent = " " * _column(camera)
        self._insert_lines(self._spots.next_line(behind.end), [f"{indent}{name}: {_flow(value, name)}"])

    def _set(self, entry: tuple[Spot, Spot], value: Value) -> None:
        _, old = entry
        anew = old.flow and not any(old.entry(name) for name in value)
        if isinstance(value, str) or old.kind is not Kind.MAPPING or anew:
            if old.kind in (Kind.MAPPING, Kind.LIST) and not old.flow:
                self.refuse(old.line, "keys below a key that is to have one value")
            words = _flow(value, entry[0].text)
            self._splices.append((old.start, old.end, f" {words}" if old.is_empty else words))
            return
        for name, part in value.items():
            if (below := old.entry(name)) is not None:
                self._set(below, part)
            elif old.flow:
                self._append_in_braces(old, f"{name}: {_flow(part, name)}")
            else:
                last = old.items[-1]
                indent = " " * _column(old)
                self._insert_lines(self._spots.next_line(last.end), [f"{indent}{name}: {_flow(part, name)}"])
        for below in old.entries:
            if below[0].text not in value:
                self._remove_entry(old, below)

    def _remove_entry(self, mapping: Spot, entry: tuple[Spot, Spot]) -> None:
        spots, (key, value) = self._spots, entry
        number = mapping.entries.index(entry)
        if mapping.flow:
            ends = [Spot(Kind.SCALAR, one.start, one.line, one.column, other.end) for one, other in mapping.entries]
            self._take_out_of_brackets(ends, number, mapping.end)
            return
        start = spots.line_start(key.start)
        if not spots.text[start : key.start].strip():
            self._take_lines_out(start, spots.next_line(value.end))
        elif number + 1 < len(mapping.entries):  # on the line of the dash, where the next one goes then
            self._splices.append((key.start, mapping.entries[number + 1][0].start, ""))
        else:
            self.refuse(key.line, "the only key of a camera")

    def _take_lines_out(self, start: int, end: int) -> None:
        """Lines from one to another, but for the comments among them."""
        self._splices.append((start, end, "".join(self._spots.comments(start, end))))

    def _take_out_of_brackets(self, items: list[Spot], number: int, limit: int) -> None:
        """A part and the comma behind it, or for want of one that before it."""
        spots, item = self._spots, items[number]
        comma = spots.comma_after(item.end, items[number + 1].start if number + 1 < len(items) else limit)
        if comma is None and number:
            comma = spots.comma_before(item.start, items[number - 1].end)
        self._splices.append((item.start, item.end, ""))
        if comma is not None:
            self._splices.append((comma, comma + 1, ""))

    def _insert_lines(self, at: int, lines: list[str]) -> None:
        text = self._spots.text
        words = "".join(f"{line}{self._break}" for line in lines)
        self._splices.append((at, at, words if not at or text[at - 1] == "\n" else self._break + words))


# --------------------------------------------------------------------------------------------------------------------
# How values are written, and what they mean
# --------------------------------------------------------------------------------------------------------------------


def _column(mapping: Spot) -> int:
    """Of its keys; an anchor may stand before them."""
    return mapping.items[0].column


def scalar(text: str) -> str:
    """A value as YAML reads it back: plain where no reader could take it for anything else, else in quotes."""
    if _PLAIN.fullmatch(text) and isinstance(yaml.safe_load(text), str):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(one if one.isprintable() and one not in '"\\' else _escaped(one) for one in text) + '"'


def _escaped(character: str) -> str:
    return f"\\{character}" if character in '"\\' else f"\\U{ord(character):08x}"


def _flow(value: Value, key: str = "") -> str:
    """On one line: what stands below a key of a camera is short, such as days or a file."""
    if isinstance(value, str):
        return value if key in _NOT_TEXT and _NUMBER_OR_WORD.fullmatch(value) else scalar(value)
    return "{" + ", ".join(f"{name}: {_flow(below, name)}" for name, below in value.items()) + "}"


def _item(camera: Mapping[str, Value], indent: str, offset: int) -> list[str]:
    """A camera as lines of a list; its keys begin so far behind the dash."""
    lines = [f"{indent}{' ' * offset}{key}: {_flow(value, key)}" for key, value in camera.items()]
    return [f"{indent}-{' ' * (offset - 1)}{lines[0].lstrip()}", *lines[1:]]


def _meaning(node: tree.Node) -> Meaning:
    if isinstance(node, tree.Scalar):
        return node.text, node.is_null
    if isinstance(node, tree.Listing):
        return [_meaning(item) for item in node.items]
    return {entry.key: _meaning(entry.value) for entry in node.entries}


def _told(node: tree.Node) -> Value | None:
    if isinstance(node, tree.Scalar):
        return node.text
    if isinstance(node, tree.Listing):
        return None
    below = ((entry.key, _told(entry.value)) for entry in node.entries)
    return {key: value for key, value in below if value is not None}


def _meaning_of(value: Value) -> Meaning:
    if isinstance(value, str):
        return value, False
    return {key: _meaning_of(below) for key, below in value.items()}
