"""Why cameras are not recorded, as what they may have in common: a key and words for an incident. Pure.

Ends that come from the camera's side are told apart by whom the cameras are reached at, not by the very words: where a
server went away, one worker is told so by a reset connection, the next by silence, and the starts after it are refused.
The others are told apart by how they went.
"""

from __future__ import annotations

from collections.abc import Mapping

from vmstui.ffmpeg.exits import ExitKind
from vmstui.findings import Origin, Severity
from vmstui.recorder.policy import Retry
from vmstui.triage.incidents import Common
from vmstui.triage.knowledge import Message

PREFIX = "exit:"
LIVE_SERVER = "live server"
"""Key of what cameras have in common that record, and whose live streams nobody takes."""
DISK, FFMPEG = f"{PREFIX}disk", f"{PREFIX}ffmpeg"
"""Of what all cameras share; a hold and the ends that it comes after have the same key."""
SENTENCE_CHARACTERS = 120

_OF_START: Mapping[Retry, ExitKind] = {
    Retry.NETWORK: ExitKind.NETWORK,
    Retry.BUSY: ExitKind.BUSY,
    Retry.AUTH: ExitKind.AUTH,
    Retry.CONFIGURATION: ExitKind.CONFIGURATION,
    Retry.DISK: ExitKind.DISK,
    Retry.DRIVER: ExitKind.ENCODER,
    Retry.CRASH: ExitKind.UNKNOWN,
    Retry.FALLBACK: ExitKind.ENCODER,
}
"""What a start came to nothing of, where only that is known; the tests hold it to all classes."""

_NETWORK = "see whether it has power and runs, and the network on the way to it"
_LOCAL = "see whether it runs and listens there: `ss -ltnp`, `systemctl status`, `docker ps`"
"""In place of it for a server on this machine."""
_OF_CAMERA: Mapping[ExitKind, tuple[str, str, str, Severity]] = {
    ExitKind.NETWORK: ("camera", "there is no connection to {where}", _NETWORK, Severity.CRITICAL),
    ExitKind.CLOSED: ("camera", "{where} ended the streams", _NETWORK, Severity.DEGRADED),
    ExitKind.STOPPED: ("camera", "nothing comes from {where} any more", _NETWORK, Severity.DEGRADED),
    ExitKind.BUSY: (
        "camera",
        "no session is free at {where}",
        "end other viewers of these cameras, or raise what the server allows",
        Severity.CRITICAL,
    ),
    ExitKind.NOT_FOUND: (
        "camera",
        "there are no such streams at {where}",
        "compare the paths in the configuration with those of the server; many have none while they boot",
        Severity.CRITICAL,
    ),
    ExitKind.AUTH: (
        "login",
        "user or password is refused by {where}",
        "correct username and password, then restart the cameras; each try may lock the account",
        Severity.CRITICAL,
    ),
}
"""Part of the key, text, action, severity."""
_REFUSED = {
    "": "the RTSP server on this host refused",
    "the cameras": "nothing answers at the addresses of the cameras",
}
_OF_MACHINE: Mapping[ExitKind, tuple[str, Severity]] = {
    ExitKind.CONFIGURATION: ("see what `vmstui history` tells of one of them", Severity.CRITICAL),
    ExitKind.ENCODER: ("see to the driver of what encodes: `nvidia-smi`, `dmesg`", Severity.CRITICAL),
    ExitKind.DISK: ("see to the disk of the recordings folder: `df`, `df -i`, `dmesg`", Severity.CRITICAL),
    ExitKind.KILLED: ("find out who sends signals to ffmpeg: `dmesg`, `journalctl`", Severity.DEGRADED),
    ExitKind.CRASH: ("try another ffmpeg (`ffmpeg:` in the configuration)", Severity.DEGRADED),
    ExitKind.OUT_OF_MEMORY: ("give the machine more memory, or fewer cameras that encode", Severity.DEGRADED),
    ExitKind.UNKNOWN: ("see what `vmstui history` tells of one of them", Severity.DEGRADED),
}
_LIVE_TEXT = "the live server broke off, or does not take the streams"
_LIVE_ACTION = "recording goes on; where live stays down, which `vmstui status` tells, see to the live server"
_DISK_TEXT = "the recording cannot be written"


def kind_of_start(kind: ExitKind, retry: Retry) -> ExitKind:
    """Of a start that came to nothing."""
    return _OF_START[retry] if kind is ExitKind.UNKNOWN else kind


def of_end(kind: ExitKind, text: str, host: str | None) -> tuple[str, Common]:
    """Key and words for the end of a worker, or a start that came to nothing, with this sentence. `host` is where the
    camera is reached (`start_gate.host_of`: empty for this machine), None to leave open where."""
    if kind in _OF_CAMERA:
        part, words, action, severity = _OF_CAMERA[kind]
        where = "the cameras" if host is None else host or "the RTSP server on this host"
        said = words.format(where=where)
        if kind is ExitKind.NETWORK and "refused" in text.lower():
            said = _REFUSED.get("the cameras" if host is None else host, f"nothing answers at {host}")
        if host == "" and action is _NETWORK:
            action = _LOCAL
        key = f"{PREFIX}{part}" if host is None else f"{PREFIX}{part}@{host or 'localhost'}"
        return key, Common(said, action, severity)
    action, severity = _OF_MACHINE[kind]
    if kind is ExitKind.DISK:
        return DISK, Common(_DISK_TEXT, action, severity)
    sentence = _sentence(text)
    return f"{PREFIX}{kind}:{sentence}", Common(sentence, action, severity)


def key_of_message(message: Message, origin: Origin) -> str:
    """What a message has in common with those of other cameras that mean the same. What the live output says of its
    connection is about the server that all of them publish to; what it says of its pictures is not."""
    is_of_server = origin is Origin.LIVE and (message.connection or message.origin is Origin.LIVE)
    return LIVE_SERVER if is_of_server else message.id


def of_message(message: Message, origin: Origin, said: Common) -> tuple[str, Common]:
    """Key and words for what a worker says that goes on all the same; `said` is what its message means by itself."""
    key = key_of_message(message, origin)
    if key == LIVE_SERVER:
        return key, Common(_LIVE_TEXT, _LIVE_ACTION, said.severity)
    return key, Common(said.text.removesuffix("."), said.action, said.severity)


def of_hold(text: str, *, is_disk: bool) -> tuple[str, Common]:
    """Key and words for what keeps all cameras from starting."""
    if is_disk:
        return DISK, Common(text, _OF_MACHINE[ExitKind.DISK][0], Severity.CRITICAL)
    return FFMPEG, Common(text, "install ffmpeg, or correct `ffmpeg:` in the configuration", Severity.CRITICAL)


def _sentence(text: str) -> str:
    """Without what ffmpeg wrote, which stands behind a colon."""
    return text.partition(": ")[0][:SENTENCE_CHARACTERS]
