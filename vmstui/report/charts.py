"""Charts as inline SVG, without scripts, in the colours of the page's style sheet (`html`). Pure.

Each shape also carries its colour on paper as an attribute, which the style sheet overrides: programs that draw a page
without applying its style to charts, and charts that are cut out of it, show the same. Every figure that a chart shows
stands in a table, too: a chart is for the eye. Lines are told apart by dashes as well as by colours, stretches of a
strip by their height.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from html import escape
from math import ceil, floor, log10

from vmstui.report.document import Bars, Chart, Stretch, Strips, Tone
from vmstui.sanitise import clean
from vmstui.spoken import fit, width

WIDTH, LEFT, RIGHT = 760, 58, 12
_HEIGHT, _TOP, _BOTTOM = 220, 12, 26
COLOURS = 8
"""Classes `c0` to `c7` of the style sheet."""
_TICKS = 5
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_LONGEST_NAME = 22
_ON_PAPER = ("#1f5fbf", "#b4500b", "#1b7f4d", "#8e3a9d", "#0b7f8c", "#a3246a", "#6b6f00", "#555d6e")
_GOOD, _WARN, _BAD, _DIM, _RULE = "#17743a", "#8a5a00", "#b3261e", "#5b6475", "#d5dae3"
_TONES = {Tone.GOOD: _GOOD, Tone.WARN: _WARN, Tone.BAD: _BAD, Tone.OPEN: _RULE}
_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)


def chart_svg(chart: Chart, zone: tzinfo | None) -> str:
    """Lines over a time, from zero up."""
    known = [value for line in chart.lines for value in (*line.values, *line.high) if value is not None]
    top = nice_top(max(known, default=1.0))
    limit = chart.limit if chart.limit is not None and chart.limit <= 3 * top else None
    if limit is not None:
        top = max(top, nice_top(limit))
    plot_height = _HEIGHT - _TOP - _BOTTOM

    def y(value: float) -> float:
        return _TOP + plot_height * (1 - min(value / top, 1.0))

    parts = list(_scale(top, y))
    parts += _times(chart.since, chart.until, zone, _HEIGHT - _BOTTOM)
    for number, line in enumerate(chart.lines):
        if line.low and line.high:
            parts.append(f'<path {_filled("band", number)} fill-opacity=".18" d="{_band(line.low, line.high, y)}"/>')
    for number, line in enumerate(chart.lines):
        dash = _DASHES[number // COLOURS % len(_DASHES)] or _DASHES[number % len(_DASHES)]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(f'<path {_drawn(number)}{dashed} d="{_path(line.values, y)}"/>')
    if limit is not None:
        parts.append(_limit(LEFT, y(limit), WIDTH - RIGHT, y(limit)))
        parts.append(_limit_text(WIDTH - RIGHT, y(limit) - 4, "limit", "end"))
    drawn = _svg(chart.title, _HEIGHT, parts)
    return drawn + _legend([line.name for line in chart.lines], dashed=True)


def bars_svg(bars: Bars) -> str:
    """Lying bars, their parts one after the other."""
    row, left = 24, 150
    height = row * len(bars.bars) + 24
    top = nice_top(max((sum(bar.parts) for bar in bars.bars), default=1.0))
    limit = bars.limit if bars.limit is not None and bars.limit <= 3 * top else None
    top = max(top, nice_top(limit)) if limit is not None else top
    scale = (WIDTH - left - 70) / top
    parts: list[str] = []
    for number, bar in enumerate(bars.bars):
        y, x = 6 + row * number, float(left)
        parts.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{_name(bar.name)}</text>')
        for part, value in enumerate(bar.parts):
            if value > 0:
                wide = value * scale
                told = f"{_text(bar.name)}, {_text(bars.legend[part])}: {value:.1f} {_text(bars.unit)}"
                parts.append(
                    f'<rect {_filled("fill", part)} x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{row - 7}">'
                    f"<title>{told}</title></rect>"
                )
                x += wide
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 14}">{sum(bar.parts):.1f} {_text(bars.unit)}</text>')
    if limit is not None:
        x = left + limit * scale
        end = 6 + row * len(bars.bars)
        parts.append(_limit(x, 0, x, end))
        parts.append(_limit_text(x, end + 12, f"limit {limit:.0f}", "middle"))
    drawn = _svg(bars.title, height, parts)
    return drawn + (_legend(bars.legend, dashed=False) if len(bars.legend) > 1 else "")


def strips_svg(strips: Strips, zone: tzinfo | None) -> str:
    """What became of a time: recorded, lost (higher), not known or not wanted (lower)."""
    row, left = 26, 150
    height = row * len(strips.strips) + _BOTTOM + 6
    wide = WIDTH - left - RIGHT
    parts: list[str] = []
    for number, (name, stretches) in enumerate(strips.strips):
        y = 6 + row * number
        parts.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{_name(name)}</text>')
        for stretch in stretches:
            high = {Tone.BAD: 20, Tone.WARN: 18, Tone.GOOD: 14}.get(stretch.tone, 6)
            x, length = left + stretch.start * wide, max(_length(stretch) * wide, 1.5)
            cover = "" if stretch.tone in (Tone.GOOD, Tone.BAD) else _rect("paper", "#fff", x, y - 1, length, 20)
            colour = _TONES[stretch.tone]
            parts.append(cover + _rect(f"tone {stretch.tone.value}", colour, x, y + (18 - high) / 2, length, high))
    parts += _times(strips.since, strips.until, zone, row * len(strips.strips) + 6, left)
    drawn = _svg(strips.title, height, parts)
    return drawn + '<p class="legend">tall and red: lost · flat and grey: not wanted, or nothing is known</p>'


def nice_top(value: float) -> float:
    """The next number above that is easy to read."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12) if step * power >= value)


