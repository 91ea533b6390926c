"""A GStreamer player that says what it saw, run by the interpreter that GStreamer's bindings belong to (`tests.peers`).

    gst_player.py URL FRAMES [USERNAME PASSWORD]

Prints the presentation time in nanoseconds of every picture shown. Anything that an element complains about is printed
to stderr and ends it with status 1. After FRAMES pictures it pauses, waits for the answer, tears down and ends with 0.

gst-launch would do, but for its end: at the end of a stream it closes right after it asked for a pause, and where the
close comes first in `rtspsrc`, that cancels the pause it has not sent yet and calls it "Received end-of-file"
(GStreamer 1.22, `gst_rtspsrc_loop_send_cmd`); the TEARDOWN that follows is answered on the same connection.
"""

from __future__ import annotations

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402  (its version is to be required first)

_LIMIT_NS = 30 * 10**9


def main() -> int:
    Gst.init(None)
    url, frames, *log_in = sys.argv[1:]
    player = Gst.parse_launch(
        "rtspsrc name=source protocols=tcp ! rtph264depay ! avdec_h264 max-errors=0"
        " ! fakesink name=screen signal-handoffs=true"
    )
    source, screen, bus = player.get_by_name("source"), player.get_by_name("screen"), player.get_bus()
    source.props.location = url
    if log_in:
        source.props.user_id, source.props.user_pw = log_in
    left = int(frames)

    def shown(_sink: Gst.Element, picture: Gst.Buffer, _pad: Gst.Pad) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            print(picture.pts, flush=True)
        if left == 0:
            bus.post(Gst.Message.new_application(screen, Gst.Structure.new_empty("enough")))

    screen.connect("handoff", shown)
    player.set_state(Gst.State.PLAYING)
    status = _follow(bus, Gst.MessageType.APPLICATION)
    if status == 0:
        player.set_state(Gst.State.PAUSED)
        status = _follow(bus, Gst.MessageType.PROGRESS)
    player.set_state(Gst.State.NULL)
    return status


def _follow(bus: Gst.Bus, until: Gst.MessageType) -> int:
    """Wait for a message: that enough was shown, or that a request was answered."""
    wanted = until | Gst.MessageType.ERROR | Gst.MessageType.WARNING | Gst.MessageType.EOS
    while True:
        message = bus.timed_pop_filtered(_LIMIT_NS, wanted)
        if message is None:
            print("nothing for 30 s", file=sys.stderr)
            return 1
        if message.type == Gst.MessageType.ERROR:
            print(*message.parse_error(), file=sys.stderr)
            return 1
        if message.type == Gst.MessageType.WARNING:
            print(*message.parse_warning(), file=sys.stderr)
            return 1
        if message.type == Gst.MessageType.EOS:
            print("the stream ended", file=sys.stderr)
            return 1
        if message.type == Gst.MessageType.APPLICATION:
            return 0
        kind, code, _ = message.parse_progress()
        if (kind, code) == (Gst.ProgressType.COMPLETE, "request"):
            return 0


if __name__ == "__main__":
    sys.exit(main())
