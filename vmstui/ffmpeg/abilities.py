"""What an ffmpeg can do on this machine, found by letting it do it, and remembered.

A list of compiled-in encoders says nothing: the driver may be absent, the GPU without an encoder, its sessions taken.
So every encoder encodes a second of a test picture with the options a worker would use. The result is kept in a file
per binary and thrown away when the binary, the driver or the graphics devices change. Called by the recorder when it
starts and when the configuration changes; takes up to about 20 s where nothing is remembered, so not on an event loop.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vmstui.configured import OutputKind
from vmstui.ffmpeg.binary import Binary, NoUsableFfmpeg, find_binaries
from vmstui.ffmpeg.encoders import ENCODERS, HARDWARE, encoder_options, filter_chain
from vmstui.ffmpeg.loglines import parse_line, printable_lines
from vmstui.findings import ERROR_LEVELS
from vmstui.light_dataclass import dataclass
from vmstui.ownership import hand_over

CACHE_FORMAT = 2
HARDWARE_TIMEOUT_S = 10.0
SOFTWARE_TIMEOUT_S = 30.0
_AT_ONCE = 4
_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x192:rate=10:duration=1")
FIFO_OPTIONS = (
    *("-queue_size", "300", "-drop_pkts_on_overflow", "1", "-attempt_recovery", "1", "-recovery_wait_time", "1"),
    *("-recover_any_error", "1", "-restart_with_keyframe", "1", "-max_recovery_attempts", "0"),
)
"""How a live output is kept away from the recording (libavformat/fifo.c): what does not fit is dropped, and a server
that is gone is tried again every second for as long as the worker lives."""
GPU_DECODING = ("-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-extra_hw_frames", "8")
"""Input options that leave decoded frames on the GPU. Both encoders hold frames of the decoder's pool while they work,
hence the extra ones ("No decoder surfaces left", libavcodec/nvdec.c)."""
_PASSING = re.compile(r"OpenEncodeSessionEx failed|out of memory|OUT_OF_MEMORY|did not end within")
_FOLLOW_UP = re.compile(r"[Ee]rror while opening encoder|Error sending frames|Task finished|Terminating thread")


@dataclass(frozen=True, slots=True)
class Abilities:
    """What was seen working."""

    binary: Binary
    encoders: frozenset[str]
    """Names out of `encoders.ENCODERS` that really encoded."""
    refused: tuple[tuple[str, str], ...]
    """Encoder name and ffmpeg's own reason, for each that did not."""
    hybrid_fragmented: bool
    """Can write MP4 files that survive a crash and become ordinary ones when closed (ffmpeg 7.1)."""
    fifo_rtsp: bool
    """Can publish live streams behind `fifo`."""
    cuda_frames: bool
    """Decoding, scaling and encoding without leaving the GPU works."""
    vaapi_device: str
    """Render node that VAAPI encoded on, `` without one."""
    verifies_tls: bool = False
    """Refuses a camera whose certificate nobody signed, unless told otherwise (the rtsp demuxer has `tls_verify`)."""

    def count(self) -> int:
        """How much works, to compare two binaries on one machine."""
        return len(self.encoders) + self.hybrid_fragmented + self.fifo_rtsp + self.cuda_frames

    def reason(self, encoder: str) -> str:
        """Why an encoder was refused, in ffmpeg's words."""
        return next((reason for name, reason in self.refused if name == encoder), "not tried")


def choose(wanted: str, cache_folder: Path) -> Abilities:
    """The ffmpeg to use for the setting `ffmpeg:`; of several the one with more abilities, the system's on a tie.

    Raises NoUsableFfmpeg.
    """
    probed = [probe(binary, cache_folder) for binary in find_binaries(wanted)]
    best = max(probed, key=Abilities.count)  # the first of equals, which is the system's
    if best.fifo_rtsp:
        return best
    raise NoUsableFfmpeg(
        f"no usable ffmpeg (setting ffmpeg: {wanted}): {best.binary.path} of version {best.binary.version} cannot "
        "publish RTSP behind its fifo muxer; use a full build, or set ffmpeg: embedded"
    )


