"""Live streams: RTSP messages, the embedded relay, the probe of a stream, simulated cameras."""
