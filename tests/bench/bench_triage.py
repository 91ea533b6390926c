"""What triaging ffmpeg's lines costs, and that a flood of them stays cheap and small. Not run by pytest.

    python -m tests.bench.bench_triage [--json FILE] [--lines 100000]

Lines as they come from a worker: masked with 100 passwords known by value, cleaned, taken apart, matched against the
whole table, counted and graded. Four floods: a mixture, one and the same line, one message with ever new numbers, and
lines that nobody knows and that all differ. CPU is that of this process; memory is what the findings of a camera keep.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from vmstui.ffmpeg.loglines import parse_line
from vmstui.sanitise import clean
from vmstui.triage.findings import CameraTriage
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.masking import Masker
from vmstui.triage.messages_file import shipped_messages

BUDGET_LINES_PER_S = 50_000
"""Of the mixture, per second of CPU."""
PASSWORDS = 100


def main() -> int:
    """Measure, print, and exit with 1 if a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    knowledge = Knowledge(tuple(shipped_messages().values()))
    masker = Masker(f"Passw0rd-{number}!x" for number in range(PASSWORDS))
    results: dict[str, float] = {"messages in the table": len(knowledge.messages)}
    for name, line in floods().items():
        lines = [line().encode() for _ in range(options.lines)]
        results[f"{name}: lines per second of CPU"] = speed(knowledge, masker, lines)
    results["memory of a camera after lines that all differ, KiB"] = memory_kib(knowledge)
    for what, value in results.items():
        print(f"{what:<66}{value:>12,.0f}")
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2))
    within = results["mixture: lines per second of CPU"] >= BUDGET_LINES_PER_S
    print("within budget" if within else "OVER BUDGET")
    return 0 if within else 1


def floods() -> dict[str, Callable[[], str]]:
    """What makes a line of each flood."""
    chance = random.Random(1)
    number = chance.randrange

    def damaged() -> str:
        where = f"MB {number(120)} {number(68)}, bytestream -{number(50)}"
        return f"[h264 @ 0x55d0c8f0a2c0] [error] error while decoding {where}"

    def unknown() -> str:
        return "[h264 @ 0x55d0c8f0a2c0] [error] " + "".join(chance.choices("abcdefghij klmno", k=80))

    made = (
        damaged,
        lambda: f"[rtsp @ 0x55d0c8f0a2c0] [warning] RTP: missed {number(100)} packets",
        lambda: "[h264 @ 0x55d0c8f0a2c0] [error] no frame!",
        lambda: "[rtsp @ 0x55d0c8f0a2c0] [warning] max delay reached. need to consume packet",
        lambda: (
            f"[vost#0:0/copy @ 0x5] [warning] Non-monotonic DTS; previous: {number(10**6)}, current: {number(10**6)};"
            f" changing to {number(10**6)}. This may result in incorrect timestamps in the output file."
        ),
        lambda: "[tcp @ 0x5] [error] Connection to tcp://192.0.2.1:554?timeout=10000000 failed: No route to host",
        lambda: f"[x @ 0x5] [error] Something {number(10**6)} nobody knows: rtsp://a:b@192.0.2.{number(255)}/x",
    )
    return {
        "mixture": lambda: chance.choice(made)(),
        "the same line": lambda: "[h264 @ 0x55d0c8f0a2c0] [error] decode_slice_header error",
        "ever new numbers": damaged,
        "unknown, all different": unknown,
    }


def speed(knowledge: Knowledge, masker: Masker, lines: list[bytes]) -> float:
    """Lines per second of CPU, from bytes to findings; one camera, 10,000 lines in a second of its log."""
    triage = CameraTriage(knowledge)
    began_s = time.process_time()
    for index, raw in enumerate(lines):
        text = clean(masker.mask(raw.decode("utf-8", errors="replace")))
        triage.feed(parse_line(text), 1.76e9 + index / 10_000)
    cpu_s = time.process_time() - began_s
    counted = sum(finding.count for finding in triage.findings()) + triage.not_kept
    assert counted == len(lines), "every line is counted"
    return len(lines) / cpu_s


def memory_kib(knowledge: Knowledge) -> float:
    """What the triage of one camera keeps after 20,000 lines that nobody knows, of a kilobyte each."""
    chance = random.Random(2)
    knowledge.match.cache_clear()
    tracemalloc.start()
    triage = CameraTriage(knowledge)
    for index in range(20_000):
        triage.feed(parse_line("[error] " + "".join(chance.choices("abcdefghij klmno", k=1000))), 1.76e9 + index)
    knowledge.match.cache_clear()
    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert triage.lines == 20_000
    return kept_bytes / 1024


if __name__ == "__main__":
    sys.exit(main())
