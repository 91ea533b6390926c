"""Why a worker ended, from its exit code, its signal and what it wrote. Pure; called once per end of a worker.

Exit codes alone mislead (research: 0 is a camera that closed the stream, 255 a signal or a missing driver, on 5.x
nearly everything is 1, and 9.0.2 crashes after a full disk), so the log decides and the code only where it is silent.
ffmpeg goes on after most errors and writes them for hours; so the search is for a line that only a dying ffmpeg
writes (`_LAST_WORDS`), and the first line shortly before it that names the real cause (`_CAUSES`): wrappers come last.

The live output stands behind `fifo`, which survives every error of its server. Its lines must never explain a death;
they can be told apart because only the input is given a timeout.
"""

from __future__ import annotations

import errno
import os
import re
import signal as signals
from collections.abc import Sequence
from enum import StrEnum

from vmstui.ffmpeg.loglines import ParsedLine
from vmstui.findings import ERROR_LEVELS
from vmstui.light_dataclass import dataclass


class ExitKind(StrEnum):
    """What ended a worker, by what must be done about it."""

    STOPPED = "stopped"
    """We asked it to."""
    CLOSED = "closed"
    """The camera ended the stream."""
    NETWORK = "network"
    AUTH = "auth"
    BUSY = "busy"
    """The camera has no session left, or a fault of its own."""
    NOT_FOUND = "not found"
    CONFIGURATION = "configuration"
    """ffmpeg or the camera refuses what it is told; the same again brings the same."""
    ENCODER = "encoder"
    """An encoder, decoder or filter; see `plan.can_cure`."""
    DISK = "disk"
    KILLED = "killed"
    """By a signal that is not ours."""
    CRASH = "crash"
    OUT_OF_MEMORY = "out of memory"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ExitCause:
    """Why a worker ended."""

    kind: ExitKind
    text: str
    """One sentence for a person."""
    evidence: str
    """ffmpeg's line that shows it, or ``."""


_WINDOW = 40
"""Lines before the last words in which the cause is looked for."""

