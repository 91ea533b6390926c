"""The JSON schema of a file of messages, for editors; made from the table of its keys.

`python -m vmstui.triage.messages_schema` writes it to `config/messages.schema.json`.
"""

from __future__ import annotations

import json

from vmstui.resources import config_folder
from vmstui.settings.schema import section_schema
from vmstui.triage.message_keys import ROOT

SCHEMA_FILE = "messages.schema.json"


def schema_text() -> str:
    """A JSON schema, draft 2020-12, as the file holds it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages of ffmpeg, for the triage of vmstui",
        **section_schema(ROOT),
        "type": "object",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema into the checkout."""
    (config_folder() / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