def probe(binary: Binary, cache_folder: Path) -> Abilities:
    """What this binary can do here, from the cache where it still holds. A cache that cannot be used is no error."""
    identity = _identity(binary)
    file = cache_folder / f"ffmpeg-{hashlib.sha256(binary.path.encode()).hexdigest()[:16]}.json"
    if remembered := _read_cache(file, identity, binary):
        return remembered
    abilities = _try_all(binary)
    if not any(_PASSING.search(reason) for _, reason in abilities.refused):
        _write_cache(file, identity, abilities)
    return abilities


# --------------------------------------------------------------------------------------------------------------------
# Trying
# --------------------------------------------------------------------------------------------------------------------


def _try_all(binary: Binary) -> Abilities:
    import tempfile  # here and below: mostly nothing is to be tried, and a service would keep it in memory for ever

    with (
        tempfile.TemporaryDirectory(prefix="vmstui-probe-") as folder,
        ThreadPoolExecutor(min(_AT_ONCE, (os.cpu_count() or 1) + 1)) as pool,
    ):
        nodes = sorted(str(node) for node in Path("/dev/dri").glob("renderD*"))
        hybrid = pool.submit(_hybrid_fragmented, binary, folder)
        fifo = pool.submit(_fifo_rtsp, binary)
        tls = pool.submit(_verifies_tls, binary)
        trials = {name: pool.submit(_try_encoder, binary, name, nodes) for name in ENCODERS}
        outcomes = {name: trial.result() for name, trial in trials.items()}
        working = frozenset(name for name, (reason, _) in outcomes.items() if not reason)
        cuda = "h264_nvenc" in working and _cuda_frames(binary, working, folder)
        return Abilities(
            binary=binary,
            encoders=working,
            refused=tuple((name, reason) for name, (reason, _) in outcomes.items() if reason),
            hybrid_fragmented=hybrid.result(),
            fifo_rtsp=fifo.result(),
            cuda_frames=cuda,
            vaapi_device=next((device for reason, device in outcomes.values() if device and not reason), ""),
            verifies_tls=tls.result(),
        )


def _try_encoder(binary: Binary, name: str, render_nodes: Sequence[str]) -> tuple[str, str]:
    """Why it did not encode (`` if it did) and the render node it did so on."""
    chain = filter_chain(name, gpu_frames=False, size=None, fps=None, kind=OutputKind.RECORDING)
    timeout_s = HARDWARE_TIMEOUT_S if name in HARDWARE else SOFTWARE_TIMEOUT_S
    devices: Sequence[str] = [""]
    if name.endswith("_vaapi"):
        devices = render_nodes
    reason = "no graphics device /dev/dri/renderD* on this machine"
    for device in devices:
        reason = ""
        for kind in OutputKind:
            options = encoder_options(name, kind, 500_000 if kind is OutputKind.LIVE else None)
            before = ("-vaapi_device", device) if device else ()
            arguments = (*before, *_PICTURE, "-vf", chain, *options, "-f", "null", "-")
            reason = reason or _run(binary, arguments, timeout_s)
        if not reason:
            return "", device
    return reason, ""


def _hybrid_fragmented(binary: Binary, folder: str) -> bool:
    options = ("-c:v", "mpeg4", "-movflags", "hybrid_fragmented", "-f", "mp4", f"{folder}/hybrid.mp4")
    return not _run(binary, (*_PICTURE, *options), SOFTWARE_TIMEOUT_S)


def _fifo_rtsp(binary: Binary) -> bool:
    fifo = ("-map", "0:v:0", "-c:v", "mpeg4", "-f", "fifo", "-fifo_format", "null", *FIFO_OPTIONS, os.devnull)
    if _run(binary, (*_PICTURE, *fifo), SOFTWARE_TIMEOUT_S):
        return False
    muxers = _start(binary, ("-muxers",), SOFTWARE_TIMEOUT_S)
    return muxers is not None and b" rtsp " in muxers.stdout


