"""From the bytes of a file to its tree, or to errors that name line and cause; never another exception.

PyYAML delivers the events and `composer` makes the tree of them. This file decodes the text and turns what PyYAML says
about bad syntax into words that help and that quote nothing which could be part of a password.
"""

from __future__ import annotations

import re

from vmstui.settings.problems import EXPANSION, NOT_EXPANDED, Place, Report
from vmstui.settings.tree import Node

MAX_FILE_BYTES = 1 << 20
_START = Place(1, 1)


def read_document(raw: bytes, report: Report, *, shipped: bool = False) -> Node | None:
    """The tree of one YAML document; None for an empty one, and where `report` has the errors that prevent it.

    `shipped`: a file that came with vmstui and is known to be well. It is read by libyaml, where that is there: ten
    times as fast, but with other words for what is wrong.
    """
    import yaml  # here, so that commands that only need `folders` start faster

    from vmstui.settings.composer import Unusable, compose_events

    if len(raw) > MAX_FILE_BYTES:
        report.error(_START, "", "a file larger than 1 MiB", "a configuration of at most 1 MiB")
        return None
    text = _decode(raw, report)
    if text is None:
        return None
    try:
        loader = yaml.CSafeLoader if shipped and yaml.__with_libyaml__ else yaml.SafeLoader
        return compose_events(yaml.parse(text, Loader=loader), report)
    except Unusable:
        return None
    except yaml.reader.ReaderError as error:
        place = _place(text[: error.position])
        report.error(place, "", f"the control character U+{error.character:04X}", "readable text")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else _START
        line = text.splitlines()[mark.line : mark.line + 1] if mark else []
        is_variable = EXPANSION in "".join(line)  # inside {…} it is a syntax error already
        words = NOT_EXPANDED if is_variable else _syntax_words(error.problem or "", error.context or "")
        report.error(place, "", *words)
    except (ValueError, OverflowError):  # PyYAML on "\UFFFFFFFF" and on version numbers of thousands of digits
        report.error(_START, "", "an escape sequence or number beyond what YAML can hold", "YAML")
    return None


def _decode(raw: bytes, report: Report) -> str | None:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.error(_START, "", "text in UTF-16", "UTF-8; save the file in that encoding")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = _place(raw[: error.start].decode("utf-8", errors="replace"))
        report.error(start, "", f"the byte 0x{error.object[error.start]:02x}, which is not UTF-8", "text in UTF-8")
        return None


def _place(before: str) -> Place:
    """The place of what follows this start of the text."""
    return Place(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


# PyYAML quotes what it stumbled over, which may be the start of a password; of its quotations only these are shown.
_HARMLESS = re.compile(r"'(?:<[a-z ]+>|[-,:?\[\]{}])'")


def _syntax_words(problem: str, context: str) -> tuple[str, str]:
    """`found` and `accepted` for what PyYAML says about a syntax error."""
    if r"'\t'" in problem:
        return "a tab character", "spaces for indentation"
    if "mapping values are not allowed" in problem:
        return "a second ':' or wrong indentation", "one 'key: value' per line, and quotes around text with ': ' in it"
    if "cannot start any token" in problem:
        return "a character that YAML reserves at the start of a value", "the value in quotes"
    words = re.sub(r"'[^']*'?", lambda quote: quote[0] if _HARMLESS.fullmatch(quote[0]) else "something else", problem)
    doing = re.sub(r" '[^']*'?", "", context)
    return f"a syntax error ({', '.join(part for part in (doing, words) if part)})", "YAML"
