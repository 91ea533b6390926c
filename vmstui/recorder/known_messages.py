"""The table of messages for the ends of workers, loaded once the first of them needs it: most services never do."""

from __future__ import annotations

import contextlib

from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.context import Context


def load_messages(context: Context) -> None:
    """Have `context.match` soon; in the background, as that takes a good part of a second."""
    if context.match is not None:
        return

    def load() -> None:
        from vmstui.settings import SettingsError
        from vmstui.triage.knowledge import Knowledge
        from vmstui.triage.messages_file import load_knowledge, shipped_messages

        if context.match is None:
            context.match = Knowledge(tuple(shipped_messages().values())).match
            with contextlib.suppress(SettingsError):  # told by whoever explains messages
                context.match = load_knowledge(context.settings.path).match

    BACKGROUND.do(load)