_LAST_WORDS: tuple[tuple[ExitKind, re.Pattern[str]], ...] = (
    (ExitKind.NETWORK, re.compile(r"^Error opening input(?: files?)?: (?P<why>.+)$")),
    (ExitKind.NETWORK, re.compile(r"^Error during demuxing: (?P<why>.+)$")),
    (ExitKind.NETWORK, re.compile(r"^/.*: (?P<why>[A-Z][^:/]+)$")),  # 5.x: the script, and why it could not be read
    (ExitKind.DISK, re.compile(r"^av_interleaved_write_frame\(\): (?P<why>.+)$")),
    (ExitKind.DISK, re.compile(r"^Error submitting a packet to the muxer: (?P<why>.+)$")),
    (ExitKind.DISK, re.compile(r"^Failed to open segment '(?P<why>.*)'$")),
    (ExitKind.DISK, re.compile(r"^Error writing trailer(?: of .*)?: (?P<why>.+)$")),
    (ExitKind.CONFIGURATION, re.compile(r"^Could not write header .*: (?P<why>.+)$")),
    (ExitKind.CONFIGURATION, re.compile(r"^(?P<why>Unrecognized option '.*')\.?$")),
    (ExitKind.CONFIGURATION, re.compile(r"^(?P<why>Unknown (?:encoder|decoder|input format|muxer) '.*')$")),
    (ExitKind.CONFIGURATION, re.compile(r"^Error (?:splitting|parsing) .*: (?P<why>.+)$")),
    (ExitKind.ENCODER, re.compile(r"^(?P<why>Device (?:creation|setup) failed.*)$")),
    (ExitKind.ENCODER, re.compile(r"^(?P<why>Hardware device setup failed.*)$")),
    (ExitKind.ENCODER, re.compile(r"(?P<why>Error while opening (?:en|de)coder)")),
    (ExitKind.ENCODER, re.compile(r"^(?P<why>Error (?:re)?(?:initializing|configuring) (?:a )?(?:simple )?filter.*)$")),
    (ExitKind.ENCODER, re.compile(r"^(?P<why>Error (?:submitting|sending|encoding).* (?:frame|encoder|encoding).*)$")),
    (ExitKind.ENCODER, re.compile(r"^(?P<why>(?:Video|Error) encoding .*failed.*)$")),
    (ExitKind.ENCODER, re.compile(r"^(?P<why>Error sending frames to consumers.*)$")),
    (ExitKind.ENCODER, re.compile(r"^(?P<why>Too many packets buffered for output stream.*)$")),
    (ExitKind.ENCODER, re.compile(r"^(?P<why>Decode error rate .* exceeds maximum.*)$")),
)
_NO_SESSION = r"OpenEncodeSessionEx failed: (?:out of memory \(10\)|incompatible client key \(21\))"
"""As ffmpeg writes what the driver answers (libavcodec/nvenc.c, nvenc_print_error): older drivers answer a session too
many with the first (NV_ENC_ERR_OUT_OF_MEMORY), newer ones with the second."""
_REQUEST = r"method (?:DESCRIBE|SETUP|PLAY) failed: "
# What ffmpeg wrote follows each sentence after a colon, so none may end in a word that announces a secret: the masker
# would take the reason for one.
_CAUSE_TABLE: tuple[tuple[ExitKind, str, str], ...] = (
    (
        ExitKind.ENCODER,
        "the GPU's limit of NVENC sessions is reached",
        _NO_SESSION,
    ),
    (ExitKind.ENCODER, "the GPU cannot encode", r"OpenEncodeSessionEx failed|No (?:NVENC )?capable devices"),
    (ExitKind.ENCODER, "the GPU driver is missing", r"Cannot load lib(?:cuda|nvidia-encode|nvcuvid)"),
    (ExitKind.ENCODER, "the GPU driver is too old", r"Driver does not support the required nvenc API"),
    (ExitKind.ENCODER, "the GPU is out of memory", r"CUDA_ERROR_OUT_OF_MEMORY"),
    (ExitKind.ENCODER, "the GPU driver failed", r"CUDA_ERROR_|Could not dynamically load CUDA|CUDA capable"),
    (ExitKind.ENCODER, "the GPU has too few decoder surfaces", r"No decoder surfaces left"),
    (ExitKind.ENCODER, "the GPU's encoder failed", r"EncodePicture failed|locking bitstream|InitializeEncoder failed"),
    (ExitKind.ENCODER, "the graphics device cannot be used", r"No VA display|MFX session|Failed to sync surface"),
    (ExitKind.ENCODER, "decoder and encoder do not fit together", r"Impossible to convert between the formats"),
    (ExitKind.AUTH, "user or password refused by the camera", _REQUEST + r"40[13]\b|Server returned 40[13]"),
    (ExitKind.NOT_FOUND, "the camera has no stream at this path", _REQUEST + r"4(?:04|10)\b|Server returned 404"),
    (ExitKind.BUSY, "the camera has no session or bandwidth left", _REQUEST + r"(?:453|503)\b"),
    (ExitKind.CONFIGURATION, "the camera refuses the transport", r"failed: 461\b|Nonmatching transport in server"),
    (ExitKind.BUSY, "the camera reports a fault of its own", _REQUEST + r"5\d\d|Server returned 5XX"),
    (ExitKind.CONFIGURATION, "the camera refuses the request", _REQUEST + r"4\d\d|Server returned 4"),
    (ExitKind.NETWORK, "the camera's host name cannot be resolved", r"Failed to resolve hostname"),
    (ExitKind.CONFIGURATION, "the camera's certificate is not trusted", r"[Cc]ertificate"),
    (ExitKind.CONFIGURATION, "the address cannot be opened", r"Protocol not found|not on whitelist"),
    (ExitKind.CONFIGURATION, "ffmpeg refuses an option", r"Unable to parse .*option value|Error setting option"),
)
_CAUSES = tuple((kind, sentence, re.compile(pattern)) for kind, sentence, pattern in _CAUSE_TABLE)
# Errors of many lines that only follow from another one, and one that would show the address with its password.
_NEVER_EVIDENCE = re.compile(r"Impossible to open|Error opening (?:in|out)put file\b|Task finished|Terminating thread")
_FELL_SILENT = re.compile(r"Failed reading RTSP data: (?P<why>Connection (?:timed out|reset by peer))")
"""A warning (libavformat/rtsp.c); the error that follows from it only calls the data invalid."""
_DISK_ERRORS = tuple(
    os.strerror(number) for number in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO, errno.ESTALE)
)
_FOLDER_ERRORS = tuple(os.strerror(number) for number in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR))
_CRASH_SIGNALS = frozenset(
    {signals.SIGSEGV, signals.SIGABRT, signals.SIGBUS, signals.SIGFPE, signals.SIGILL, signals.SIGTRAP, signals.SIGSYS}
)
_ERRNO_KINDS = {
    errno.ENOSPC: ExitKind.DISK,
    errno.EROFS: ExitKind.DISK,
    errno.EDQUOT: ExitKind.DISK,
    errno.ENOMEM: ExitKind.OUT_OF_MEMORY,
    errno.ECONNREFUSED: ExitKind.NETWORK,
    errno.ECONNRESET: ExitKind.NETWORK,
    errno.ETIMEDOUT: ExitKind.NETWORK,
    errno.EHOSTUNREACH: ExitKind.NETWORK,
    errno.ENETUNREACH: ExitKind.NETWORK,
}