def _verifies_tls(binary: Binary) -> bool:
    options = _start(binary, ("-h", "demuxer=rtsp"), SOFTWARE_TIMEOUT_S)
    return options is not None and b"-tls_verify " in options.stdout


def _cuda_frames(binary: Binary, working: frozenset[str], folder: str) -> bool:
    """Decode, scale and encode on the GPU, as a worker does."""
    source = f"{folder}/source.mp4"
    maker = "libx264" if "libx264" in working else "h264_nvenc"
    making = ("-vf", "format=yuv420p", "-c:v", maker, "-f", "mp4", source)
    if _run(binary, (*_PICTURE, *making), SOFTWARE_TIMEOUT_S):
        return False
    chain = filter_chain("h264_nvenc", gpu_frames=True, size=(256, 144), fps=None, kind=OutputKind.LIVE)
    options = encoder_options("h264_nvenc", OutputKind.LIVE, 500_000)
    arguments = (*GPU_DECODING, "-i", source, "-vf", chain, *options, "-f", "null", "-")
    return not _run(binary, arguments, HARDWARE_TIMEOUT_S)


def _run(binary: Binary, arguments: Sequence[str], timeout_s: float) -> str:
    """Run ffmpeg: `` if it succeeded, else its first error, which is the cause of those after it."""
    ended = _start(binary, arguments, timeout_s)
    if ended is None:
        return f"did not end within {timeout_s:g} s"
    if ended.returncode == 0:
        return ""
    lines = [parse_line(text) for text in printable_lines(ended.stderr)]
    errors = [line.text for line in lines if line.level in ERROR_LEVELS]
    telling = [text for text in errors if not _FOLLOW_UP.search(text)] or errors
    return telling[0] if telling else f"ended with {ended.returncode} and no message"


def _start(binary: Binary, arguments: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[bytes] | None:
    argv = (binary.path, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+error", "-y", *arguments)
    try:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            close_fds=False,  # see recorder/bare_thread.py
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        return subprocess.CompletedProcess(argv, 1, b"", f"[error] does not start: {error.strerror}".encode())


# --------------------------------------------------------------------------------------------------------------------
# Remembering
# --------------------------------------------------------------------------------------------------------------------


def _identity(binary: Binary) -> str:
    """Changes with the binary, the driver and the graphics devices of the machine."""
    try:
        status = os.stat(binary.path)
        file = f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"
    except OSError:
        file = "gone"
    devices = sorted(str(path) for pattern in ("nvidia*", "dri/*") for path in Path("/dev").glob(pattern))
    try:
        driver = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8", errors="replace")
    except OSError:
        driver = ""
    return f"{CACHE_FORMAT} {binary.path} {binary.version} {file} {devices} {driver}"


def _read_cache(file: Path, identity: str, binary: Binary) -> Abilities | None:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["identity"] != identity:
            return None
        return Abilities(
            binary=binary,
            encoders=frozenset(str(name) for name in kept["encoders"]),
            refused=tuple((str(name), str(reason)) for name, reason in kept["refused"]),
            hybrid_fragmented=bool(kept["hybrid_fragmented"]),
            fifo_rtsp=bool(kept["fifo_rtsp"]),
            cuda_frames=bool(kept["cuda_frames"]),
            vaapi_device=str(kept["vaapi_device"]),
            verifies_tls=bool(kept["verifies_tls"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_cache(file: Path, identity: str, abilities: Abilities) -> None:
    kept = {
        "identity": identity,
        "encoders": sorted(abilities.encoders),
        "refused": abilities.refused,
        "hybrid_fragmented": abilities.hybrid_fragmented,
        "fifo_rtsp": abilities.fifo_rtsp,
        "cuda_frames": abilities.cuda_frames,
        "vaapi_device": abilities.vaapi_device,
        "verifies_tls": abilities.verifies_tls,
    }
    import tempfile

    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        hand_over(file.parent)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as new:
            json.dump(kept, new, indent=1)
        hand_over(new.name)
        os.replace(new.name, file)
    except OSError:
        return
