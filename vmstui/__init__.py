"""vmstui: a video recorder operated over SSH. Nothing is imported here, so that every command starts fast."""

__version__ = "0.1.0"
