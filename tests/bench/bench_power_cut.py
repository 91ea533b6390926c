"""Power cuts: the service and all workers killed at once, again and again, at other points of a segment each time.

    python -m tests.bench.bench_power_cut [--rounds 50] [--cameras 2]

After each cut every file that was closed is as it was, to the byte, and what was open plays up to its last group of
pictures and a second; after every fifth and the last the recorder is stopped, and the catalogue has each file once and
no other, and tells the frames that PyAV counts. Ends
with an error at the first round in which that is not so. `test_footage` does three rounds of it in the tests.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.harness import Recorder, cameras, make_cache
from tests.integration.test_footage import check_consistent, power_cut

CHECKED_EVERY = 5


def main() -> int:
    """Cut, and print how long each recovery took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-") as name:
        folder = Path(name)
        ffmpeg = make_cache(folder / "cache")
        recorder = Recorder(folder / "recorder", folder / "cache")
        with cameras(ffmpeg, folder / "cameras", options.cameras) as sources:
            ids = [f"cam{number}" for number in range(1, options.cameras + 1)]
            recorder.configure([(camera, sources.url(camera)) for camera in ids])
            try:
                recorder.start()
                for number in range(1, options.rounds + 1):
                    for camera in ids:
                        recorder.wait_recording(camera)
                    after_s = chance.uniform(0.3, 6.0)
                    begun_s = time.monotonic()
                    power_cut(recorder, after_s)
                    print(
                        f"{number:>3}: cut after {after_s:.1f} s, all is well {time.monotonic() - begun_s:.1f} s later"
                    )
                    if number == options.rounds or number % CHECKED_EVERY == 0:
                        check_consistent(recorder)
                    if number < options.rounds and number % CHECKED_EVERY == 0:
                        recorder.start()
            finally:
                recorder.stop()
    print(
        f"{options.rounds} power cuts: every closed segment untouched, the open ones playable, the catalogue consistent"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
