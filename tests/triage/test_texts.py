"""Every text of the table stands in the binaries of the versions that it is said to be in, and there is a sample of it
for each of them: Debian's ffmpeg 5.1 with its libraries, and the one of 9.x that vmstui brings along."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.peers import require
from vmstui.triage.knowledge import Message
from vmstui.triage.messages_file import sample_text, shipped_messages
from vmstui.triage.words import alternatives, literals

COMPOSED = frozenset((
    "packet_not_decoded", "nvenc_sessions_10", "nvenc_sessions_21", "nvenc_unsupported", "cuda_library_missing",
    "cuda_failed", "cuda_out_of_memory", "cuda_invalid", "error_chain", "description", "encoder_statistics",
    "rtsp_closed", "library_not_loaded",
))  # fmt: skip
"""Texts that ffmpeg, or the system, puts together from pieces, so that they stand in no binary as a whole."""
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
SYSTEM = ("libc.so.6", "ld-linux-x86-64.so.2")
"""What both say in the words of the system."""
OWN = ("libav*.so.*", "libsw*.so.*", "libx26*.so.*", "libva*.so.*")
pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def stands_in() -> Mapping[tuple[str, str], frozenset[int]]:
    """By entry and alternative of its pattern, the versions in whose binaries it stands, piece by piece between the
    numbers."""
    require("ffmpeg")
    binaries = (
        (5, [Path("/usr/bin/ffmpeg"), *(file for name in (*OWN, *SYSTEM) for file in LIBRARIES.glob(name))]),
        (9, [Path(EMBEDDED_FFMPEG), *(LIBRARIES / name for name in SYSTEM)]),
    )
    found: dict[tuple[str, str], set[int]] = {}
    for version, files in binaries:
        binary = words_of(files)
        for message in checked():
            for alternative in alternatives(message.pattern):
                versions = found.setdefault((message.id, alternative), set())
                if has(message.ffmpeg, version) and all(text.encode() in binary for text in texts(alternative)):
                    versions.add(version)
    return {key: frozenset(versions) for key, versions in found.items()}


def words_of(files: list[Path]) -> bytes:
    """What is text in them, which is little."""
    content = (file.read_bytes() for file in {file.resolve() for file in files})
    runs = {run for raw in content for run in re.findall(rb"[ -~]{4,}", raw) if b" " in run or len(run) > 8}
    return b"\0".join(runs)


@lru_cache
def checked() -> tuple[Message, ...]:
    return tuple(message for message in shipped_messages().values() if message.id not in COMPOSED)


def texts(alternative: str) -> list[str]:
    """What stands of it in the format strings of ffmpeg."""
    runs = [run for run in literals(alternative) if run.strip("\0")]
    return [text for run in runs for text in re.split(r"[\0\1]|\d+", run) if len(text) > 3]


def has(versions: str, major: int) -> bool:
    low, _, high = versions.rstrip("+").partition("-")
    return int(low) <= major <= (99 if versions.endswith("+") else int(high or low))


def claimed(message: Message) -> set[int]:
    """Of the two versions, those that the entry is said to be in."""
    return {version for version in (5, 9) if has(message.ffmpeg, version)}


def test_every_alternative_of_a_pattern_is_a_text_of_a_version(
    stands_in: Mapping[tuple[str, str], frozenset[int]],
) -> None:
    wrong = [key for key, versions in stands_in.items() if not versions]
    between = {message.id for message in checked() if not claimed(message)}  # in 7, of which there is no binary here
    assert [key for key in wrong if key[0] not in between] == []


def test_every_version_that_an_entry_names_has_its_text_and_a_sample(
    stands_in: Mapping[tuple[str, str], frozenset[int]],
) -> None:
    missing = []
    for message in checked():
        lines = [sample_text(sample) for sample in message.samples]
        for version in claimed(message):
            mine = [one for one in alternatives(message.pattern) if version in stands_in[message.id, one]]
            if not any(re.search(one, line) for one in mine for line in lines):
                missing.append((message.id, version, mine))
    assert missing == []