def explain_exit(
    returncode: int | None, signal: int | None, lines: Sequence[ParsedLine], ffmpeg_major: int, asked: bool
) -> ExitCause:
    """Why a worker ended.

    `returncode` is None for a signal and, like `signal`, for a worker that an earlier service started: nobody but its
    parent is told. `lines` are those of this run, or its last ones; `asked` says that we sent it a signal.
    """
    if asked:
        return ExitCause(ExitKind.STOPPED, "ended as it was told to", "")
    relevant = [line for line in lines if not is_of_live_server(line)]
    if found := _from_log(relevant):
        return found
    first_error = next((line.text for line in relevant if _is_error(line) and _may_show(line)), "")
    if any("Cannot allocate memory" in line.text for line in relevant[-_WINDOW:] if _is_error(line)):
        return ExitCause(ExitKind.OUT_OF_MEMORY, "the machine is out of memory", first_error)
    if signal is not None:
        return _from_signal(signal, first_error)
    return _from_code(returncode, ffmpeg_major, first_error)


def refuses_session(text: str) -> bool:
    """Whether a line of ffmpeg's log says that NVENC allows no further session. The memory of the GPU may be short as
    well where it says so; then there are few sessions for its size."""
    return re.search(_NO_SESSION, text) is not None


def _from_log(lines: Sequence[ParsedLine]) -> ExitCause | None:
    for index, line in enumerate(lines):
        if not _is_error(line):
            continue
        for kind, pattern in _LAST_WORDS:
            if found := pattern.search(line.text):
                return _cause(kind, found["why"], line, lines[max(0, index - _WINDOW) : index + 1], lines[index:])
    return None


