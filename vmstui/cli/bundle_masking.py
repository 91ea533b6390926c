"""What leaves this machine in a bundle: passwords masked in every writing, text harmless in a terminal. Pure.

Three nets. Values of known passwords, also as JSON, Python, YAML, HTML and shells quote them, and in whatever base64
holds them, as that of a login in HTTP does; shapes of logins, as `triage.masking` knows them; and names of fields that
say what they hold.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping

from vmstui.codec import Json
from vmstui.sanitise import clean
from vmstui.triage.masking import MASK, Masker

LOGIN = "*** (set)"
"""Shown of a user name, which is half of a login."""
_SECRET_NAME = re.compile("pass|pwd|secret|token|credential|authorization|cookie|api_?key|private", re.IGNORECASE)
_LOGIN_NAME = re.compile(r"(?:^|_)user(?:_?name)?$", re.IGNORECASE)
_FOLDERS = ("PWD", "OLDPWD")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+=*")
_URL_SAFE = str.maketrans("+/", "-_")
LEAST_BASE64 = 4
"""Characters: fewer would be found in every other word."""
LEAST_VALUE = 6
"""Characters of a variable of the environment that is taken for a secret by its name: `1` and `true` are none."""


class Hider:
    """Hides a fixed set of passwords."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if secret}
        self.count = len(known)
        self._masker = Masker(writing for secret in known for writing in writings(secret))
        self._base64 = Masker(part for secret in known for part in base64_parts(secret))

    def text(self, text: str) -> str:
        """Every line masked and harmless; line ends as they were."""
        return "\n".join(map(self.line, text.split("\n")))

    def line(self, line: str) -> str:
        """One line. What control characters hid is masked once they are gone."""
        masked = self._masked(line)
        harmless = clean(masked)
        return harmless if harmless is masked else self._masked(harmless)

    def data(self, data: Json) -> Json:
        """Data with every text in it masked, and fields whose names say that they hold a password or a login."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {self.line(name): _by_name(name, value) or self.data(value) for name, value in data.items()}
        return [self.data(item) for item in data] if isinstance(data, list) else data

    def known(self, text: str) -> str:
        """Known passwords masked once more: the last net, for text whose form must stay what it is."""
        return self._without_base64(self._masker.mask_known(text))

    def _masked(self, line: str) -> str:
        return self._without_base64(self._masker.mask(line))

    def _without_base64(self, text: str) -> str:
        """Words of base64 that hold a known password are masked as a whole: what is around it is of a login."""
        if self._base64.mask_known(text) is text:
            return text
        return _BASE64.sub(lambda word: word[0] if self._base64.mask_known(word[0]) == word[0] else MASK, text)


def writings(secret: str) -> Iterator[str]:
    """A password as other programs write it down; percent-encoded ones are found by `Masker`."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield ascii(secret)[1:-1]
    yield secret.replace("'", "''")
    yield html.escape(secret)
    yield shlex.quote(secret).strip("'")


def base64_parts(secret: str) -> Iterator[str]:
    """What of its base64 is the same whatever stands before and behind it, by where it begins within three bytes."""
    raw = secret.encode("utf-8", "surrogatepass")
    for before, begin in ((0, 0), (1, 2), (2, 3)):
        written = base64.b64encode(b"\0" * before + raw).decode()
        part = written[begin : (before + len(raw)) * 8 // 6]
        if len(part) >= LEAST_BASE64:
            yield from {part, part.translate(_URL_SAFE)}


def secret_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Values of variables whose names say that they hold a password; where it lies in a file, its path is none."""
    for name, value in environment.items():
        is_secret = name not in _FOLDERS and _SECRET_NAME.search(name) and len(value) >= LEAST_VALUE
        if is_secret and not os.path.exists(value):
            yield value


def _by_name(name: str, value: Json) -> str:
    """What to show of a field because of its name alone; empty where that says nothing."""
    if not isinstance(value, str) or not value:
        return ""
    if _LOGIN_NAME.search(name):
        return LOGIN
    return MASK if _SECRET_NAME.search(name) else ""
