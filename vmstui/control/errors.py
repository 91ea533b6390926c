"""What can go wrong between a client and the recorder service, as the two exceptions a client has to know.

Raised by `control.client`, caught by the dashboard and the commands. `str(error)` is always one whole sentence for the
person at the terminal: what failed, on which camera or socket, and what to do.
"""

from __future__ import annotations


class RecorderError(Exception):
    """The recorder answered, but refused or failed at what was asked; the connection stays usable."""


class RecorderLost(RecorderError):
    """No recorder answers (any more): nothing listens on the socket, or the connection broke."""
