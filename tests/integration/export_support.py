"""What the tests of exports share: footage of a camera on disk and in a catalogue, and independent looks at files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av

from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S
from vmstui.ffmpeg.inspect import inspect_media
from vmstui.footage import Segment, SegmentVerdict, StreamSpan, Uptime
from vmstui.recording.catalogue import FILE_NAME, Catalogue

START = datetime(2025, 10, 20, 0, 54, 0, tzinfo=UTC)


@dataclass
class Footage:
    """A camera's recordings, catalogue and configuration, all below one folder."""

    folder: Path
    camera: str = "lobby"
    name: str = "Lobby"
    segments: list[Segment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recordings.mkdir(parents=True)
        config = {
            "recordings": str(self.recordings),
            "timezone": "Asia/Ho_Chi_Minh",
            "ffmpeg": EMBEDDED_FFMPEG,
            "retention": {"min_free": "1M"},
            "cameras": [{"id": self.camera, "name": self.name, "url": "rtsp://127.0.0.1/none"}],
        }
        self.config.write_text(json.dumps(config), encoding="utf-8")

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    @property
    def config(self) -> Path:
        return self.folder / "vmstui.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def record(
        self,
        generation: int,
        at_s: float,
        length_s: float,
        *,
        segment_s: int = 30,
        fps: int = 2,
        size: str = "64x36",
        encoder: str = "libx264",
        more: Sequence[str] = (),
    ) -> list[Segment]:
        """What one worker recorded from `at_s` after START on; `more` are options of the encoder."""
        folder = self.recordings / f"{self.name} {generation}".replace("/", "_")
        folder.mkdir()
        picture = f"testsrc2=size={size}:rate={fps}:duration={length_s}"
        picture += ",hflip" if generation % 2 == 0 else ""
        options = ["-c:v", encoder, "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p"]
        if encoder == "libx265":
            options += ["-x265-params", "log-level=error:open-gop=0:bframes=2", "-tag:v", "hvc1"]
        options += ["-force_key_frames", "expr:gte(t,n_forced*5)", "-fps_mode", "vfr", "-enc_time_base", "1:90000"]
        options += more
        muxer = ["-f", "segment", "-segment_time", str(segment_s), "-reset_timestamps", "1", "-segment_format", "mp4"]
        muxer += ["-segment_format_options", "movflags=hybrid_fragmented:flush_packets=1"]
        muxer += ["-segment_list", str(folder / "list.csv"), "-segment_list_type", "csv"]
        command = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-threads", "1", "-f", "lavfi", "-i", picture]
        command += [*options, *muxer, f"{str(folder).replace('%', '%%')}/%06d.mp4"]
        subprocess.run(command, check=True)
        made: list[Segment] = []
        for number, line in enumerate((folder / "list.csv").read_text().splitlines()):
            name, begin, end = line.rsplit(",", 2)
            file = folder / name.strip('"')
            media = inspect_media(EMBEDDED_FFMPEG, str(file))
            span = StreamSpan(float(begin), float(end))
            offset_s = at_s + sum(before.duration_s for before in made)
            made.append(
                Segment(
                    camera=self.camera,
                    generation=generation,
                    path=str(file),
                    started_at=START + timedelta(seconds=offset_s),
                    duration_s=media.duration_s,
                    size_bytes=file.stat().st_size,
                    codec=media.codec,
                    width=media.width,
                    height=media.height,
                    verdict=SegmentVerdict.GOOD,
                    frames=media.frames,
                    fps=media.fps,
                    number=number,
                    span=span,
                    uptime=Uptime("boot", 1000.0 + offset_s),
                )
            )
        (folder / "list.csv").unlink()
        self.segments += made
        return made

    def cut_off(self, number: int) -> None:
        """A segment as a worker leaves it that dies: fragmented, and torn amid a packet."""
        segment = self.segments[number]
        fragmented = f"{segment.path}.mp4"
        command = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-i", f"file:{segment.path}", "-c", "copy"]
        command += ["-tag:v", "hvc1" if segment.codec == "h265" else "avc1"]
        command += ["-movflags", "frag_keyframe+empty_moov+default_base_moof", f"file:{fragmented}"]
        subprocess.run(command, check=True)
        raw = Path(fragmented).read_bytes()
        os.unlink(fragmented)
        Path(segment.path).write_bytes(raw[: len(raw) * 4 // 5])
        found = inspect_media(EMBEDDED_FFMPEG, segment.path)
        verdict = SegmentVerdict.PARTIAL
        self.segments[number] = replace(
            segment,
            duration_s=found.duration_s,
            frames=found.frames,
            size_bytes=os.path.getsize(segment.path),
            span=None,
            verdict=verdict,
        )

    def catalogue(self) -> Catalogue:
        """Open, with all that was recorded."""
        catalogue = Catalogue.open(self.state / FILE_NAME)
        catalogue.add(self.segments)
        if catalogue.fresh:
            catalogue.filled()
        return catalogue

    def environment(self) -> dict[str, str]:
        return {**os.environ, "VMSTUI_STATE": str(self.state), "VMSTUI_RUNTIME": str(self.folder / "run")}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "vmstui", "--config", str(self.config), "export", *arguments]

    def export(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            self.command(*arguments), env=self.environment(), capture_output=True, text=True, timeout=4 * LIMIT_S
        )

    @staticmethod
    def verify(*arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `export --verify` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "vmstui", "export", "--verify", *arguments],
            capture_output=True,
            text=True,
            timeout=4 * LIMIT_S,
        )


def at(seconds: float) -> str:
    """So long after START, as on the command line."""
    return (START + timedelta(seconds=seconds)).isoformat()


def packets(file: Path | str) -> list[tuple[bytes, float]]:
    """The packets of a file by PyAV, in the order of decoding: their bytes, and when they are shown."""
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        return [
            (bytes(packet), float(packet.pts * packet.time_base)) for packet in container.demux(stream) if packet.size
        ]


def pictures(file: Path | str) -> list[float]:
    """When each picture of a file is shown that PyAV can decode."""
    with av.open(str(file)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]
