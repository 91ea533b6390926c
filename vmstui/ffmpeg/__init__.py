"""All that knows ffmpeg: finding it, probing it, building its argv, reading what it writes, decoding its end."""
