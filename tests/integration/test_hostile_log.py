"""ffmpeg's log may hold anything, since what a camera names itself gets into it: of that nothing acts upon a terminal,
is in an answer or in a file of ours, by whatever way it comes.

Every byte that a real terminal receives is looked at: what moves the cursor or sets a colour has to be of the kinds
that the dashboard itself needs, and the rest has to be text that reads from left to right as it stands.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.harness import Recorder, wait_until
from tests.tui.terminal import Terminal
from vmstui.codec import Json
from vmstui.control.call import call
from vmstui.live.simulated import SimulatedCameras
from vmstui.sanitise import clean

WORDS = b"Zorro"
"""In each hostile line, to find it again."""
HOSTILE = (
    b"\x1b]52;c;cm0gLXJmIC8=\x07",  # the clipboard
    b"\x1b]52;c;cm0gLXJmIC8=\x1b\\",
    b"\x1b]0;owned\x07\x1b]2;owned\x1b\\",  # the title
    b"\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    b"\x1b[2J\x1b[3J\x1b[H\x1b[5;5H\x1bc\x1b[!p",  # the screen, and all that it is set to
    b"\x1b[?1049l\x1b[?1000h\x1b[?2004l\x1b[4h\x1b[20h",
    b"\x1b[6n\x1b[c\x1b[>q\x1bZ\x1b[21t",  # questions, whose answer would be typed
    b"\x1bP+q544e\x1b\\\x1b_Gi=1,a=T;AAAA\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\",
    b"\x1b[38;5;201m\x1b[8m\x1b[5mblinks unseen",
    b"\x9b31m\x9d52;c;eA==\x9c\x90q\x9c",  # the same in eight bits, which is no UTF-8
    "\u009b31m\u009d52;c;eA==\u009c\u0090q\u009c\u0085".encode(),  # and as UTF-8
    "\u202egateevil\u202c \u2066\u2067\u2068\u2069 \u200e\u200f\u061c".encode(),
    "\u200b\u2060\ufeff\u00ad\U000e0041\u2028\u2029".encode(),
    b"nul \0\0 bel \a back \b\b\b form \f\v del \x7f shift \x0e\x0f",
    b"invalid \xff\xfe\xc0\xaf\xed\xa0\x80\xf8\x88\x80\x80\x80 and cut \xe2\x82",
    b"\x1b",
    b"\x1b[",
    b"\x1b]52;c;",
    b"\x1bP",
    b"[/bold][@click=app.leave]x[/] $background {{x}} %s \\e[31m \\x1b[31m \\u202e",
)
LONG_BYTES = 10 * 2**20
ONE_AFTER_THE_OTHER = """
import json, sys
from vmstui.cli import main
codes = [main(arguments) for arguments in json.loads(sys.argv[1])]
sys.exit(0 if set(codes) <= {0, 1} else f"exit codes {codes}")
"""
"""Commands in one process, as most of what each takes is its start."""
ALLOWED = re.compile(
    r"\x1b(?:"
    r"\[(?:0|[0-9]|[34]8;2;\d{1,3};\d{1,3};\d{1,3}|[2-5][0-9]|[34]9|10[0-7]|9[0-7])(?:;(?:[0-9]|[34]8;2;\d{1,3};\d{1,3};\d{1,3}|[2-5][0-9]|10[0-7]|9[0-7]))*m|\[m"
    r"|\[\d{1,3};\d{1,3}H"
    r"|\[\?(?:1049|1000|1003|1015|1006|1004|2004|2026|2048|25|7)[hl]"
    r"|\[\?(?:2026|2048)\$p"
    r"|\[[<>]\d{0,2}u"
    r"|\[\?u|\[c|\[16t|\[>q|\[K|7|8"
    r"|\]22;[a-z]*\x07|_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
    r")"
)
"""Colours and attributes, the cursor, modes of the terminal, and what is asked at the start: by Textual and by us."""
_SEQUENCE = re.compile(
    r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|\[[0-?]*[ -/]*[@-~]?|[ -/]*[0-~]?)"
)


def lines() -> Iterator[bytes]:
    """What the worker says: all of that, a line of ten megabytes, and an end."""
    for number, text in enumerate(HOSTILE):
        yield b"[rtsp @ 0x55] [error] %s %d " % (WORDS, number) + text + b" until here\n"
    piece = b"\x1b]52;c;eA==\a\xff\0" + WORDS
    yield b"[error] " + piece * (LONG_BYTES // len(piece)) + b"\n"
    yield b"[error] the last of it\n"


def text_of(raw: bytes) -> str:
    """What a terminal received, without sequences that are ours. Fails at the first that is not."""
    first, shown, rest = raw.decode("utf-8").partition("\x1b[?1049h")  # or it fails
    said = re.sub(r"\x1b\[\d{1,2}A\x1b\[J", "", first) + shown + rest  # the first words go when there is more to see
    foreign = {found for found in _SEQUENCE.findall(said) if not ALLOWED.fullmatch(found)}
    copied = {found for found in foreign if (text := in_clipboard(found)) is not None and is_harmless(text)}
    assert foreign - copied == set()
    text = _SEQUENCE.sub("", said)
    wrong = [line for line in re.split(r"\r?\n|\r", text) if not is_harmless(line)]
    assert wrong == []
    return text


def in_clipboard(sequence: str) -> str | None:
    """What a sequence copies."""
    found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", sequence)
    return base64.b64decode(found[1]).decode() if found else None


def is_harmless(text: str) -> bool:
    return all(clean(line) == line for line in text.split("\n"))


def strings(value: object) -> Iterator[str]:
    """Every string of an answer, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from strings(name)
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


