"""A configuration file is edited so that all else stays, or not at all."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as some

from vmstui.settings import SettingsError, tree
from vmstui.settings.document import read_document
from vmstui.settings.edit import Value, scalar, with_camera, with_changes, without_camera
from vmstui.settings.problems import Problem, Report
from vmstui.settings.spots import Spots

FILE = "/etc/vmstui/vmstui.yaml"
NEW: dict[str, Value] = {
    "id": "yard",
    "name": "Yard: north #2",
    "url": "rtsp://192.0.2.9:554/a,b?c=[d]",
    "password": {"file": "x y"},
}
BLOCK = """# The recorder of the house.
recordings: /srv/recordings   # on the big disk

cameras:   # from the street on
  # The gate.
  - id: gate   # by the road
    name: "Gate"
    url: rtsp://192.0.2.1/stream1
    # transport: udp
  - id: lobby
    url: 'rtsp://192.0.2.2/stream1'
    retention: {days: 30}
    # profile: reencode
# That was all of them.
segment: {length: 3m}
"""


def meaning(raw: bytes) -> object:
    """What a file says, apart from how."""
    report = Report(FILE)
    node = read_document(raw, report)
    assert not report.errors, report.errors

    def plain(node: tree.Node | None) -> object:
        if isinstance(node, tree.Mapping):
            return {entry.key: plain(entry.value) for entry in node.entries}
        if isinstance(node, tree.Listing):
            return [plain(item) for item in node.items]
        return None if node is None or node.is_null else node.text

    return plain(node)


def test_a_new_camera_stands_below_the_last_one_and_what_belongs_to_that() -> None:
    text = with_camera(BLOCK.encode(), FILE, {"id": "yard", "url": "rtsp://192.0.2.9/1"}).decode()
    assert text == BLOCK.replace(
        "    # profile: reencode\n", "    # profile: reencode\n  - id: yard\n    url: rtsp://192.0.2.9/1\n"
    )


def test_a_changed_value_is_the_only_thing_that_changes() -> None:
    changed = with_changes(BLOCK.encode(), FILE, "gate", {"name": "Front gate"}).decode()
    assert changed == BLOCK.replace('"Gate"', "Front gate")


def test_a_key_that_was_not_there_goes_to_its_usual_place() -> None:
    changed = with_changes(BLOCK.encode(), FILE, "lobby", {"profile": "reencode", "name": "Lobby"}).decode()
    assert "  - id: lobby\n    name: Lobby\n    url: 'rtsp://192.0.2.2/stream1'\n    profile: reencode\n" in changed


def test_a_limit_beside_another_one_and_the_last_one_gone() -> None:
    both = with_changes(BLOCK.encode(), FILE, "lobby", {"retention": {"days": "30", "max_size": "500G"}})
    assert b"retention: {days: 30, max_size: 500G}\n" in both
    assert b"retention" not in with_changes(both, FILE, "lobby", {"retention": None})


def test_a_removed_camera_leaves_the_comments_between_its_lines() -> None:
    assert without_camera(BLOCK.encode(), FILE, "gate").decode() == BLOCK.replace(
        '  - id: gate   # by the road\n    name: "Gate"\n    url: rtsp://192.0.2.1/stream1\n', ""
    )


def test_without_its_last_camera_a_file_has_an_empty_list() -> None:
    raw = without_camera(without_camera(BLOCK.encode(), FILE, "gate"), FILE, "lobby")
    assert b"cameras: []   # from the street on\n" in raw
    again = with_camera(raw, FILE, {"id": "yard", "url": "rtsp://192.0.2.9/1"})
    assert meaning(again) == {**dict(meaning(raw)), "cameras": [{"id": "yard", "url": "rtsp://192.0.2.9/1"}]}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x-all: &all\n- {id: gate, url: rtsp://h/1}\nrecordings: /r\ncameras: *all\n", 4),
        ("recordings: /r\ncameras:\n- &gate {id: gate, url: rtsp://h/1}\n- {<<: *gate, id: other}\n", 2),
    ],
)
def test_what_cannot_be_taken_out_safely_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SettingsError) as refused:
        without_camera(text.encode(), FILE, "gate")
    assert [(problem.file, problem.line) for problem in refused.value.problems] == [(FILE, line)]


def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match="no camera with the id 'attic'"):
        without_camera(BLOCK.encode(), FILE, "attic")


@given(some.text(some.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_text_is_read_back_as_it_was_given(text: str) -> None:
    if "${" in text or not text.isprintable():
        return
    for raw in (f"a: {scalar(text)}\n", f"a: [b, {scalar(text)}, {{c: {scalar(text)}}}]\n"):
        report = Report(FILE)
        node = read_document(raw.encode(), report)
        assert not report.errors
        assert isinstance(node, tree.Mapping)
        values = node.entries[0].value
        scalars = [values] if isinstance(values, tree.Scalar) else [values.items[1], values.items[2].entries[0].value]  # type: ignore[union-attr]
        assert [(one.text, one.is_null) for one in scalars] == [(text, False)] * len(scalars)  # type: ignore[union-attr]


# --------------------------------------------------------------------------------------------------------------------
# Files as people write them
# --------------------------------------------------------------------------------------------------------------------

KEYS = ("id", "name", "url", "username", "password", "profile", "transport", "enabled", "retention")


class Author:
    """Writes a configuration as its dice fall: order, styles, quotes, comments, anchors, line ends."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.ids: list[str] = []
        self.merges = False
        """A camera takes over keys of another one, which then cannot be changed or taken out by itself."""
        self._anchored: list[str] = []
        self._comments = 0

    def often(self, share: float = 0.5) -> bool:
        return self._dice.random() < share

    def file(self) -> bytes:
        sections = [["recordings: " + self.value("/srv/recordings") + self.remark()], self.cameras()]
        for section in (["segment:", "  length: 3m"], ["retention: {days: 14, min_free: 5%}"], ["timezone: local"]):
            if self.often():
                sections.append(section)
        self._dice.shuffle(sections)
        lines = ["# The recorder."] if self.often() else []
        lines += ["---"] if self.often(0.1) else []
        for section in sections:
            lines += [*self.comments(0), *section] + ([""] if self.often(0.3) else [])
        lines += self.comments(0)
        lines += ["..."] if self.often(0.1) else []
        text = "\n".join(lines) + ("\n" if self.often(0.8) else "")
        raw = text.replace("\n", "\r\n" if self.often(0.2) else "\n").encode()
        return b"\xef\xbb\xbf" + raw if self.often(0.1) else raw

    def cameras(self) -> list[str]:
        count = self._dice.randrange(5)
        self.ids = [f"cam{number}" for number in range(count)]
        if not count:
            return [self._dice.choice(["cameras:", "cameras: []", "cameras: ~", "cameras: [ ]"]) + self.remark()]
        anchor = self._dice.choice(["", "", "", " &all"])
        if self.often(0.25):
            if self.often():
                items = ", ".join(self.flow(one) for one in self.ids)
                return [f"cameras:{anchor} [{items}{self._dice.choice(['', ','])}]{self.remark()}"]
            lines = [f"cameras:{anchor} [{self.remark()}"]
            for one in self.ids:
                comma = "," if one != self.ids[-1] or self.often() else ""
                lines += [*self.comments(2), f"  {self.flow(one)}{comma}{self.remark()}"]
            return [*lines, *self.comments(1), "  ]"]
        indent = self._dice.choice(["", "  ", "    "])
        lines = [f"cameras:{anchor}{self.remark()}"]
        for one in self.ids:
            lines += self.comments(len(indent)) + ([""] if self.often(0.3) else [])
            if self.often(0.2):
                lines.append(f"{indent}- {self.flow(one)}{self.remark()}")
            else:
                lines += [indent + line if line else line for line in self.block(one)]
        return lines + self.comments(len(indent) + 2)

    def keys(self, one: str) -> dict[str, object]:
        found: dict[str, object] = {"id": one, "url": f"rtsp://192.0.2.7:554/{one}?a=b"}
        if self.often():
            found["name"] = self._dice.choice(["Gate", "Cổng trước", "a: b # c", "it's", "No", "12"])
        if self.often():
            found["username"], found["password"] = "admin", {"file": f"secrets/{one}"}
        if self.often(0.3):
            found["retention"] = {"days": "7"} if self.often() else {"days": "7", "max_size": "2T"}
        if self.often(0.3):
            found["enabled"] = "no"
        keys = list(found)
        self._dice.shuffle(keys)
        if self._anchored and self.often(0.3):
            self.merges = True
            return {"<<": f"*{self._dice.choice(self._anchored)}"} | {key: found[key] for key in keys}
        return {key: found[key] for key in keys}

    def flow(self, one: str) -> str:
        anchor = self._dice.choice(["", "", "", f"&{one} "])
        text = anchor + self.in_braces(self.keys(one))
        if anchor:
            self._anchored.append(one)
        return text

    def in_braces(self, value: object) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key}: {self.in_braces(below)}" for key, below in value.items()) + "}"
        return str(value) if str(value).startswith("*") else self.value(str(value))

    def block(self, one: str) -> list[str]:
        lines: list[str] = []
        step = self._dice.choice(["", "  "])
        for key, value in self.keys(one).items():
            lines += self.comments(0) if lines else []
            if isinstance(value, dict) and self.often():
                lines.append(f"{key}:{self.remark()}")
                lines += [f"  {step}{name}: {self.value(below)}{self.remark()}" for name, below in value.items()]
            else:
                lines.append(f"{key}: {self.in_braces(value)}{self.remark()}")
        if self.often(0.1):
            first = self._dice.choice(["", f" &{one}", "   # here"])
            if "&" in first:
                self._anchored.append(one)
            return ["-" + first, *("  " + step + line for line in lines)]
        offset = self._dice.choice(["  ", "  ", "    "])
        return ["-" + offset[1:] + lines[0], *(offset + line for line in lines[1:])]

    def value(self, text: str) -> str:
        plain = scalar(text)
        return self._dice.choice([plain, plain, "'" + text.replace("'", "''") + "'", f'"{text}"'])

    def comments(self, indent: int) -> list[str]:
        if not self.often(0.3):
            return []
        self._comments += 1
        return [" " * self._dice.choice([indent, indent, 0, indent + 2]) + f"# remark {self._comments}, - id: x"]

    def remark(self) -> str:
        return "  # at the end" if self.often(0.2) else ""


