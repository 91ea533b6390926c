"""Makes `tests/unit/seen_lines.json` of what tests noted: of each version of ffmpeg and each message one real line.

VMSTUI_SEEN_LINES=/tmp/seen python -m pytest tests/triage -n 0
python -m tests.triage.seen /tmp/seen
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SEEN_LINES = Path(__file__).parents[1] / "unit" / "seen_lines.json"


def main(notes: str) -> None:
    """Write it anew; of several lines the shortest is kept, as it has the least that is by chance."""
    lines: dict[str, dict[str, str]] = {}
    for raw in Path(notes).read_text(encoding="utf-8").splitlines():
        version, message, line = json.loads(raw)
        best = lines.setdefault(version, {}).get(message)
        if best is None or (len(line), line) < (len(best), best):
            lines[version][message] = line
    SEEN_LINES.write_text(json.dumps(lines, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
