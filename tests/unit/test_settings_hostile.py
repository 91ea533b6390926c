"""Promise: whatever the file holds, loading gives settings or `SettingsError`, soon, and never another exception."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.settings_examples import BAD, CAMERA, HEAD, Bad
from vmstui.settings import SettingsError, load
from vmstui.settings.document import MAX_FILE_BYTES


def errors(path: Path, raw: bytes) -> list[str]:
    """The sentences of the errors, without the place."""
    path.write_bytes(raw)
    with pytest.raises(SettingsError) as caught:
        load(str(path))
    return [str(problem).partition("found ")[2] for problem in caught.value.problems]


def laughs(layers: int) -> str:
    """The billion laughs: every layer is ten times the one before."""
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for layer in range(1, layers):
        text += f"a{layer}: &a{layer} [{', '.join([f'*a{layer - 1}'] * 10)}]\n"
    return text


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "nothing, accepted a path that starts with /"),
        (b"# only a comment\n", "nothing, accepted a path that starts with /"),
        (b"---\n...\n", "nothing, accepted a path that starts with /"),
        (b"[" * 10_000, "more than 30 levels of nesting"),
        (b"{a: " * 10_000, "more than 30 levels of nesting"),
        (b"- " * 10_000, "more than 30 levels of nesting"),
        (b"? " * 10_000, "more than 30 levels of nesting"),
        (laughs(9).encode(), "more than 100,000 values once aliases are expanded"),
        (b"a: &a [*a]\n", "an alias of nothing that stands before it"),
        (b"a: &a {<<: *a}\n", "an alias of nothing that stands before it"),
        (b"recordings: /\xff\n", "the byte 0xff, which is not UTF-8"),
        ("recordings: /x\n".encode("utf-16"), "text in UTF-16"),
        (b"a\0b", "the control character U+0000"),
        (b"%YAML 1" + b"0" * 5000 + b".1\n---\n", "an escape sequence or number beyond what YAML can hold"),
        (b"%YAML 2.0\n---\n", "a syntax error (found incompatible YAML document (version 1.* is required))"),
        (b"#" * (MAX_FILE_BYTES + 1), "a file larger than 1 MiB"),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else "",
)
def test_hostile_files_are_refused_in_words(raw: bytes, says: str, tmp_path: Path) -> None:
    found = errors(tmp_path / "vmstui.yaml", raw)
    assert any(sentence.startswith(says) for sentence in found), found


def test_merging_large_mappings_again_and_again_is_bounded(tmp_path: Path) -> None:
    keys = ", ".join(f"k{number}: 1" for number in range(1000))
    text = f"a: &a {{{keys}}}\nb: {{<<: [{', '.join(['*a'] * 5000)}]}}\n"
    assert any("once aliases are expanded" in sentence for sentence in errors(tmp_path / "c.yaml", text.encode()))


def test_aliases_within_reason_are_no_problem(tmp_path: Path) -> None:
    found = errors(tmp_path / "vmstui.yaml", laughs(4).encode())
    assert not any("once aliases are expanded" in sentence for sentence in found)


def test_the_place_of_a_byte_that_is_not_utf8_is_right(tmp_path: Path) -> None:
    path = tmp_path / "vmstui.yaml"
    path.write_bytes("# ü\nrecordings: /ü\xff".encode() + b"\xfe")
    with pytest.raises(SettingsError) as caught:
        load(str(path))
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (2, 16)


def test_random_bytes_and_damaged_files_never_give_another_exception(tmp_path: Path) -> None:
    path = tmp_path / "vmstui.yaml"
    generator = random.Random(1)
    good = (HEAD + CAMERA + "    password: {env: A}\n    name: &n 'a'\n").encode()
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(generator.randrange(1, 6)):
            damaged[generator.randrange(len(damaged))] = generator.choice(b"\x00\xff:{}[]&*!|>'\"%@`#?-, \n\t\\0aZ\xc3")
        attempt(path, bytes(damaged))
        attempt(path, generator.randbytes(generator.randrange(200)))


def attempt(path: Path, raw: bytes) -> None:
    """Loading ends in one of the two promised ways, and errors are printable."""
    path.write_bytes(raw)
    try:
        load(str(path))
    except SettingsError as error:
        sentences = [str(problem) for problem in error.problems]
    else:
        return
    assert sentences
    assert all(sentence.isprintable() for sentence in sentences), sentences


pieces = st.sampled_from(
    [
        *"{}[]:,-?&*!|>'\"%@#\n\t \\",
        "\n  ", "\n- ", "\n  - ", ": ", "<<: ", "*a", "&a ", "${X}", "~", "null", "no", "010", "1:30", "!!str ",
        "---\n", "recordings: /a\n", "cameras:", "cameras:\n  - ", "id: a", "url: rtsp://u:p@h:1/x?y", "name: ",
        "password: ", "{env: PATH}", "{file: /etc/hostname}", "profile: ", "profiles:\n  p:\n    live: ", "codec: h264",
        "size: 1x1", "segment: {length: ", "live: {server: ", "listen: ", "timezone: ", "\ud800", "\u202e", "\u2028",
        "'\\ud800'", '"\\x00"', '"\\n"', "9" * 400,
    ]
)  # fmt: skip


@given(st.lists(pieces | st.text(max_size=5), max_size=25).map("".join))
@example("recordings: /a\ntimezone: ''")
@example("recordings: /a\ntimezone: /etc/passwd")
@example('recordings: /a\ntimezone: "\\0"')
@example('recordings: "/a\\0b"')
@example("recordings: /a\ntimezone: Europe")
@example("cameras: [{id: a, url: 'rtsp://[::1'}]")
@example('cameras: [{password: {file: "a\\0b"}}]')
def test_any_text_gives_settings_or_settings_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        attempt(Path(folder) / "vmstui.yaml", text.encode("utf-8", errors="surrogatepass"))


@given(st.sampled_from(BAD), st.data())
def test_any_cut_of_a_wrong_configuration_gives_settings_or_settings_error(bad: Bad, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(bad.text)))
    with tempfile.TemporaryDirectory() as folder:
        attempt(Path(folder) / "vmstui.yaml", (bad.text[:cut] + bad.text[cut + 1 :]).encode())
