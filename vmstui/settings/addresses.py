"""Addresses in the configuration: cameras, the live server, the relay's own host and port.

No error quotes an address, since a mistyped one may hold a password anywhere; it says what is wrong with it instead.
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import unquote

from vmstui.light_dataclass import dataclass
from vmstui.settings.problems import nearest
from vmstui.settings.values import Kind, Refused

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])"
_ADDRESS = re.compile(
    rf"(?P<scheme>rtsps?)://(?:(?P<login>[^/?#]*)@)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?(?P<rest>[/?].*)?",
    re.IGNORECASE,
)
_PARAMETER_SECRET = re.compile(r"(?i)(?:pass(?:word|wd)?|pwd|token|secret|auth|key)=")
MAX_ADDRESS_CHARACTERS = 2000
EMBEDDED = "embedded"
"""The word in `live.server` for vmstui's own relay."""


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A camera's URL taken apart."""

    url: str
    """Without login."""
    username: str | None = None
    password: str | None = None
    secret_inside: bool = False
    """The path or query looks as if it held a password, which has to stay there."""

    def __repr__(self) -> str:
        """Without the password."""
        return f"CameraAddress({shown_address(self.url)!r})"


def _split(text: str) -> re.Match[str]:
    if len(text) > MAX_ADDRESS_CHARACTERS:
        raise Refused(f"an address of more than {MAX_ADDRESS_CHARACTERS} characters")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise Refused("an address with a space or control character in it")
    if not re.match(r"(?i)rtsps?://", text):
        scheme = re.match(r"(?i)(https?|rtmps?|srt|udp|rtp|file|onvif|tcp)://", text)
        raise Refused(f"an address that starts with {scheme[0].lower()}" if scheme else "something else")
    match = _ADDRESS.fullmatch(text)
    if not match:
        hint = "a login with / ? or # in it belongs into username and password" if "@" in text else ""
        raise Refused("an address whose host or port cannot be read (not shown, it may hold a password)", hint)
    if match["port"] and not 1 <= int(match["port"]) <= 65535:
        raise Refused("an address with a port outside 1 to 65535")
    return match


def _without_login(match: re.Match[str]) -> str:
    port = f":{match['port']}" if match["port"] else ""
    return f"{match['scheme'].lower()}://{match['host']}{port}{match['rest'] or ''}"


def _camera_address(text: str) -> CameraAddress:
    match = _split(text)
    rest: str = match["rest"] or ""
    secret_inside = "@" in rest or bool(_PARAMETER_SECRET.search(rest))
    if not match["login"]:
        return CameraAddress(_without_login(match), secret_inside=secret_inside)
    username, colon, password = match["login"].partition(":")
    try:
        plain_username = unquote(username, errors="strict")
        plain_password = unquote(password, errors="strict") if colon else None
    except UnicodeDecodeError:
        raise Refused("an address with a login that is not UTF-8 once percent-decoded") from None
    if any(ord(character) < 32 for character in plain_username + (plain_password or "")):
        raise Refused("an address with a control character in its login")
    return CameraAddress(_without_login(match), plain_username or None, plain_password or None, secret_inside)


def pasted(text: str) -> CameraAddress:
    """An address as a person pastes it, taken apart. Raises Refused.

    Beyond what a configuration may hold: blanks around it, and a login that nobody percent-encoded, with `@`, `/`, `?`
    or `#` in its password. Of all places at which such a login may end, it is the first of those behind which there
    stands what looks most like a host.
    """
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    best: tuple[int, int] | None = None
    for at, character in enumerate(rest):
        host = _ADDRESS.fullmatch(f"{scheme}{separator}{rest[at + 1 :]}") if character == "@" else None
        if host is not None and host["login"] is None and (best is None or _likeness(host) > best[0]):
            best = _likeness(host), at
    if best is None:
        return _camera_address(text)
    username, _, password = rest[: best[1]].partition(":")
    address = _camera_address(f"{scheme}{separator}{rest[best[1] + 1 :]}")
    if any(not character.isprintable() for character in unquote(username + password)):
        raise Refused("an address with a control character in its login")
    return replace(address, username=unquote(username) or None, password=unquote(password) or None)


def _likeness(match: re.Match[str]) -> int:
    """How much it looks like the host of a camera: an address or a port, a name with a dot, any word."""
    if match["port"] or match["host"].startswith("["):
        return 2
    try:
        return 2 if ip_address(match["host"]) else 0
    except ValueError:
        return 1 if "." in match["host"] else 0


CAMERA_ADDRESS: Kind[CameraAddress] = Kind(
    "rtsp://host:port/path or rtsps://…",
    _camera_address,
    {"type": "string", "pattern": r"^[Rr][Tt][Ss][Pp][Ss]?://[^\s/]+", "maxLength": MAX_ADDRESS_CHARACTERS},
)


def _live_server(text: str) -> str:
    if text == EMBEDDED:
        return text
    if "://" not in text:
        raise Refused("something else", nearest(text, (EMBEDDED,)))
    match = _split(text)
    if "@" in text:
        raise Refused(
            "an address with a login, which ffmpeg would show to everybody in the process list",
            "let the server accept publishing from this machine by its address, without a login",
        )
    if match["scheme"].lower() != "rtsp" or "?" in (match["rest"] or ""):
        raise Refused("rtsps or a query, which publishing does not support")
    return _without_login(match).rstrip("/")


LIVE_SERVER: Kind[str] = Kind(
    f"{EMBEDDED} or rtsp://host:port without a login",
    _live_server,
    {"anyOf": [{"const": EMBEDDED}, {"type": "string", "pattern": r"^[Rr][Tt][Ss][Pp]://[^\s/@?]+(?:/[^\s@?]*)?$"}]},
)


def _listen(text: str) -> tuple[str, int]:
    match = re.fullmatch(rf"({_HOST}):([0-9]{{1,5}})", text)
    if not match or int(match[2]) > 65535:
        raise Refused("something else")
    return match[1].strip("[]"), int(match[2])


LISTEN: Kind[tuple[str, int]] = Kind(
    "host:port, such as 127.0.0.1:8554 or [::]:8554 (port 0 takes a free one and keeps it)",
    _listen,
    {"type": "string", "pattern": r"^.+:[0-9]{1,5}$"},
)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def shown_address(url: str) -> str:
    """A camera's address as a difference shows it: no query and no part of the path that could hold a secret."""
    base, question, _ = url.partition("?")
    scheme, separator, rest = base.partition("://")
    parts = ["***" if "=" in part or "@" in part else part for part in rest.split("/")]
    return scheme + separator + "/".join(parts) + ("?***" if question else "")
