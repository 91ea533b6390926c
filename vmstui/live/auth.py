"""Digest and Basic authentication, both sides (RFC 2617, as cameras and ffmpeg's httpauth.c speak it). Pure, no I/O.

Client: `parse_challenges` and `answer`. Server: `basic_challenge`, `digest_challenge` and `verify`, which compares in
constant time and never says which part was wrong. Digest knows MD5 and MD5-sess with qop=auth or none, which is what
ffmpeg can answer: a camera that accepted only more would record nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import field
from enum import Enum

from vmstui.light_dataclass import dataclass

_PARAMETER = re.compile(r'([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and password; neither shows in `repr`."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One `WWW-Authenticate` line."""

    scheme: str
    """In small letters: `digest`, `basic`, …"""
    realm: str = ""
    nonce: str = ""
    algorithm: str = "MD5"
    qop: str = ""
    opaque: str = ""
    stale: bool = False
    """The password was right, the nonce too old."""


class Verdict(Enum):
    """What the server makes of an `Authorization` line."""

    GOOD = "good"
    MISSING = "missing"
    WRONG = "wrong"
    STALE = "stale"
    """Right, but signed over a nonce that is not valid any more: to be challenged again with `stale=TRUE`."""


def parse_challenges(lines: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges of all `WWW-Authenticate` lines, in their order; lines that make no sense are left out."""
    challenges = []
    for line in lines:
        scheme, _, rest = line.strip().partition(" ")
        if scheme.lower() not in ("digest", "basic"):
            continue
        values = _parameters(rest)
        challenges.append(
            Challenge(
                scheme=scheme.lower(),
                realm=values.get("realm", ""),
                nonce=values.get("nonce", ""),
                algorithm=values.get("algorithm", "MD5"),
                qop=values.get("qop", ""),
                opaque=values.get("opaque", ""),
                stale=values.get("stale", "").lower() == "true",
            )
        )
    return tuple(challenges)


def answer(challenges: Iterable[Challenge], credentials: Credentials, method: str, url: str, cnonce: str) -> str | None:
    """The `Authorization` value for the best challenge that can be answered (Digest before Basic); None: there is none.

    `cnonce` is a fresh random token, used where the challenge asks for qop.
    """
    known = list(challenges)
    for challenge in known:
        if challenge.scheme == "digest" and _can_answer(challenge):
            return _answer_digest(challenge, credentials, method, url, cnonce)
    if any(challenge.scheme == "basic" for challenge in known):
        pair = f"{credentials.username}:{credentials.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"
    return None


def basic_challenge(realm: str) -> str:
    """A `WWW-Authenticate` value that asks for Basic."""
    return f'Basic realm="{realm}"'


def digest_challenge(realm: str, nonce: str, *, stale: bool = False, qop: bool = False) -> str:
    """A `WWW-Authenticate` value that asks for Digest."""
    text = f'Digest realm="{realm}", nonce="{nonce}", algorithm=MD5'
    return text + (', qop="auth"' if qop else "") + (", stale=TRUE" if stale else "")


def verify(
    authorization: str, credentials: Credentials, method: str, realm: str, nonce: str, *, nonce_expired: bool = False
) -> Verdict:
    """Whether an `Authorization` value proves the credentials.

    `nonce` is the one this server gave to this very connection: that is what forbids replay, so the signed URL is not
    held against the request's (players sign the base URL, the track's or a percent-encoded form of either).
    """
    if not authorization:
        return Verdict.MISSING
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "basic":
        return _verify_basic(rest, credentials)
    values = _parameters(rest)
    if scheme.lower() != "digest" or values.get("realm") != realm or "uri" not in values:
        return Verdict.WRONG
    challenge = Challenge(
        "digest", realm, values.get("nonce", ""), values.get("algorithm", "MD5"), values.get("qop", "")
    )
    if not _can_answer(challenge):
        return Verdict.WRONG
    expected = _response(
        challenge, credentials, method, values["uri"], values.get("nc", ""), values.get("cnonce", ""), challenge.qop
    )
    same_user = _same(values.get("username", ""), _latin(credentials.username))
    right = _same(values.get("response", "").lower(), expected) and same_user
    if not right:
        return Verdict.WRONG
    return Verdict.GOOD if _same(challenge.nonce, nonce) and not nonce_expired else Verdict.STALE


def _verify_basic(encoded: str, credentials: Credentials) -> Verdict:
    try:
        pair = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return Verdict.WRONG
    expected = f"{credentials.username}:{credentials.password}".encode()
    return Verdict.GOOD if hmac.compare_digest(pair, expected) else Verdict.WRONG


def _can_answer(challenge: Challenge) -> bool:
    qops = [word.strip() for word in challenge.qop.lower().split(",")]
    return challenge.algorithm.upper() in ("MD5", "MD5-SESS") and (not challenge.qop or "auth" in qops)


def _answer_digest(challenge: Challenge, credentials: Credentials, method: str, url: str, cnonce: str) -> str:
    qop = "auth" if challenge.qop else ""
    response = _response(challenge, credentials, method, url, "00000001", cnonce, qop)
    name = _latin(credentials.username).replace("\\", "\\\\").replace('"', '\\"')
    fields = [
        f'username="{name}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{url}"',
        f'response="{response}"',
        f"algorithm={challenge.algorithm}",
    ]
    if qop or challenge.algorithm.upper() == "MD5-SESS":
        fields.append(f'cnonce="{cnonce}"')
    if qop:
        fields += ["qop=auth", "nc=00000001"]
    if challenge.opaque:
        fields.append(f'opaque="{challenge.opaque}"')
    return "Digest " + ", ".join(fields)


def _response(
    challenge: Challenge, credentials: Credentials, method: str, url: str, count: str, cnonce: str, qop: str
) -> str:
    """RFC 2617, 3.2.2: the request-digest."""
    ha1 = _md5(f"{_latin(credentials.username)}:{challenge.realm}:{_latin(credentials.password)}")
    if challenge.algorithm.upper() == "MD5-SESS":
        ha1 = _md5(f"{ha1}:{challenge.nonce}:{cnonce}")
    ha2 = _md5(f"{method}:{url}")
    if qop:
        return _md5(f"{ha1}:{challenge.nonce}:{count}:{cnonce}:{qop}:{ha2}")
    return _md5(f"{ha1}:{challenge.nonce}:{ha2}")


def _parameters(text: str) -> dict[str, str]:
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        for name, quoted, bare in _PARAMETER.findall(text)
    }


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("latin-1"), usedforsecurity=False).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("latin-1"), expected.encode("latin-1"))


def _latin(text: str) -> str:
    """UTF-8 bytes as the Latin-1 text that RTSP headers are kept in (see `messages`)."""
    return text.encode("utf-8").decode("latin-1")
