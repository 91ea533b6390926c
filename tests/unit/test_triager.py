"""Live triage: what workers write becomes findings in a thread, every line once, whatever comes and whoever dies.

The real thread, inbox and log files; the lines are written as a worker would."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from vmstui.ffmpeg.loglines import parse_line
from vmstui.findings import ExplainedFinding, Origin, Severity
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.common_ends import LIVE_SERVER
from vmstui.recorder.context import Context
from vmstui.recorder.findings_file import ACKNOWLEDGED, FINDINGS
from vmstui.recorder.log_folder import Bounds
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.triage_inbox import (
    MOST_LINES,
    Began,
    Failed,
    Flows,
    Gone,
    Inbox,
    Lines,
    Lost,
    Picture,
    SegmentClosed,
    Stopping,
)
from vmstui.recorder.triager import Refused, Triager
from vmstui.triage.acknowledged import Said
from vmstui.triage.flow import GOES_ON_S, LIVE_STEADY_S
from vmstui.triage.incidents import Common
from vmstui.triage.masking import Masker

MISSED = b"[rtsp @ 0x55d0c8f0a2c0] [warning] RTP: missed 3 packets\n"
REFUSED = b"[tcp @ 0x5] [error] Connection to tcp://127.0.0.1:8554?timeout=0 failed: Connection refused\n"
UNKNOWN = b"[x @ 0x5] [error] nobody knows what this is\n"


_FLOOD = """
import os
for block in range(100):
    lines = [b"[rtsp @ 0x5] [warning] RTP: missed 1 packets\\n"] * 2000
    damaged = b"[h264 @ 0x5] [error] error while decoding MB %d %d, bytestream -5\\n"
    lines[1::2] = [damaged % (number, block) for number in range(1000)]
    os.write(1, b"".join(lines))
