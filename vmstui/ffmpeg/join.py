"""One file out of parts of several, by ffmpeg: as they are (`copy`), or decoded and encoded anew (`encode`, `edge`).

The parts are read with the concat demuxer (libavformat/concatdec.c): a part begins at the keyframe at or before
`inpoint`, ends before the first packet whose decoding time is `outpoint` or later, and the next one follows `length`
after its beginning, whatever lies between. ffmpeg reads the files through links in a private folder, so that no name
of a file is ever part of a script or of a command line. Progress is reported as the time written so far. Called by an
export, in a process of its own.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from vmstui.ffmpeg.loglines import parse_line, printable_lines
from vmstui.ffmpeg.packets import Packets, list_packets
from vmstui.ffmpeg.progress import parse_progress
from vmstui.findings import ERROR_LEVELS

if TYPE_CHECKING:
    from vmstui.ffmpeg.splice import Piece

ENCODER = "libx264"
TIME_SCALE = 90_000
"""Ticks per second of what is written: that of RTP, in which cameras tell their times."""
_QUALITY = ("-preset", "veryfast", "-crf", "18")
"""Nearly nothing is lost to the eye; more costs many times the size."""
# Every frame keeps its time: none is repeated to fill a gap, none is dropped.
_AS_THEY_COME = ("-fps_mode", "passthrough", "-enc_time_base", f"1:{TIME_SCALE}")
_SCRIPT = "parts.ffconcat"


class JoinError(ValueError):
    """ffmpeg could not do it. The text is its own reason."""


class Ahead(Protocol):
    """Where in a part the times of its file go ahead of those that are wanted, and by how much from there on."""

    @property
    def frames(self) -> int:
        """Of the part before that."""

    @property
    def position_us(self) -> int:
        """From its first frame on, by the clock of the file; no frame is shown then or soon before or after."""

    @property
    def length_us(self) -> int: ...


class Part(Protocol):
    """Part of a file, by the clock of that file."""

    @property
    def path(self) -> str: ...
    @property
    def inpoint_us(self) -> int | None:
        """When its first frame is shown; None: it is the first of the file."""

    @property
    def outpoint_us(self) -> int | None:
        """Decoding time between that of its last packet and the next; None: up to the end of the file."""

    @property
    def length_us(self) -> int | None:
        """From its first frame to that of the next part, as the times of files go; None for the last."""

    @property
    def frames(self) -> int:
        """In it; only `copy` has to know."""

    @property
    def ahead(self) -> Sequence[Ahead]:
        """In order; mostly there is none."""


class Pictures(Protocol):
    """Those of all parts from `since_s` on up to `until_s`, from the first frame of the first part; None: all of them
    on that side."""

    @property
    def parts(self) -> Sequence[Part]: ...
    @property
    def since_s(self) -> float | None: ...
    @property
    def until_s(self) -> float | None: ...


Progress = Callable[[float], None]
"""Told the seconds written so far, now and then. What it raises ends ffmpeg."""


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """What an export needs of an ffmpeg of this machine. Everything raises ValueError, whose text is the reason."""

    program: str
    version: str

    def packets(self, path: str) -> Packets:
        """All of a file."""
        return list_packets(self.program, path)

    def copy(self, parts: Sequence[Part], out: str, tags: Mapping[str, str], codec: str, progress: Progress) -> None:
        """The packets of all parts, untouched, in one MP4 file; `out` is overwritten."""
        # Apple's players open H.265 in MP4 under this tag only.
        tag = ["-tag:v", "hvc1"] if codec == "h265" else []
        _run(self.program, parts, out, ["-c", "copy", *_packets_in_step(parts), *tag, *_written(tags)], progress)

    def encode(
        self, pictures: Pictures, out: str, tags: Mapping[str, str], size: tuple[int, int], progress: Progress
    ) -> None:
        """Pictures encoded as H.264 at a size, with borders where their shape is another one."""
        width, height = (length - length % 2 for length in size)
        filters = [*_frames_in_step(pictures.parts), *_trimmed(pictures)]
        filters += [f"scale={width}:{height}:force_original_aspect_ratio=decrease", f"pad={width}:{height}:-1:-1"]
        filters += ["setsar=1", "format=yuv420p"]
        options = ["-vf", ",".join(filters), "-c:v", ENCODER, *_QUALITY, *_AS_THEY_COME, *_written(tags)]
        _run(self.program, pictures.parts, out, options, progress)

    def edge(self, pictures: Pictures, out: str, codec: str, number: int, progress: Progress) -> None:
        """Pictures encoded with the codec, size and colours they have: one keyframe, and nothing after it is shown in
        another order than it is decoded in. `number` is that of its parameter sets, where the encoder can be told
        (`own_sets`)."""
        filters = [*_frames_in_step(pictures.parts), *_trimmed(pictures)]
        options = ["-vf", ",".join(filters or ["null"])]
        if codec == "h265":
            options += ["-c:v", "libx265", "-preset", "superfast", "-crf", "18", "-tag:v", "hvc1", "-x265-params"]
            options += ["log-level=error:bframes=0:keyint=-1:scenecut=0:open-gop=0:repeat-headers=0"]
        else:
            sets = f"sps-id={number}:bframes=0:keyint=infinite:scenecut=0"
            options += ["-c:v", ENCODER, *_QUALITY, "-x264-params", sets]
        _run(self.program, pictures.parts, out, [*options, *_AS_THEY_COME, *_written({})], progress)

    def splice(self, pieces: Sequence[Piece], out: str, progress: Progress) -> None:
        """Edges and what is between them, the packets of all under one header; see `splice`."""
        from vmstui.ffmpeg.splice import splice  # only an exact export has edges

        splice(pieces, out, progress)


def can_encode(ffmpeg: str) -> bool:
    """Whether `Ffmpeg.encode` works with this ffmpeg: seen by doing it."""
    argv = [ffmpeg, "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=1"]
    argv += ["-c:v", ENCODER, *_QUALITY, "-f", "null", "-"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30).returncode == 0
    return False


def concat_script(parts: Sequence[Part]) -> str:
    """The script that the concat demuxer reads; its files are `names` in the folder of the script."""
    lines = ["ffconcat version 1.0"]
    for name, part in zip(_names(parts), parts, strict=True):
        lines.append(f"file {name}")
        for word, value_us in (
            ("inpoint", part.inpoint_us),
            ("outpoint", part.outpoint_us),
            ("duration", part.length_us),
        ):
            if value_us is not None:
                lines.append(f"{word} {value_us}us")
    return "\n".join(lines) + "\n"


def _packets_in_step(parts: Sequence[Part]) -> list[str]:
    """Packets are counted, as times of decoding and of showing go ahead at the same one."""
    steps, count = [], 0
    for part in parts:
        steps += [rf"gte(N\,{count + step.frames})*{step.length_us}" for step in part.ahead]
        count += part.frames
    back = f"round(({'+'.join(steps)})/1000000/TB)"
    return ["-bsf:v", f"setts=pts=PTS-{back}:dts=DTS-{back}"] if steps else []


def _frames_in_step(parts: Sequence[Part]) -> list[str]:
    """Frames are told by their time, as not each of them need be decoded."""
    steps, begins_us = [], 0
    for part in parts:
        steps += [rf"gte(T\,{(begins_us + step.position_us) / 1e6:.6f})*{step.length_us}" for step in part.ahead]
        begins_us += part.length_us or 0
    return [f"setpts=PTS-round(({'+'.join(steps)})/1000000/TB)"] if steps else []


def _trimmed(pictures: Pictures) -> list[str]:
    bounds = (("start", pictures.since_s), ("end", pictures.until_s))
    if all(value is None for _, value in bounds):
        return []
    trim = "trim=" + ":".join(f"{name}={value:.6f}" for name, value in bounds if value is not None)
    return [trim, "setpts=PTS-STARTPTS"]


def _names(parts: Sequence[Part]) -> list[str]:
    return [f"{number:06d}.mp4" for number in range(len(parts))]


def _written(tags: Mapping[str, str]) -> list[str]:
    # Tags of the files that were read say nothing of this one.
    named = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    return ["-map_metadata", "-1", *named, "-video_track_timescale", str(TIME_SCALE)]


def _run(ffmpeg: str, parts: Sequence[Part], out: str, options: list[str], progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix="vmstui-export-") as name, tempfile.TemporaryFile() as errors:
        folder = Path(name)
        for link, part in zip(_names(parts), parts, strict=True):
            (folder / link).symlink_to(part.path)
        (folder / _SCRIPT).write_text(concat_script(parts), encoding="ascii")
        argv = [ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+error"]
        argv += ["-progress", "pipe:1", "-stats_period", "0.5"]
        argv += ["-protocol_whitelist", "file", "-f", "concat", "-auto_convert", "0", "-i", f"file:{folder / _SCRIPT}"]
        argv += ["-map", "0:v:0", *options, "-f", "mp4", "-y", f"file:{out}"]
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors) as process:
            assert process.stdout is not None
            try:
                for written_s in _reports(process.stdout):
                    progress(written_s)
                code = process.wait()
            except BaseException:
                process.kill()
                raise
        errors.seek(0)
        told = errors.read()
        # A part that cannot be opened ends the input as if it were the last one (concatdec.c, open_next_file).
        if code != 0 or b"Impossible to open" in told:
            raise JoinError(_reason(told, code))


def _reports(stream: IO[bytes]) -> Iterator[float]:
    block = b"\n"
    for line in stream:
        block += line
        if line.startswith(b"progress="):
            report = parse_progress(block)
            block = b"\n"
            if report is not None:
                yield report.out_time_s


def _reason(raw: bytes, code: int) -> str:
    lines = [parse_line(text) for text in printable_lines(raw)]
    told = [line.text for line in lines if line.level in ERROR_LEVELS]
    if told:
        return told[0]
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"ffmpeg was ended by {signal.Signals(-code).name}"
    return f"ffmpeg ended with {code}"