def _cause(
    kind: ExitKind, why: str, last: ParsedLine, before: Sequence[ParsedLine], after: Sequence[ParsedLine]
) -> ExitCause:
    """The cause behind last words of this kind."""
    if kind is ExitKind.CONFIGURATION and why in (*_DISK_ERRORS, *_FOLDER_ERRORS):
        kind = ExitKind.DISK  # a header that could not be written for want of room, not for what it says
    if kind is ExitKind.DISK:
        told = next((text for text in _DISK_ERRORS for line in after if text in line.text), "")
        told = told or next((text for line in after if (text := _errno_text(line.text))), why)
        return ExitCause(ExitKind.DISK, f"the recording cannot be written: {told}", last.text)
    for line in before:
        if _is_error(line) and _may_show(line):
            for cause_kind, sentence, pattern in _CAUSES:
                if pattern.search(line.text):
                    return ExitCause(cause_kind, f"{sentence}: {line.text}", line.text)
    telling = (line.text for line in before if _is_error(line) and why in line.text and _may_show(line))
    evidence = next(telling, last.text)
    silent = next((found for line in before if (found := _FELL_SILENT.search(line.text))), None)
    if kind is ExitKind.NETWORK and why.startswith("Invalid data") and silent is not None:
        # What there was until then is no stream; that is not what was wrong with it.
        return ExitCause(kind, f"the connection to the camera failed: {silent['why']}", silent[0])
    match kind:
        case ExitKind.NETWORK if why == os.strerror(errno.ECONNREFUSED):
            return ExitCause(kind, "nothing answers at the camera's address: Connection refused", evidence)
        case ExitKind.NETWORK if why == os.strerror(errno.ENOMEM):
            return ExitCause(ExitKind.OUT_OF_MEMORY, "the machine is out of memory", evidence)
        case ExitKind.NETWORK if why == os.strerror(errno.ENOENT):
            return ExitCause(ExitKind.CONFIGURATION, "the script with the camera's address is missing", evidence)
        case ExitKind.NETWORK if why.startswith("Invalid data"):
            return ExitCause(kind, "the camera answers with something that is no video stream", evidence)
        case ExitKind.NETWORK if why == "Immediate exit requested":
            return ExitCause(ExitKind.KILLED, "ended by a signal that vmstui did not send", evidence)
        case ExitKind.NETWORK:
            return ExitCause(kind, f"the connection to the camera failed: {why}", evidence)
        case ExitKind.CONFIGURATION:
            return ExitCause(kind, f"ffmpeg refuses its command line: {why}", evidence)
        case _:
            return ExitCause(kind, f"an encoder, decoder or filter failed: {why}", evidence)


def _from_signal(number: int, evidence: str) -> ExitCause:
    try:
        name = signals.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if number in _CRASH_SIGNALS:
        return ExitCause(ExitKind.CRASH, f"ffmpeg crashed ({name})", evidence)
    hint = ", perhaps by the kernel for want of memory: see `dmesg`" if number == signals.SIGKILL else ""
    return ExitCause(ExitKind.KILLED, f"killed by {name} that vmstui did not send{hint}", evidence)


def _from_code(code: int | None, ffmpeg_major: int, evidence: str) -> ExitCause:
    if code is None:
        text = "ended; how is not known, since an earlier service had started it"
        return ExitCause(ExitKind.UNKNOWN, text, evidence)
    if code == 0:
        return ExitCause(ExitKind.CLOSED, "the camera ended the stream", "")
    if code in (123, 255):
        text = f"ended by a signal that vmstui did not send (exit code {code})"
        return ExitCause(ExitKind.KILLED, text, evidence)
    number = 256 - code
    if ffmpeg_major >= 7 and (kind := _ERRNO_KINDS.get(number)):  # exits with AVERROR & 0xff (fftools/ffmpeg.c)
        return ExitCause(kind, f"ffmpeg ended: {os.strerror(number)} (exit code {code})", evidence)
    told = f": {evidence}" if evidence else " and told no reason"
    return ExitCause(ExitKind.UNKNOWN, f"ffmpeg ended with exit code {code}{told}", evidence)


def _errno_text(text: str) -> str:
    """The reason at the end of a line such as `av_interleaved_write_frame(): No such file or directory`."""
    found = re.search(r"(?:\(\)|muxer|code: -\d+)(?:: | \()([A-Z][^()]*?)\)?$", text)
    return found[1] if found else ""


def is_table_known(line: ParsedLine) -> bool:
    """Whether an error is one that this table knows: a reason, last words, or what only follows from another."""
    return (
        not _may_show(line)
        or any(pattern.search(line.text) for _, pattern in _LAST_WORDS)
        or any(pattern.search(line.text) for _, _, pattern in _CAUSES)
    )


def _is_error(line: ParsedLine) -> bool:
    return line.level in ERROR_LEVELS


def _may_show(line: ParsedLine) -> bool:
    return not _NEVER_EVIDENCE.search(line.text)


def is_of_live_server(line: ParsedLine) -> bool:
    """Whether a line comes from the publishing side: its sockets have no timeout, those of the input have one."""
    return (
        line.component.removeprefix("out#1/") == "fifo"
        or "?timeout=0 " in line.text
        or line.text.startswith(("method ANNOUNCE ", "method RECORD "))
    )