"""


def flood(path: Path) -> subprocess.Popen[bytes]:
    """Somebody who writes 200,000 lines."""
    with path.open("ab") as file:
        return subprocess.Popen([sys.executable, "-c", _FLOOD], stdout=file)


class Service:
    """What of a service triage and logs need, with a state folder of its own. Made on a loop."""

    def __init__(self, folder: Path, bounds: Bounds | None = None, messages: str = "") -> None:
        self.folder, self.bounds = folder, bounds
        (folder / "cam").mkdir(exist_ok=True)
        if messages:
            (folder / "messages.yaml").write_text(messages)
        self.said: list[str] = []
        self.inbox = Inbox()
        self.seen: list[tuple[str, str]] = []
        self.cured_: list[tuple[str, str]] = []
        self.triager = Triager(self.inbox, folder, lambda level, text: self.said.append(text), self, patience_s=0.0)
        self.triager.configure(str(folder / "vmstui.yaml"))
        parts = SimpleNamespace(
            camera_folder=lambda camera: folder / camera,
            masker=Masker(["hunter2-hunter2"]),
            logbook=LogBook(cameras=1),
            read_before={},
            triage=self.inbox,
        )
        self.log = CameraLog(cast(Context, parts), "cam", bounds)
        self.log.prepare()

    def saw(self, camera: str, key: str, what: Common, at: datetime) -> None:
        assert what.text
        self.seen.append((camera, key))

    def cured(self, camera: str, key: str, at: datetime) -> None:
        self.cured_.append((camera, key))

    def write(self, raw: bytes, generation: int = 1) -> None:
        with self.log.path(generation).open("ab") as file:
            file.write(raw)

    def follow(self, generation: int = 1, *, tail: bool = False) -> None:
        self.write(b"", generation)
        self.inbox.put(Began("cam", generation, 1.79e9, adopted=tail))
        self.log.follow(generation, tail=tail)

    def rows(self) -> dict[str, ExplainedFinding]:
        return {row.finding.fingerprint: row for row in self.triager.page(["cam"]).rows}

    def counts(self) -> dict[str, int]:
        return {fingerprint: row.finding.count for fingerprint, row in self.rows().items()}

    def not_told(self) -> tuple[int, int]:
        untold = self.triager.page(["cam"]).untold
        return (untold[0].not_kept, untold[0].left_out) if untold else (0, 0)

    async def until(self, there: Callable[[], object], what: str) -> None:
        """Look at the log and tick until it is so, as the service does each second."""
        for _ in range(3000):
            self.log.read()
            self.triager.tick()
            if there():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"waited in vain: {what}; {self.counts()} {self.not_told()} {self.said}")

    async def leave(self) -> None:
        assert await self.triager.flush(patience_s=60)
        self.log.close()


async def test_lines_become_findings_with_what_they_mean(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(MISSED + REFUSED + MISSED)
    await service.until(lambda: len(service.counts()) == 2, "two findings")
    rows = service.rows()
    missed, refused = rows["packets_missed"], rows["connection_refused"]
    assert (missed.finding.count, missed.finding.amount, missed.active) == (2, 6, True)
    assert (refused.finding.origin, refused.finding.count) == (Origin.LIVE, 1)
    assert refused.cause
    assert refused.action
    worst = refused.finding.severity, refused.cause.partition(". ")[0].rstrip(".") + "."
    await service.until(lambda: service.triager.summary("cam") == worst, "the worst is told")
    assert service.triager.summary("another") == (None, "")


async def test_an_error_that_nobody_knows_is_shown_unless_something_is_known_to_be_bad(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(MISSED + UNKNOWN)
    await service.until(lambda: service.triager.summary("cam") == (None, "nobody knows what this is"), "it is told")
    (odd,) = (row.finding.fingerprint for row in service.rows().values() if not row.finding.message)
    service.triager.acknowledge(Said(odd, "cam", None, None, None, "ops"))
    await service.until(lambda: service.triager.summary("cam")[0] is Severity.BENIGN, "somebody knows it now")
    service.write(b"[x @ 0x5] [error] quite another one\n" + REFUSED)
    await service.until(lambda: service.triager.summary("cam")[0] is Severity.DEGRADED, "what is known to be bad")


async def test_a_flood_is_counted_to_the_last_line(tmp_path: Path) -> None:
    """200,000 lines as fast as they can be written, most of which are left out of the log book."""
    service = Service(tmp_path)
    service.follow()
    writer = flood(service.log.path(1))
    await service.until(lambda: writer.poll() is not None, "all is written")
    await service.until(lambda: sum(service.counts().values()) >= 200_000, "all are counted")
    assert service.log.settled(60)
    assert service.counts() == {"damaged_picture": 100_000, "packets_missed": 100_000}
    assert service.rows()["packets_missed"].finding.amount == 100_000
    assert service.not_told() == (0, 0)


async def test_what_is_let_go_of_before_anybody_read_it_is_told(tmp_path: Path) -> None:
    """A log that grows faster than it may be kept: every line is counted, in a finding or as lost."""
    service = Service(tmp_path, Bounds(rotate_bytes=256 * 1024, live_bytes=512 * 1024))
    service.follow()
    written = 0
    service.log.read()
    with service.log.path(1).open("ab", buffering=0) as file:
        stop = threading.Event()

        def write() -> None:
            nonlocal written
            while not stop.is_set():
                file.write(UNKNOWN * 5000)
                written += 5000
                time.sleep(0.002)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            await service.until(lambda: service.not_told()[1] > 0, "some are lost")
        finally:
            stop.set()
            thread.join()
    await service.until(lambda: sum(service.counts().values()) + service.not_told()[1] >= written, "all are told of")
    assert service.log.settled(60)
    assert sum(service.counts().values()) + service.not_told()[1] == written


async def test_findings_and_what_people_said_are_there_after_a_restart(tmp_path: Path) -> None:
    before = Service(tmp_path)
    before.follow()
    before.write(MISSED * 5 + UNKNOWN)
    await before.until(lambda: sum(before.counts().values()) == 6, "six lines")
    said = before.triager.acknowledge(Said("packets_missed", "cam", None, 3600.0, 100.0, "ops", "a bad cable"))
    was = before.rows()
    await before.leave()

    after = Service(tmp_path)
    after.follow(tail=True)
    await after.until(lambda: after.rows(), "the findings are back")
    for fingerprint, row in after.rows().items():
        old = was[fingerprint].finding
        assert row.finding.first == old.first
        assert row.finding.last == old.last
        assert (row.finding.count, row.finding.amount, row.finding.examples) == (old.count, old.amount, old.examples)
        assert (row.finding.worst, row.active) == (old.worst, True)
    assert after.rows()["packets_missed"].acknowledgement == said
    assert after.rows()["packets_missed"].is_quiet
    await after.until(lambda: "cam" in after.triager._fleet.summaries, "it was looked at")
    assert after.triager.summary("cam") == (None, "nobody knows what this is")


async def test_a_service_that_takes_over_counts_no_line_twice_and_leaves_none_out(tmp_path: Path) -> None:
    before = Service(tmp_path)
    before.follow()
    before.write(MISSED * 1000)
    await before.until(lambda: before.counts().get("packets_missed") == 1000, "a thousand")
    await before.leave()
    # Written down; of these a service that dies at once knows nothing any more.
    before.write(MISSED * 500)
    between = Service(tmp_path)
    between.follow(tail=True)
    await between.until(lambda: between.counts().get("packets_missed") == 1500, "and five hundred")
    between.log.close()
    before.write(MISSED * 70)
    after = Service(tmp_path)
    after.follow(tail=True)
    await after.until(lambda: after.counts().get("packets_missed", 0) >= 1570, "all")
    await after.until(lambda: after.log.settled(60), "nothing is under way")
    assert after.counts() == {"packets_missed": 1570}


async def test_what_was_written_while_no_service_ran_is_counted_however_much_it_is(tmp_path: Path) -> None:
    """More than is read of the end of a log: the rest is masked in the background."""
    before = Service(tmp_path)
    before.follow()
    before.write(MISSED * 10)
    await before.until(lambda: before.counts() == {"packets_missed": 10}, "ten")
    await before.leave()
    before.write(MISSED * 20_000)
    after = Service(tmp_path)
    after.follow(tail=True)
    await after.until(lambda: after.counts().get("packets_missed", 0) >= 20_010, "all")
    assert after.log.settled(60)
    assert after.counts() == {"packets_missed": 20_010}


async def test_a_worker_that_began_after_findings_were_kept_last_is_counted_from_its_start(tmp_path: Path) -> None:
    before = Service(tmp_path)
    before.follow()
    before.write(MISSED)
    await before.until(lambda: before.counts() == {"packets_missed": 1}, "one")
    await before.leave()
    before.write(MISSED * 4, generation=2)
    after = Service(tmp_path)
    after.follow(generation=2, tail=True)
    await after.until(lambda: after.counts() == {"packets_missed": 5}, "all of them")


async def test_what_was_cut_off_since_findings_were_kept_last_is_counted_once(tmp_path: Path) -> None:
    bounds = Bounds(rotate_bytes=256 * 1024)
    before = Service(tmp_path, bounds)
    before.follow()
    before.write(MISSED * 10_000)
    await before.until(lambda: before.counts() == {"packets_missed": 10_000}, "the first ones")
    await before.leave()
    kept = (tmp_path / FINDINGS).read_bytes()
    between = Service(tmp_path, bounds)
    between.follow(tail=True)
    between.write(MISSED * 20_000)
    await between.until(lambda: between.counts() == {"packets_missed": 30_000}, "three times as many")
    await between.until(lambda: len(list(between.log.path(1).parent.glob("*.gz"))) >= 5, "they were cut off")
    assert between.log.settled(60)
    between.log.close()
    (tmp_path / FINDINGS).write_bytes(kept)  # it was killed before it wrote anything down
    after = Service(tmp_path, bounds)
    after.follow(tail=True)
    await after.until(lambda: after.counts().get("packets_missed", 0) >= 30_000, "all of them")
    assert after.log.settled(60)
    assert after.counts() == {"packets_missed": 30_000}
    await after.leave()
    again = Service(tmp_path, bounds)
    again.follow(tail=True)
    again.write(UNKNOWN)
    await again.until(lambda: len(again.counts()) == 2, "what is new")
    assert again.counts()["packets_missed"] == 30_000


def are_told(service: Service, lines: int) -> bool:
    return sum(service.counts().values()) >= lines


async def test_last_words_of_a_worker_that_is_gone_are_counted_once(tmp_path: Path) -> None:
    before = Service(tmp_path)
    before.follow()
    before.write(MISSED * 5)
    await before.until(lambda: before.counts() == {"packets_missed": 5}, "five")
    await before.leave()
    before.write(UNKNOWN * 3)
    before.write(MISSED, generation=2)  # this one also began and ended unseen
    before.write(MISSED, generation=3)
    for _ in range(2):
        after = Service(tmp_path)
        after.follow(generation=3, tail=True)
        after.log.mask_all()
        await after.until(partial(are_told, after, 10), "all of them")
        assert sorted(after.counts().values()) == [3, 7]
        await after.leave()


async def test_a_line_that_was_written_while_no_service_ran_is_not_told_as_of_now(tmp_path: Path) -> None:
    before = Service(tmp_path)
    before.follow()
    before.write(MISSED)
    await before.until(lambda: before.counts() == {"packets_missed": 1}, "one")
    await before.leave()
    before.write(UNKNOWN)
    then_s = time.time() - 100
    os.utime(before.log.path(1), (then_s, then_s))
    after = Service(tmp_path)
    after.follow(tail=True)
    await after.until(lambda: len(after.counts()) == 2, "both")
    (last,) = (row.finding.last.at for row in after.rows().values() if not row.finding.message)
    assert last is not None
    assert last.timestamp() == pytest.approx(then_s, abs=0.01)


async def test_in_a_log_that_is_another_one_nothing_old_is_counted(tmp_path: Path) -> None:
    before = Service(tmp_path)
    before.follow()
    before.write(MISSED * 100)
    await before.until(lambda: before.counts() == {"packets_missed": 100}, "a hundred")
    await before.leave()
    before.log.path(1).write_bytes(UNKNOWN * 500)
    after = Service(tmp_path)
    after.follow(tail=True)
    await after.until(lambda: after.counts(), "the findings are back")
    after.write(MISSED)
    await after.until(lambda: after.counts().get("packets_missed") == 101, "what is new")
    assert after.counts() == {"packets_missed": 101}
    book = after.log._context.logbook.page("cam", 0, 1000)
    assert sum("is another one than when findings were last kept" in line.text for line in book.lines) == 1


async def test_while_a_worker_is_told_to_end_its_last_words_are_no_fault(tmp_path: Path) -> None:
    service = Service(tmp_path)
    line = parse_line("[out#0/segment @ 0x5] [error] Error writing trailer: Immediate exit requested")
    for generation, stopping in ((1, False), (2, True)):
        service.inbox.put(Began("cam", generation, 1.79e9, adopted=False))
        service.inbox.put(Picture("cam", 1.79e9))
        if stopping:
            service.inbox.put(Stopping("cam", generation))
        service.inbox.put(Lines("cam", generation, 1.79e9, [line]))
    await service.until(lambda: sum(service.counts().values()) == 2, "both")
    seen = service.triager._fleet._cameras["cam"]
    assert (seen.generation, seen.triage.stopping) == (2, True)


async def test_noise_of_a_start_is_forgotten_with_the_first_good_segment_of_that_run_alone(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow(generation=2)
    service.inbox.put(Began("cam", 2, 1.79e9, adopted=False))
    noise = parse_line("[rtsp @ 0x55] [warning] Missing PPS in sprop-parameter-sets, ignoring")
    service.inbox.put(Lines("cam", 2, 1.79e9 + 1, [noise]))
    service.inbox.put(SegmentClosed("cam", 1))
    await service.until(lambda: service.counts() == {"missing_pps": 1}, "the noise")
    service.inbox.put(SegmentClosed("cam", 2))
    await service.until(lambda: not service.counts(), "it is forgotten")


async def test_a_camera_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(REFUSED)
    await service.until(lambda: service.counts(), "a finding")
    service.inbox.put(Gone("cam"))
    await service.until(lambda: not service.counts(), "it is gone")
    assert service.triager.summary("cam") == (None, "")


async def test_what_others_may_have_too_is_told_until_it_is_over_or_acknowledged(tmp_path: Path) -> None:
    service = Service(tmp_path, messages="messages: [{id: packets_missed, severity: degraded, settles: false}]\n")
    service.follow()
    service.write(MISSED)
    await service.until(lambda: service.seen, "it is told")
    assert set(service.seen) == {("cam", "packets_missed")}
    said = service.triager.acknowledge(Said("packets_missed", "cam", None, None, None, "ops"))
    await service.until(lambda: service.cured_ == [("cam", "packets_missed")], "it is no matter of anybody's")
    service.seen.clear()
    service.triager.take_back(said.id)
    await service.until(lambda: service.seen, "it is told again")


async def test_acknowledging_what_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(MISSED)
    await service.until(lambda: service.counts(), "a finding")
    acknowledge = service.triager.acknowledge
    with pytest.raises(Refused, match="no finding 'nonsense' on cam"):
        acknowledge(Said("nonsense", "cam", None, None, None, "ops"))
    with pytest.raises(Refused, match="no finding 'packets_missed' about live on any camera"):
        acknowledge(Said("packets_missed", "", Origin.LIVE, None, None, "ops"))
    made = acknowledge(Said("packets_missed", "", Origin.INPUT, None, None, "ops"))
    assert service.rows()["packets_missed"].is_quiet
    assert service.triager.take_back(made.id) == made
    assert not service.rows()["packets_missed"].is_quiet
    with pytest.raises(Refused, match="there are: none"):
        service.triager.take_back(made.id)


async def test_what_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(MISSED)
    await service.until(lambda: service.counts(), "a finding")
    (tmp_path / ACKNOWLEDGED).mkdir()
    with pytest.raises(Refused, match="cannot be written down"):
        service.triager.acknowledge(Said("packets_missed", "cam", None, None, None, "ops"))
    assert service.rows()["packets_missed"].acknowledgement is None


async def test_files_that_cannot_be_read_are_set_aside_and_said(tmp_path: Path) -> None:
    (tmp_path / FINDINGS).write_bytes(b"\x80 no findings\n")
    (tmp_path / ACKNOWLEDGED).write_bytes(b"{ torn")
    service = Service(tmp_path)
    assert (tmp_path / f"{FINDINGS}.aside1").read_bytes() == b"\x80 no findings\n"
    assert (tmp_path / f"{ACKNOWLEDGED}.aside1").read_bytes() == b"{ torn"
    assert sum("set aside" in text for text in service.said) == 2
    service.follow()
    service.write(MISSED)
    await service.until(lambda: service.counts(), "it goes on")


async def test_what_another_version_wrote_is_taken_up_as_far_as_it_is_understood(tmp_path: Path) -> None:
    before = Service(tmp_path)
    before.follow()
    before.write(MISSED * 3 + UNKNOWN * 2)
    await before.until(lambda: len(before.counts()) == 2, "findings")
    before.triager.acknowledge(Said("packets_missed", "cam", None, None, None, "ops"))
    await before.leave()
    lines = [json.loads(line) for line in (tmp_path / FINDINGS).read_bytes().splitlines()]
    for line in lines:
        line["of a later version"] = {"deep": [1]}
        if line.get("message") == "packets_missed":
            line["severity"] = "catastrophic"
    (tmp_path / FINDINGS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    said = json.loads((tmp_path / ACKNOWLEDGED).read_bytes())
    said["acknowledgements"][0]["colour"] = "red"
    (tmp_path / ACKNOWLEDGED).write_text(json.dumps(said))

    after = Service(tmp_path)
    after.follow(tail=True)
    await after.until(lambda: after.counts(), "what is understood")
    assert list(after.counts().values()) == [2]
    assert len(after.triager.page(["cam"]).acknowledgements) == 1
    assert any("1 lines" in text and "set aside" in text for text in after.said)


async def test_a_faulty_messages_file_is_said_and_the_shipped_table_stays(tmp_path: Path) -> None:
    service = Service(tmp_path, messages="messages: [{id: x}]\n")
    service.follow()
    service.write(MISSED)
    await service.until(lambda: service.counts() == {"packets_missed": 1}, "by the shipped table")
    await service.until(lambda: any("messages not loaded" in text for text in service.said), "it is said")
    own = {"pattern": "nobody knows what", "severity": "critical", "cause": "We do.", "action": "Ask us."}
    (tmp_path / "messages.yaml").write_text(json.dumps({"messages": [{"id": "ours", **own}]}))
    service.triager.configure(str(tmp_path / "vmstui.yaml"))
    service.write(UNKNOWN)
    await service.until(lambda: "ours" in service.counts(), "by one's own")
    await service.until(lambda: service.triager.summary("cam") == (Severity.CRITICAL, "We do."), "it is the worst")


async def test_findings_by_ones_own_messages_are_there_after_a_restart(tmp_path: Path) -> None:
    own = "messages: [{id: ours, pattern: nobody knows what, severity: critical, cause: We do., action: Ask us.}]"
    before = Service(tmp_path, messages=own)
    before.follow()
    before.write(UNKNOWN)
    await before.until(lambda: before.counts() == {"ours": 1}, "by one's own")
    await before.leave()
    after = Service(tmp_path)
    after.follow(tail=True)
    await after.until(lambda: after.triager.summary("cam") == (Severity.CRITICAL, "We do."), "it is back")


async def test_who_reads_log_lines_is_told_what_they_mean(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(MISSED + UNKNOWN)
    await service.until(lambda: len(service.counts()) == 2, "findings")
    lines = service.log._context.logbook.page("cam", 0, 10).lines
    told = service.triager.explained(lines)
    assert [(line.message, line.severity) for line in told] == [("packets_missed", Severity.BENIGN), ("", None)]


async def test_what_is_no_error_waits_for_more_of_it_unless_somebody_asks(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.triager._patience_s = 3600.0
    service.follow()
    service.write(MISSED)
    service.log.read()
    service.triager.tick()
    assert not service.triager._wake.is_set()
    assert service.counts() == {"packets_missed": 1}
    service.write(REFUSED)
    await service.until(lambda: service.triager.summary("cam")[1], "an error does not wait")


async def test_nobody_is_woken_when_there_is_nothing(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(MISSED)
    await service.until(lambda: service.counts(), "a finding")
    await service.leave()
    assert not service.inbox
    service.triager.tick()
    assert not service.triager._wake.is_set()


def test_what_waits_is_bounded_and_what_finds_no_room_is_told() -> None:
    inbox = Inbox()
    line = parse_line("[error] x")
    for _ in range(100):
        inbox.put(Lines("cam", 1, 0.0, [line] * (MOST_LINES // 50)))
    waiting: list[object] = []
    while (item := inbox.take()) is not None:
        waiting.append(item)
    assert sum(len(item.lines) for item in waiting if isinstance(item, Lines)) == MOST_LINES
    inbox.put(Lines("cam", 1, 0.0, [line]))
    lost = inbox.take()
    assert lost == Lost("cam", MOST_LINES)


async def test_a_disk_that_hangs_holds_up_nothing_but_what_is_written_to_it(tmp_path: Path) -> None:
    held: list[Callable[[], None]] = []
    service = Service(tmp_path)
    service.triager._do = held.append
    service.triager._save_due_s = 0.0
    service.follow()
    service.write(MISSED)
    await service.until(lambda: held, "it is to be written down")
    service.write(MISSED * 10)
    await service.until(lambda: service.counts() == {"packets_missed": 11}, "triage goes on")
    assert len(held) == 1
    held.pop()()
    assert (tmp_path / FINDINGS).is_file()


CLOSED = b"[rtsp @ 0x5] [warning] Failed reading RTSP data: End of file\n"


async def test_a_live_server_that_is_back_cures_its_cameras_and_nobody_looks_at_them_any_more(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    assert service.triager.disconnected == frozenset()
    service.write(REFUSED)
    await service.until(lambda: service.seen == [("cam", LIVE_SERVER)], "it is told")
    assert service.triager.disconnected == {"cam"}
    soon_s = time.time() + LIVE_STEADY_S + 1
    service.inbox.put(Flows("cam", 2, soon_s, 0.0, LIVE_STEADY_S))
    service.inbox.put(Flows("another", 1, soon_s, 0.0, LIVE_STEADY_S))
    service.inbox.put(Flows("cam", 1, soon_s, 0.0, LIVE_STEADY_S - 1))
    await service.until(lambda: not service.inbox, "of another worker, another camera, too soon")
    assert service.rows()["connection_refused"].active
    service.inbox.put(Flows("cam", 1, soon_s, 0.0, LIVE_STEADY_S))
    await service.until(lambda: service.cured_ == [("cam", LIVE_SERVER)], "it is over")
    assert service.triager.disconnected == frozenset()
    assert service.triager.summary("cam") == (None, "")
    assert not service.rows()["connection_refused"].active


async def test_a_live_server_is_blamed_only_once_the_worker_is_seen_to_go_on(tmp_path: Path) -> None:
    """A camera that closes its connection is told by the end of its worker."""
    service = Service(tmp_path)
    service.follow()
    service.write(CLOSED)
    await service.until(lambda: service.triager.disconnected, "it is looked at")
    assert service.seen == []
    assert service.triager.summary("cam")[0] is Severity.DEGRADED
    service.inbox.put(Flows("cam", 1, time.time() + GOES_ON_S + 1, GOES_ON_S, 0.0))
    await service.until(lambda: service.seen, "it goes on")
    assert service.seen == [("cam", LIVE_SERVER)]
    assert service.rows()["rtsp_closed"].finding.origin is Origin.LIVE


async def test_what_an_earlier_try_failed_for_goes_on_no_more_once_another_one_failed(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(b"[rtsp @ 0x5] [error] method DESCRIBE failed: 401 Unauthorized\n")
    await service.until(lambda: service.triager.summary("cam")[0] is Severity.CRITICAL, "a refused password")
    service.inbox.put(Failed("cam", time.time() - 3600))
    await service.until(lambda: not service.inbox, "the run that said it")
    row = service.rows()["rtsp_unauthorized"]
    assert (row.active, row.outlived) == (True, False)
    service.inbox.put(Failed("cam", time.time() + 1))
    await service.until(lambda: service.triager.summary("cam") == (None, ""), "another try")
    row = service.rows()["rtsp_unauthorized"]
    assert (row.active, row.outlived) == (False, True)


@pytest.mark.parametrize(("line", "key"), [(CLOSED, LIVE_SERVER), (REFUSED, LIVE_SERVER), (MISSED, "packets_missed")])
async def test_a_finding_is_part_of_what_is_said_of_the_live_server_where_the_live_output_may_have_said_it(
    tmp_path: Path, line: bytes, key: str
) -> None:
    service = Service(tmp_path)
    service.follow()
    service.write(line)
    await service.until(service.rows, "a finding")
    (row,) = service.rows().values()
    assert service.triager.common_key(row.finding) == key
