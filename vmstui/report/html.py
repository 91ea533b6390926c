"""A report as one HTML file: no scripts, nothing loaded from anywhere, light and dark, fit to be printed. Pure.

Everything that is shown is made harmless and escaped here; a policy in the head forbids the page to load anything,
should anything of that fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from html import escape

from vmstui.report.charts import bars_svg, chart_svg, strips_svg
from vmstui.report.document import (
    Bars,
    Block,
    Bullets,
    Chart,
    Code,
    Inline,
    Listing,
    Paragraph,
    Report,
    Section,
    Strips,
    Table,
    Text,
    Verdict,
)
from vmstui.report.markdown import SIGNS
from vmstui.sanitise import clean

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2330; --dim: #5b6475; --rule: #d5dae3; --shade: #f4f6f9;
  --good: #17743a; --warn: #8a5a00; --bad: #b3261e; --c0: #1f5fbf; --c1: #b4500b; --c2: #1b7f4d; --c3: #8e3a9d;
  --c4: #0b7f8c; --c5: #a3246a; --c6: #6b6f00; --c7: #555d6e; }
@media (prefers-color-scheme: dark) { :root { --paper: #12151b; --ink: #e3e7ee; --dim: #9aa4b5; --rule: #343b48;
  --shade: #1b2029; --good: #6bd48f; --warn: #f0b849; --bad: #ff8a80; --c0: #79b0ff; --c1: #ffab70; --c2: #6bd48f;
  --c3: #d79be6; --c4: #5ed3e0; --c5: #ff8fc4; --c6: #d3d65c; --c7: #aab3c3; } }
@media print { :root { --paper: #fff; --ink: #000; --dim: #444; --rule: #bbb; --shade: #f6f6f6; --good: #17743a;
  --warn: #8a5a00; --bad: #b3261e; --c0: #1f5fbf; --c1: #b4500b; --c2: #1b7f4d; --c3: #8e3a9d; --c4: #0b7f8c;
  --c5: #a3246a; --c6: #6b6f00; --c7: #555d6e; } nav { display: none; } body { max-width: none; font-size: 9.5pt; }
  h2, h3 { break-after: avoid; } tr, svg, figure { break-inside: avoid; }
  .wide { overflow: visible; } pre { white-space: pre-wrap; overflow-wrap: anywhere; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--rule); padding-bottom: .2rem; }
h3 { margin-top: 1.6rem; } h4 { margin: 1rem 0 .3rem; }
nav { color: var(--dim); } nav a { color: inherit; margin-right: .8em; white-space: nowrap; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
th { color: var(--dim); font-weight: 600; white-space: nowrap; } .right { text-align: right; white-space: nowrap; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; } code { overflow-wrap: anywhere; }
pre { background: var(--shade); padding: .7rem 1rem; overflow-x: auto; border-radius: 4px; }
td > .verdict { display: inline-block; min-width: 6.5em; }
.verdict { font-weight: 600; } .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.open { color: var(--dim); }
figure { margin: 1rem 0; } figcaption { color: var(--dim); font-size: .9em; }
figure > svg { width: 100%; max-width: 60rem; height: auto; display: block; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; } svg .grid { stroke: var(--rule); }
svg .line { fill: none; stroke: var(--c); stroke-width: 1.6; } svg .band { fill: var(--c); opacity: .18; }
svg .fill { fill: var(--c); } svg .limit { stroke: var(--bad); stroke-dasharray: 4 4; }
svg text.limit { stroke: none; fill: var(--bad); }
svg .tone.good { fill: var(--good); } svg .tone.bad { fill: var(--bad); } svg .tone.warn { fill: var(--warn); }
svg .tone.open { fill: var(--rule); } svg .paper { fill: var(--paper); }
.legend { color: var(--dim); font-size: .9em; margin: .2rem 0; }
.legend span { margin-right: 1.2em; white-space: nowrap; }
.key { height: .6em; vertical-align: middle; }
"""
_COLOURS = " ".join(f".c{number} {{ --c: var(--c{number}); }}" for number in range(8))


def html(report: Report, zone: tzinfo | None) -> str:
    """The whole file. Times of charts are those of `zone`."""
    title = _text(report.title)
    links = " ".join(f'<a href="#s{number}">{_text(one.title)}</a>' for number, one in enumerate(report.sections))
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f"<style>{STYLE}{_COLOURS}</style>",
        "</head>",
        "<body>",
        f"<h1>{title}</h1>",
        *_blocks(report.blocks, 1, zone),
        f"<nav>{links}</nav>",
    ]
    for number, section in enumerate(report.sections):
        lines += [f'<section id="s{number}">', *_section(section, 2, zone), "</section>"]
    lines += ["</body>", "</html>"]
    return "\n".join(lines) + "\n"


def _section(section: Section, level: int, zone: tzinfo | None) -> Iterator[str]:
    tag = f"h{min(level, 6)}"
    yield f"<{tag}>{_text(section.title)}</{tag}>"
    yield from _blocks(section.blocks, level, zone)


def _blocks(blocks: Sequence[Block | Section], level: int, zone: tzinfo | None) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Section):
            yield from _section(block, level + 1, zone)
        else:
            yield from _block(block, zone)


def _block(block: Block, zone: tzinfo | None) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield f"<p>{_pieces(text)}</p>"
        case Bullets(items):
            yield "<ul>"
            yield from (f"<li>{_pieces(item)}</li>" for item in items)
            yield "</ul>"
        case Table():
            yield from _table(block)
        case Listing(lines):
            yield f"<pre>{chr(10).join(map(_text, lines))}</pre>"
        case Chart():
            yield _figure(f"{block.title}, {block.unit}", chart_svg(block, zone))
        case Bars():
            yield _figure(block.title, bars_svg(block))
        case Strips():
            yield _figure(block.title, strips_svg(block, zone))


def _figure(caption: str, drawn: str) -> str:
    return f"<figure><figcaption>{_text(caption)}</figcaption>\n{drawn}</figure>"


def _table(table: Table) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr>'
    yield "".join(f'<th scope="col"{_aligned(table, n)}>{_text(cell)}</th>' for n, cell in enumerate(table.header))
    yield "</tr></thead><tbody>"
    for row in table.rows:
        yield f"<tr>{''.join(f'<td{_aligned(table, n)}>{_inline(cell)}</td>' for n, cell in enumerate(row))}</tr>"
    yield "</tbody></table></div>"


def _aligned(table: Table, column: int) -> str:
    return ' class="right"' if column in table.right else ""


def _pieces(pieces: Text) -> str:
    return "".join(map(_inline, pieces))


def _inline(piece: Inline) -> str:
    match piece:
        case Verdict(text, tone):
            return f'<span class="verdict {tone.value}">{SIGNS[tone]} {_text(text)}</span>'
        case Code(text):
            return f"<code>{_text(text)}</code>"
        case _:
            return _text(piece)


def _text(text: str) -> str:
    return escape(clean(text))