@pytest.fixture
def hostile(recorder: Recorder, simulated: Callable[..., SimulatedCameras]) -> Recorder:
    """A recorder whose camera has a hostile name; its worker said all of it, ended, and is followed by another."""
    sources = simulated(fps=30, gop_s=0.3)
    recorder.configure([("cam1", sources.url("cam1"))])
    name = '"\\e]52;c;eA==\\aGate\\e[2J\\u202eevil\\u2066[/red]\\0"'
    text = recorder.config.read_text()
    recorder.config.write_text(text.replace("  - id: cam1\n", f"  - id: cam1\n    name: {name}\n"))
    recorder.start()
    pid = recorder.wait_recording().pid
    with open(f"/proc/{pid}/fd/2", "ab", buffering=0) as stderr:  # as the worker itself would
        for line in lines():
            stderr.write(line)
    wait_until(lambda: "the last of it" in recorder.log(), "all is read", lambda: str(recorder.log()))
    sources.close("cam1")
    recorder.wait_for("it ended", lambda camera: camera.pid is None)
    sources.reopen("cam1")
    recorder.wait_recording(generation=2)
    wait_until(recorder.segments, "what the first one recorded is published")
    return recorder


def test_nothing_of_a_hostile_log_reaches_a_terminal_an_answer_or_a_file(hostile: Recorder, tmp_path: Path) -> None:
    for number in range(len(HOSTILE)):
        assert any(f"Zorro {number} " in text for text in hostile.log()), "a line is made harmless, and not left out"
    asked: dict[str, dict[str, Json]] = {
        "logs": {"camera": "cam1", "limit": 2000},
        "run_log": {"camera": "cam1", "back": 1, "limit": 2000},
        "snapshot": {},
        "details": {"camera": "cam1"},
        "segments": {"camera": "cam1", "limit": 100},
    }
    for method, parameters in asked.items():
        answer = call(hostile.socket, method, parameters)
        assert [text for text in strings(answer) if not is_harmless(text)] == [], method

    with Terminal(["-m", "vmstui"], (160, 45), hostile.environment) as terminal:
        terminal.wait_for("Gate")
        for key, words in (("l", "E the last of it"), ("y", "clipboard"), ("\x1b", ""), ("h", "History"), ("\x1b", "")):
            terminal.type(key)
            terminal.wait_for(words)
        for key, words in (("\r", "Gate"), ("\x1b", ""), ("o", "Gate"), ("\x1b", ""), ("?", "help"), ("q", "")):
            terminal.type(key)
            terminal.wait_for(words)
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert "Zorro" in text_of(terminal.raw)

    log = tmp_path / "ffmpeg.log"  # with what makes it a log, and no binary file
    log.write_bytes(b"[rtsp @ 0x1] [warning] RTP: missed 3 packets\n" * 2000 + b"".join(lines()))
    commands = (
        ("status",), ("status", "--json"), ("logs", "cam1"), ("logs", "cam1", "--json"), ("logs", "cam1", "--previous"),
        ("history", "cam1"), ("history", "cam1", "--json"), ("segments", "cam1"), ("gaps",), ("report", "-o", "-"),
        ("triage", str(log)), ("triage", "--json", str(log)), ("triage", "--unknown", str(log)),
    )  # fmt: skip
    with Terminal(["-c", ONE_AFTER_THE_OTHER, json.dumps(commands)], (160, 45), hostile.environment) as terminal:
        assert terminal.wait_for_end(60) == 0, terminal.screen()
    shown = text_of(terminal.raw)
    assert shown.count("Zorro 0 ") >= 6, "in the log, the log before, and what is made of a file"

    written = {path: content for path, content in hostile.all_files().items() if path.parent.name != "log"}
    for path, content in written.items():
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        assert b"\x1b]" not in content, path
        assert "\u202e".encode() not in content, path
    for path in hostile.folder.rglob("*"):
        assert is_harmless(str(path)), path
    assert json.loads(hostile.command("status", "--json").stdout)