Edit = Callable[[bytes], bytes]


def holds(raw: bytes, edit: Edit, change: Callable[[list[dict[str, object]]], object]) -> bool:
    """The edit did what it had to and nothing else; False where it refused, with a line."""
    before = meaning(raw)
    assert isinstance(before, dict)
    cameras = before["cameras"] if isinstance(before["cameras"], list) else []
    before["cameras"] = cameras
    refused: tuple[Problem, ...] = ()
    try:
        after = edit(raw)
    except SettingsError as error:
        refused = error.problems
    if refused:
        assert all(problem.file == FILE and problem.line > 0 for problem in refused)
        return False
    change(cameras)
    assert meaning(after) == before
    left = [line.strip() for line in Spots(after.decode("utf-8-sig")).comments()]
    for line in Spots(raw.decode("utf-8-sig")).comments():
        left.remove(line.strip())
    assert (b"\r\n" in raw) == (b"\r\n" in after) or b"\n" not in raw
    assert b"\r\n" not in raw or after.count(b"\n") == after.count(b"\r\n")
    return True


CHANGES: dict[str, Value] = {
    "url": "rtsp://h/2", "profile": "reencode", "retention": {"days": "3"}, "password": {"file": "new"}
}  # fmt: skip


@given(some.integers(min_value=0, max_value=2**32))
@how(max_examples=60, deadline=None)
def test_however_a_file_is_written_an_edit_changes_what_it_should_and_nothing_else(seed: int) -> None:
    author = Author(seed)
    raw = author.file()
    assert holds(raw, lambda raw: with_camera(raw, FILE, NEW), lambda cameras: cameras.append(dict(NEW)))
    if not author.ids:
        return
    number = seed % len(author.ids)
    one = author.ids[number]
    removed = holds(raw, lambda raw: without_camera(raw, FILE, one), lambda cameras: cameras.pop(number))
    changed = holds(
        raw, lambda raw: with_changes(raw, FILE, one, CHANGES), lambda cameras: cameras[number].update(CHANGES)
    )
    assert author.merges or (removed and changed)
    without = {"username": None, "password": None}
    # May be refused: a comment between the dash's own key and the next one would have no place.
    holds(
        raw,
        lambda raw: with_changes(raw, FILE, one, without),
        lambda cameras: [cameras[number].pop(key, None) for key in without],
    )
