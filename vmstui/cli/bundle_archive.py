"""The files of a bundle until they are packed: masked as they come in, bounded, listed with what was cut or is missing.

The manifest says what is hidden, what is not, and what is in each file, so that a person can look before sending it.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from vmstui.cli.bundle_masking import Hider
from vmstui.codec import Json
from vmstui.spoken import plural, size

MOST_BYTES = 20_000_000
"""Of all files, before they are packed."""
MANIFEST = "MANIFEST.txt"
ADDRESSES_SHOWN = 100
_HOST = re.compile(r"[a-z][a-z0-9+.-]{1,9}://(?:\*\*\*@)?(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")


@dataclass(frozen=True, slots=True)
class Member:
    """One file."""

    name: str
    about: str
    content: bytes
    cut_bytes: int
    """Of its beginning that were left out."""


class Members:
    """All files of a bundle. Nothing gets in that was not masked."""

    def __init__(self, hider: Hider, room: int = MOST_BYTES) -> None:
        self._hider = hider
        self._room = room
        self._members: dict[str, Member] = {}
        self._missing: list[str] = []

    def add(self, name: str, about: str, text: str, most_bytes: int | None = None) -> None:
        """A text; of one that is too long the end is kept, in whole lines."""
        if text:
            self._put(name, about, self._hider.text(text).rstrip("\n") + "\n", most_bytes)

    def add_data(self, name: str, about: str, data: Json) -> None:
        """Data as JSON. Too much of it is left out as a whole: half of it would be none."""
        text = json.dumps(self._hider.data(data), indent=1, ensure_ascii=False)
        self._put(name, about, self._hider.known(text) + "\n", None, whole=True)

    def lacks(self, what: str, why: str) -> None:
        """Something could not be had."""
        sentence = f"{what}: {why}"
        if sentence not in self._missing:
            self._missing.append(sentence)

    @property
    def size_bytes(self) -> int:
        """Of all so far."""
        return sum(len(member.content) for member in self._members.values())

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not in it, and why, a sentence each."""
        return tuple(map(self._hider.line, self._missing))

    @property
    def cut(self) -> tuple[str, ...]:
        """What is not whole, a sentence each."""
        return tuple(
            f"{member.name}: its newest {size(len(member.content))}, without {size(member.cut_bytes)} before that"
            for member in self._sorted()
            if member.cut_bytes
        )

    def packed(self, folder: str, made_at: datetime, head: str) -> bytes:
        """A gzipped tar of everything below that folder, the manifest first, then by name."""
        told = self._hider.text("\n".join(self._manifest(head)))
        manifest = Member(MANIFEST, "", f"{told}\n".encode("utf-8", "replace"), 0)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
            for member in (manifest, *self._sorted()):
                entry = tarfile.TarInfo(f"{folder}/{member.name}")
                entry.size, entry.mode, entry.mtime = len(member.content), 0o600, int(made_at.timestamp())
                archive.addfile(entry, io.BytesIO(member.content))
        return packed.getvalue()

    def _put(self, name: str, about: str, text: str, most_bytes: int | None, *, whole: bool = False) -> None:
        content = text.encode("utf-8", "replace")
        room = min(self._room - self.size_bytes, most_bytes if most_bytes is not None else self._room)
        cut_bytes = 0
        if len(content) > room:
            kept = b"" if whole else content[len(content) - max(room, 0) :].partition(b"\n")[2]
            if not kept:
                self.lacks(name, f"{size(len(content))} more than there is room for")
                return
            cut_bytes = len(content) - len(kept)
            content = kept
        self._members[name] = Member(name, about, content, cut_bytes)

    def _sorted(self) -> list[Member]:
        return sorted(self._members.values(), key=lambda member: member.name)

    def _manifest(self, head: str) -> Iterator[str]:
        yield head
        yield ""
        yield "HIDDEN, shown as ***"
        yield f"  {plural(self._hider.count, 'password')} by value, in whatever writing; others by their shape: logins"
        yield "  in URLs, values behind words such as password or token, Authorization headers. User names of logins."
        yield ""
        yield "NOT HIDDEN: look through it before you hand it on"
        yield "  the name of this host, of its user and of cameras; paths of folders and files; times; and addresses:"
        yield f"  {', '.join(self._addresses()) or 'none'}"
        yield ""
        yield "FILES"
        for member in self._sorted():
            yield f"  {len(member.content):>10,}  {member.name}: {member.about}"
        for heading, sentences in (("MISSING", self.missing), ("CUT", self.cut)):
            yield ""
            yield heading
            yield from (f"  {sentence}" for sentence in sentences or ("nothing",))

    def _addresses(self) -> list[str]:
        found: set[str] = set()
        for member in self._members.values():
            text = member.content.decode()
            found.update(match[1] for match in _HOST.finditer(text))
            found.update(word for word in _IPV4.findall(text) if _is_address(word))
        shown = sorted(found)
        more = [f"and {len(shown) - ADDRESSES_SHOWN} more"] if len(shown) > ADDRESSES_SHOWN else []
        return [*shown[:ADDRESSES_SHOWN], *more]


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True
