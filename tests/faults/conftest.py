"""The fixtures of the integration tests: faults are injected into the same recorders."""

from __future__ import annotations

from tests.integration.conftest import abilities, mounts, recorder, simulated

__all__ = ["abilities", "mounts", "recorder", "simulated"]
