"""Abilities, cameras and profiles for the tests of `vmstui.ffmpeg`."""

from __future__ import annotations

from vmstui.configured import Camera, Encoder, OutputSettings, Profile, Secret, VideoCodec
from vmstui.ffmpeg.abilities import Abilities
from vmstui.ffmpeg.binary import Binary
from vmstui.ffmpeg.encoders import ENCODERS

SOFTWARE = frozenset({"libx264", "libx265"})
NVENC = frozenset({"h264_nvenc", "hevc_nvenc"})
LIVE_1080 = OutputSettings(codec=VideoCodec.H264, size=(1920, 1080), bitrate_bps=3_000_000)
SOURCE_PROFILE = Profile("source", OutputSettings(), OutputSettings(codec=VideoCodec.H264))
REENCODE = Profile("reencode", OutputSettings(codec=VideoCodec.H265, bitrate_bps=1_500_000), LIVE_1080)


def abilities(
    encoders: frozenset[str] = SOFTWARE,
    *,
    cuda_frames: bool = False,
    hybrid_fragmented: bool = True,
    vaapi_device: str = "",
    reason: str = "Cannot load libcuda.so.1",
) -> Abilities:
    """An ffmpeg of which these encoders work."""
    return Abilities(
        binary=Binary("/opt/ffmpeg", "9.0.2", 9, 0, "embedded"),
        encoders=encoders,
        refused=tuple((name, reason) for name in ENCODERS if name not in encoders),
        hybrid_fragmented=hybrid_fragmented,
        fifo_rtsp=True,
        cuda_frames=cuda_frames,
        vaapi_device=vaapi_device,
    )


def output(
    codec: VideoCodec = VideoCodec.SOURCE, encoder: Encoder = Encoder.AUTO, fps: float | None = None
) -> OutputSettings:
    """What an output asks for."""
    return OutputSettings(codec=codec, encoder=encoder, fps=fps)


def camera(
    url: str = "rtsp://cam.example:554/stream",
    username: str | None = "admin",
    password: str | None = "hunter2",
    profile: Profile = SOURCE_PROFILE,
    name: str = "Lobby",
) -> Camera:
    """A camera with these credentials."""
    return Camera("lobby", name, url, profile, username, None if password is None else Secret(password))
