"""The reference part of `docs/configuration.md`, made from the table of keys and the shipped profiles.

`python -m vmstui.settings.reference` rewrites what stands below the marker; the text above it is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmstui.resources import config_folder
from vmstui.settings.keys import ROOT, Key, SecretKey, Section
from vmstui.settings.loader import SHIPPED_PROFILES
from vmstui.settings.secrets import ACCEPTED

DOCUMENT = "configuration.md"
MARKER = "<!-- Made by `python -m vmstui.settings.reference`; change vmstui/settings/keys.py instead. -->\n"


def reference() -> str:
    """Markdown: one table per section, then the shipped profiles."""
    profiles = (config_folder() / SHIPPED_PROFILES).read_text(encoding="utf-8")
    return "\n".join(_section(ROOT, "")) + f"\n## Profiles that come with vmstui\n\n```yaml\n{profiles}```\n"


def _section(section: Section, path: str) -> Iterator[str]:
    """Sections with the same keys (the two outputs of a profile) share one table."""
    yield f"## `{path}`\n" if path else "## Top level\n"
    if section.help:
        yield f"{section.help}\n"
    single = [field for field in section.fields if not isinstance(field, Section)]
    if single:
        yield "| key | accepted | when left out | meaning | a change |"
        yield "|---|---|---|---|---|"
        yield from (_row(field) for field in single)
        yield ""
    by_keys: dict[tuple[str, ...], list[Section]] = {}
    for field in section.fields:
        if isinstance(field, Section):
            by_keys.setdefault(field.names(), []).append(field)
    for alike in by_keys.values():
        for field in alike[:-1]:
            yield f"## `{_below(path, field)}`\n\n{field.help} Keys as in the next table.\n"
        yield from _section(alike[-1], _below(path, alike[-1]))


def _below(path: str, section: Section) -> str:
    suffix = {"one": "", "list": "[]", "map": ".NAME"}[section.shape]
    return f"{path}.{section.name}{suffix}".lstrip(".")


def _row(field: Key[object] | SecretKey) -> str:
    if isinstance(field, SecretKey):
        accepted, left_out = f"`{ACCEPTED}`", "no password"
    else:
        accepted = field.kind.accepted
        left_out = "**required**" if field.is_required else field.otherwise or f"`{field.default}`"
    return f"| `{field.name}` | {accepted} | {left_out} | {field.help} | {field.effect} |"


def main() -> None:
    """Bring the document of the checkout up to date."""
    document = config_folder().parent / "docs" / DOCUMENT
    by_hand = document.read_text(encoding="utf-8").partition(MARKER)[0]
    document.write_text(by_hand + MARKER + "\n" + reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
