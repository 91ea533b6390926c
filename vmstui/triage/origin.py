"""Which output a line of ffmpeg is about, told by the component that wrote it. Pure.

Since ffmpeg 7 the outermost component names input or output by number (`in#0/concat`, `vost#1:0/libx264`); 5.x names
the muxer, decoder or protocol alone (`segment`, `h264`, `tcp`). Inside `fifo` the muxer of the live stream speaks under
the name of the input's demuxer; it is known by what only a publisher says, and by its sockets, which have no timeout.
That a connection broke off both say in the same words: whose it was is known by whether the worker goes on (`flow`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from vmstui.findings import Origin

_NUMBERED = re.compile(r"(in|out|[vas]?ist|[vas]?ost|[va]f|fc|fifo)#(\d+)(?::\d+)?(?:/(\S+))?")
_INPUTS = frozenset(("in", "ist", "vist", "aist", "sist"))
_RECORDING_MUXERS = frozenset(("segment", "stream_segment", "mp4", "mov", "matroska", "hls", "avi", "webm"))
_LIVE_MUXERS = frozenset(("fifo", "flv", "rtsp", "rtp", "rtp_mpegts"))
_INPUT_NAMES = frozenset((
    "rtsp", "concat", "tcp", "udp", "tls", "http", "https", "rtp", "sdp", "h264", "hevc", "mjpeg", "mpeg4", "aac",
    "pcm_alaw", "pcm_mulaw", "mpegts", "mov,mp4,m4a,3gp,3g2,mj2", "h264_cuvid", "hevc_cuvid",
))  # fmt: skip
_PUBLISHING = ("method ANNOUNCE ", "method RECORD ")
_BROKE_OFF = "Failed reading RTSP data: "
_NONE: Mapping[str, Origin] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Layout:
    """What is known of the command line that wrote a log."""

    outputs: Mapping[int, Origin] = field(default_factory=lambda: MappingProxyType({}))
    """By their number on the command line."""
    encoders: Mapping[str, Origin] = field(default_factory=lambda: _NONE)
    """Which output an encoder works for, such as `libx264`."""
    input_has_timeout: bool = False
    """So that a socket without one is of the live stream."""


WORKER = Layout(MappingProxyType({0: Origin.RECORDING, 1: Origin.LIVE}), input_has_timeout=True)
"""A worker of vmstui (`ffmpeg/command.py`)."""
FOREIGN = Layout()
"""Any ffmpeg."""


def origin_of(component: str, text: str, layout: Layout) -> Origin | None:
    """What a line is about, or None where nothing tells. PROCESS: several parts of a worker may have said it."""
    if text.startswith(_PUBLISHING) or (layout.input_has_timeout and "?timeout=0 " in text):
        return Origin.LIVE
    if component == "rtsp" and text.startswith(_BROKE_OFF) and Origin.LIVE in layout.outputs.values():
        return Origin.PROCESS
    return _of_component(component, layout) if component else None


@lru_cache(maxsize=512)
def _of_component(component: str, layout: Layout) -> Origin | None:
    if found := _NUMBERED.match(component):
        kind, number, muxer = found.groups()
        if kind in _INPUTS:
            return Origin.INPUT
        if kind == "fc":  # a filter graph is of the output of its number, where there is one each
            return layout.outputs.get(int(number))
        if kind == "out" and muxer in _RECORDING_MUXERS:
            return Origin.RECORDING
        if kind == "out" and muxer in _LIVE_MUXERS:
            return Origin.LIVE
        return layout.outputs.get(int(number))
    if component.startswith("dec:") or component in _INPUT_NAMES:
        return Origin.INPUT
    if component in _RECORDING_MUXERS:
        return Origin.RECORDING
    if component in _LIVE_MUXERS:
        return Origin.LIVE
    return layout.encoders.get(component.removeprefix("enc:"))
