"""The JSON schema of the configuration, for editors and `vmstui config schema`; made from the table of keys.

`python -m vmstui.settings.schema` writes it to `config/vmstui.schema.json`. It says what stands in the file; what
concerns several keys (unique ids, known profiles, passwords that exist) only `config check` can tell.
"""

from __future__ import annotations

import json

from vmstui.resources import config_folder
from vmstui.settings.keys import PROFILE_NAME, ROOT, Field, Key, SecretKey, Section
from vmstui.settings.values import Json

SCHEMA_FILE = "vmstui.schema.json"

_SECRET: dict[str, Json] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"env": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}},
            "required": ["env"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"file": {"type": "string", "minLength": 1}},
            "required": ["file"],
            "additionalProperties": False,
        },
        {"type": ["string", "number"], "deprecated": True},
    ]
}


def schema() -> dict[str, Json]:
    """A JSON schema, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of vmstui",
        **section_schema(ROOT),
        "type": "object",
    }


def schema_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def section_schema(section: Section) -> dict[str, Json]:
    """What may stand in a section."""
    required: list[Json] = [field.name for field in section.fields if isinstance(field, Key) and field.is_required]
    described: dict[str, Json] = {
        # An empty section (null) is one whose keys are all commented out.
        "type": ["object", "null"] if not required else "object",
        "properties": {field.name: _field(field) for field in section.fields},
        "additionalProperties": False,
    }
    return described | ({"required": required} if required else {})


def _field(field: Field) -> Json:
    if isinstance(field, SecretKey):
        return {"description": field.help, **_SECRET}
    if isinstance(field, Key):
        default: dict[str, Json] = {} if field.default is None else {"default": _default(field.default)}
        if field.is_list:
            some: Json = [dict(field.kind.schema), {"type": "array", "items": dict(field.kind.schema)}]
            return {"description": field.help, **default, "anyOf": some}
        return {"description": field.help, **default, **field.kind.schema}
    if field.shape == "list":
        return {"description": field.help, "type": ["array", "null"], "items": section_schema(field)}
    if field.shape == "map":
        return {
            "description": field.help,
            "type": ["object", "null"],
            "propertyNames": dict(PROFILE_NAME.schema),
            "additionalProperties": section_schema(field),
        }
    return {"description": field.help, **section_schema(field)}


def _default(text: str) -> Json:
    return text == "true" if text in ("true", "false") else text


def main() -> None:
    """Write the schema into the checkout."""
    (config_folder() / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
