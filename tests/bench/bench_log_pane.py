"""What the log pane costs with a full ring, by CPU time of this process. Not run by pytest.

    python -m tests.bench.bench_log_pane [--lines 100000] [--json FILE]

First the view alone, without a screen: lines that come, a search, a filter, folding and wrapping, each worked through
in slices as the dashboard does it; the longest slice is what a key may have to wait for. Then the pane on a screen of
120x40: how long a key takes until it is drawn while a thousand lines a second come in, by the wall clock, and what it
costs until everything is done while none do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from vmstui.logged import LogLevel, LogLine
from vmstui.tui import log_lines
from vmstui.tui.log_lines import Looks
from vmstui.tui.log_match import Pattern
from vmstui.tui.log_ring import Rule, Threshold
from vmstui.tui.log_view import LogView
from vmstui.tui.themes import own_variables
from vmstui.tui.widgets.log_body import LogBody
from vmstui.tui.widgets.log_text import SLICE_S

BATCH = 500
MESSAGES = (
    (LogLevel.WARNING, "rtsp", "max delay reached. need to consume packet"),
    (LogLevel.WARNING, "rtsp", "RTP: missed {} packets"),
    (LogLevel.ERROR, "h264", "error while decoding MB {} 41, bytestream -7"),
    (LogLevel.INFO, "segment", "Opening '/srv/recordings/.spool/cam/1/{}.mp4' for writing"),
    (LogLevel.WARNING, "mp4", "Non-monotonic DTS; previous: {}, current: 43199; changing to 43201. This may result in"
                              " incorrect timestamps in the output file."),
)  # fmt: skip
WAIT_ROUNDS = 10
KEYS = ("up", "down", "pageup", "n", "N", "m", "comma", "full_stop", "home", "t", "W", "z", "w", "i", "f")


class Body(App[None]):
    """The lines alone."""

    CSS = "LogBody { width: 1fr; height: 1fr; overflow: auto auto; scrollbar-size-horizontal: 0; }"

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.body = LogBody(capacity)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return own_variables(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.body


def lines(count: int, start: int = 0) -> list[LogLine]:
    """As cameras in some trouble write them; a few of them repeat."""
    rng, at = random.Random(7), datetime(2025, 10, 20, 7, 0, tzinfo=UTC)
    found: list[LogLine] = []
    while len(found) < count:
        level, component, text = rng.choice(MESSAGES)
        for _ in range(rng.choice((1, 1, 1, 20))):
            number = start + len(found)
            when = at + timedelta(milliseconds=number)
            found.append(LogLine(number, when, "cam_01", 1, level, component, text.format(number)))
    return found[:count]


def worked(view: LogView) -> tuple[float, float, float]:
    """CPU seconds in all, the longest slice of it and the median one."""
    slices: list[float] = []
    while not view.settled:
        until, began = time.perf_counter() + SLICE_S, time.process_time()
        view.go_on(lambda until=until: time.perf_counter() > until)  # type: ignore[misc]
        slices.append(time.process_time() - began)
    return sum(slices), max(slices, default=0.0), statistics.median(slices) if slices else 0.0


def view_figures(count: int) -> dict[str, float]:
    """The view without a screen."""
    view, figures = LogView(count), dict[str, float]()
    written = lines(2 * count)
    for name, part in (("filling", written[:count]), ("full", written[count:])):
        began = time.process_time()
        for start in range(0, count, BATCH):
            view.append(part[start : start + BATCH])
        figures[f"a line that comes, ring {name}, us"] = 1e6 * (time.process_time() - began) / count

    def measure(name: str, change: Callable[[], None]) -> None:
        change()
        total, longest, _ = worked(view)
        figures[f"{name}, CPU s"], figures[f"{name}, longest slice, ms"] = total, 1000 * longest

    measure("search for a text", lambda: view.look_for(Pattern("missed")))
    measure("search for an expression", lambda: view.look_for(Pattern(r"missed \d*7 packets$")))
    measure("search for one that never ends", lambda: view.look_for(Pattern(r"(\w+\W?)+%")))
    measure("search for a slow one", lambda: view.look_for(Pattern(r".*.*.*ts.*=x")))
    view.look_for(Pattern())
    measure("filter by an expression", lambda: view.show(Rule(pattern=Pattern(r"DTS|decod\w+ MB"))))
    measure("filter by level", lambda: view.show(Rule(Threshold.ERRORS)))
    measure("no filter", lambda: view.show(Rule()))

    def fold() -> None:
        view.folding = True
        view.arrange()

    def wrap() -> None:
        view.height = lambda line, repeated: log_lines.height(line, Looks(counts=True), 79)
        view.arrange()

    measure("folding", fold)
    measure("folding and wrapping", wrap)
    return figures


async def key_figures(count: int) -> dict[str, float]:
    """Keys on a screen while lines come in."""
    app = Body(count)
    written = lines(count)
    spent: dict[str, list[float]] = {key: [] for key in KEYS}
    async with app.run_test(size=(120, 40)) as pilot:
        for start in range(0, count, 5000):
            app.body.append(tuple(written[start : start + 5000]))
        app.body.search(Pattern(r"missed \d*7 packets"))
        await _at_rest(pilot, app.body)
        began, cpu = time.perf_counter(), time.process_time()
        arriving = asyncio.create_task(_arrive(app.body, count))
        await asyncio.sleep(10.0)
        share = (time.process_time() - cpu) / (time.perf_counter() - began)
        waits: list[float] = []
        for _ in range(WAIT_ROUNDS):
            for key in KEYS:
                waits.append(await _until_drawn(app, key))
                await asyncio.sleep(random.uniform(0.05, 0.15))  # at any moment between two batches
        arriving.cancel()
        for _ in range(3):
            for key in KEYS:
                app.body.append(tuple(lines(BATCH, count)))
                await _at_rest(pilot, app.body)
                before = time.process_time()
                await pilot.press(key)
                await _at_rest(pilot, app.body)
                spent[key].append(time.process_time() - before)
    figures = {
        "1,000 lines/s on a full ring of 120x40, CPU s/s": share,
        "key until it is drawn meanwhile, median, ms": 1000 * statistics.median(waits),
        "key until it is drawn meanwhile, 95 of 100, ms": 1000 * statistics.quantiles(waits, n=20)[-1],
        "key until it is drawn meanwhile, longest, ms": 1000 * max(waits),
    }
    return figures | {f"key {key}, ms": 1000 * statistics.median(values) for key, values in spent.items()}


async def _until_drawn(app: Body, key: str) -> float:
    """Seconds from a key until what it leads to is drawn: the question follows it through the same queues."""
    drawn = asyncio.Event()
    began = time.perf_counter()
    app.simulate_key(key)
    app.call_later(lambda: app.body.call_later(lambda: app.body.call_after_refresh(drawn.set)))
    await drawn.wait()
    return time.perf_counter() - began


async def _arrive(body: LogBody, start: int) -> None:
    while True:
        body.append(tuple(lines(BATCH, start)))
        start += BATCH
        await asyncio.sleep(BATCH / 1000)


async def _at_rest(pilot: Pilot[None], body: LogBody) -> None:
    await pilot.pause()
    while not body.view.settled:  # noqa: ASYNC110 (a bench looks from outside)
        await asyncio.sleep(0.001)
    await pilot.pause()


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description="CPU that the log pane takes with a full ring.")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for measured in (view_figures, lambda count: asyncio.run(key_figures(count))):
        part = measured(options.lines)
        for name, value in part.items():
            print(f"{name:<60} {value:>9.3f}", flush=True)
        figures |= part
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
