"""Passwords: taken from the environment or a file, so that the configuration can be shown and copied.

Whatever goes wrong, no error holds the password: it names the variable or the file, or says `***`.
"""

from __future__ import annotations

import os
import re
import stat

from vmstui.configured import Secret, Settings
from vmstui.settings.problems import EXPANSION, Place, Report, child
from vmstui.settings.tree import Mapping, Node, Scalar, describe

ACCEPTED = "{env: NAME} or {file: PATH}"
MAX_SECRET_BYTES = 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def secret_values(settings: Settings) -> tuple[str, ...]:
    """Every password of the configuration, for masking by exact value."""
    secrets = (*(camera.password for camera in settings.cameras), settings.live.password)
    return tuple(sorted({secret.value for secret in secrets if secret is not None}))


def read_secret(node: Node, key: str, folder: str, report: Report) -> Secret | None:
    """The password that `node` tells the source of; None where `report` says why there is none.

    Files are relative to `folder`, the one the configuration is in.
    """
    if isinstance(node, Scalar):
        return _inline(node, key, report)
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        found = f"a mapping of {len(node.entries)} keys" if isinstance(node, Mapping) else describe(node)
        report.error(node.place, key, found, ACCEPTED)
        return None
    entry = node.entries[0]
    here = child(key, entry.key)
    if entry.key not in ("env", "file"):
        report.error(entry.place, here, "***", ACCEPTED)
        return None
    source = entry.value
    if not isinstance(source, Scalar) or source.is_null or not source.text:
        report.error(source.place, here, describe(source), ACCEPTED)
        return None
    if EXPANSION in source.text:
        return None  # reported by `composer`
    if entry.key == "env":
        return _from_environment(source, here, report)
    return _from_file(source, here, folder, report)


def _inline(node: Scalar, key: str, report: Report) -> Secret | None:
    if node.is_null or not node.text:
        report.error(node.place, key, "nothing", ACCEPTED)
        return None
    if EXPANSION in node.text:
        return None
    report.warn(node.place, key, "*** written into the file", f"{ACCEPTED}, which keeps it out of copies and logs")
    return _checked(node.text, "inline", node.place, key, report)


def _from_environment(node: Scalar, key: str, report: Report) -> Secret | None:
    if not _VARIABLE.fullmatch(node.text):
        report.error(node.place, key, "***", "the name of an environment variable")
        return None
    value = os.environ.get(node.text)
    if not value:
        state = "empty" if value is not None else "not set"
        report.error(node.place, key, f"{node.text}, which is {state}", "an environment variable with the password")
        return None
    return _checked(value, f"env:{node.text}", node.place, key, report)


def _from_file(node: Scalar, key: str, folder: str, report: Report) -> Secret | None:
    if not node.text.isprintable():
        report.error(node.place, key, "a path with a control character", "the path of a file with the password")
        return None
    path = os.path.abspath(os.path.join(folder, node.text))
    try:
        raw, is_public = _read(path)
    except OSError as error:
        report.error(node.place, key, f"{path}: {error.strerror}", "a readable file with the password")
        return None
    except ValueError as error:
        report.error(node.place, key, f"{path}: {error}", "a file with the password on one line")
        return None
    if is_public:
        report.warn(node.place, key, f"{path}, which every user can read", f"chmod 600 {path}")
    if raw.endswith(b"\n"):
        raw = raw[: -2 if raw.endswith(b"\r\n") else -1]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        report.error(node.place, key, f"{path}: not UTF-8", "a file with the password in UTF-8")
        return None
    return _checked(text, f"file:{path}", node.place, key, report)


def _read(path: str) -> tuple[bytes, bool]:
    """Content of a small ordinary file, and whether everybody may read it. A FIFO would block, so it is refused."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not an ordinary file")
        raw = os.read(descriptor, MAX_SECRET_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(raw) > MAX_SECRET_BYTES:
        raise ValueError(f"longer than {MAX_SECRET_BYTES} bytes")
    return raw, bool(status.st_mode & stat.S_IROTH)


def _checked(value: str, origin: str, place: Place, key: str, report: Report) -> Secret | None:
    if not value:
        report.error(place, key, f"an empty password ({origin})", "a password")
    elif any(ord(character) < 32 or ord(character) == 127 for character in value):
        report.error(place, key, f"*** with a line break or control character ({origin})", "a password on one line")
    elif any("\ud800" <= character <= "\udfff" for character in value):  # undecodable bytes of the environment
        report.error(place, key, f"*** that is not UTF-8 ({origin})", "a password in UTF-8")
    else:
        return Secret(value, origin)
    return None