def _length(stretch: Stretch) -> float:
    return max(stretch.end - stretch.start, 0.0)


def _rect(classes: str, colour: str, x: float, y: float, wide: float, high: float) -> str:
    at = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
    return f'<rect class="{classes}" fill="{colour}" {at}/>'


def _drawn(number: int) -> str:
    colour = number % COLOURS
    return f'class="line c{colour}" fill="none" stroke="{_ON_PAPER[colour]}" stroke-width="1.6"'


def _filled(kind: str, number: int) -> str:
    colour = number % COLOURS
    return f'class="{kind} c{colour}" fill="{_ON_PAPER[colour]}"'


def _limit(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line class="limit" stroke="{_BAD}" stroke-dasharray="4 4" {ends}/>'


def _limit_text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="limit" fill="{_BAD}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line class="grid" stroke="{_RULE}" {ends}/>'


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{_text(title)}">'
        f'<title>{_text(title)}</title>\n<g fill="{_DIM}" font-family="sans-serif" font-size="11">\n{body}\n</g></svg>'
    )


def _scale(top: float, y: Callable[[float], float]) -> Iterator[str]:
    for number in range(_TICKS):
        value = top * number / (_TICKS - 1)
        at = y(value)
        yield _grid(LEFT, at, WIDTH - RIGHT, at)
        yield f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{value:.4g}</text>'


def _times(since: datetime, until: datetime, zone: tzinfo | None, y: float, left: int = LEFT) -> Iterator[str]:
    """Round times of the day, about six of them."""
    span_min = max((until - since).total_seconds() / 60, 1.0)
    step_min = next((step for step in _STEPS_MIN if span_min / step <= 7), _STEPS_MIN[-1])
    local = since.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    first = ceil((local - midnight).total_seconds() / 60 / step_min) * step_min
    at = midnight + timedelta(minutes=first)
    wide = WIDTH - RIGHT - left
    while at <= until:
        x = left + wide * (at - since).total_seconds() / 60 / span_min
        label = at.astimezone(zone).strftime("%H:%M" if step_min < 1440 else "%m-%d")
        yield _grid(x, y - 4, x, y)
        yield f'<text x="{x:.1f}" y="{y + 14:.1f}" text-anchor="middle">{label}</text>'
        at += timedelta(minutes=step_min)


def _x(number: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (number + 0.5) / count


def _path(values: Sequence[float | None], y: Callable[[float], float]) -> str:
    """Broken where nothing is known; a point that stands alone is a short stroke."""
    parts: list[str] = []
    down = False
    for number, value in enumerate(values):
        if value is None:
            down = False
            continue
        x = _x(number, len(values))
        alone = not down and (number + 1 == len(values) or values[number + 1] is None)
        parts.append(f"{'L' if down else 'M'}{x:.1f} {y(value):.1f}" + ("h1" if alone else ""))
        down = True
    return "".join(parts)


def _band(low: Sequence[float | None], high: Sequence[float | None], y: Callable[[float], float]) -> str:
    parts: list[str] = []
    run: list[tuple[float, float, float]] = []
    for number, (under, over) in enumerate(zip((*low, None), (*high, None), strict=True)):
        if under is not None and over is not None:
            run.append((_x(number, len(low)), y(under), y(over)))
        elif run:
            there = "L".join(f"{x:.1f} {above:.1f}" for x, _, above in run)
            back = "L".join(f"{x:.1f} {below:.1f}" for x, below, _ in reversed(run))
            parts.append(f"M{there}L{back}Z")
            run = []
    return "".join(parts)


def _legend(names: Sequence[str], *, dashed: bool) -> str:
    items = []
    for number, name in enumerate(names):
        dash = _DASHES[number % len(_DASHES)] if dashed else ""
        stroke = f' stroke-dasharray="{dash}"' if dash else ""
        drawn = f'<path {_drawn(number)}{stroke} d="M0 4H28"/>'
        if not dashed:
            drawn = f'<rect {_filled("fill", number)} width="10" height="8"/>'
        wide = 28 if dashed else 10
        items.append(f'<span><svg class="key" viewBox="0 0 {wide} 8">{drawn}</svg> {_text(name)}</span>')
    return f'<p class="legend">{" ".join(items)}</p>'


def _name(name: str) -> str:
    shown = clean(name)
    return escape(fit(shown, _LONGEST_NAME).rstrip() if width(shown) > _LONGEST_NAME else shown)


def _text(text: str) -> str:
    return escape(clean(text))
