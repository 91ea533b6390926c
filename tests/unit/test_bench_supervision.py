"""The figures of `bench_supervision`: what is counted, and how it is shown. The bench itself is not run here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.bench_supervision import broken_promises
from tests.bench.supervision.figures import Aftermath, Figures, Respawns, percentile, table
from tests.bench.supervision.seen import StartLog, worker_of

CLEAN = Figures(
    name="vmstui",
    version="1.0",
    workers=100,
    start_s=5.25,
    cpu_percent=0.75,
    publishing_percent=3.5,
    rss_mib=31.4,
    processes=2,
    respawns=Respawns(tuple(float(latency_ms) for latency_ms in range(1, 101))),
    busy_percent=40.0,
    herd=Respawns((1000.0, 2000.0, 3000.0)),
    aftermath=Aftermath(before=100, alive_without=100, untouched=100, alive=100, doubled=0, lost=0),
)
DOUBLED = replace(
    CLEAN,
    name="peer",
    version="2.0",
    publishing_percent=None,
    respawns=Respawns((), missing=3),
    aftermath=Aftermath(before=100, alive_without=99, untouched=99, alive=199, doubled=99, lost=0),
)


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 100.0), (95, 190.0), (99, 198.0), (99.5, 199.0), (100, 200.0)]
)
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(200, 0, -1)], percent) == expected


def test_one_value_is_all_its_percentiles() -> None:
    assert {percentile([7.0], percent) for percent in (0, 50, 99, 100)} == {7.0}


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_the_table_has_a_column_per_supervisor_and_names_who_is_left_out() -> None:
    shown = table([CLEAN, DOUBLED], {"pm2": "npm is not installed"})
    *rows, last = shown.splitlines()
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    by_name = {row[0]: row[1:] for row in cells}
    assert cells[0] == ["", "vmstui 1.0", "peer 2.0", "pm2"]
    assert len({len(row) for row in rows}) == 1
    assert by_name["CPU, % of a core"] == ["0.75", "0.75", "–"]
    assert by_name["… over one segment, which it checks"] == ["3.50", "–", "–"]
    assert by_name["one worker killed → the next runs, ms: median"] == ["50.0", "–", "–"]
    assert by_name["… 99th percentile"] == ["99.0", "–", "–"]
    assert by_name["… longest"] == ["100.0", "–", "–"]
    assert by_name["… running twice or more"] == ["0", "99", "–"]
    assert last == "pm2 is left out: npm is not installed"


def test_a_percentile_of_too_few_kills_is_not_shown() -> None:
    shown = table([replace(CLEAN, respawns=Respawns((3.0, 1.0, 2.0)))], {})
    by_name = {cells[1].strip(): cells[2].strip() for cells in (row.split("|") for row in shown.splitlines())}
    assert by_name["one worker killed → the next runs, ms: median"] == "2.0"
    assert by_name["… 95th percentile"] == by_name["… 99th percentile"] == "–"
    assert by_name["… longest"] == "3.0"


def test_kept_promises_are_not_called_broken() -> None:
    assert broken_promises(CLEAN) == []


@pytest.mark.parametrize(
    "broken",
    [
        replace(CLEAN, respawns=Respawns((*[1.0] * 98, 101.0, 101.0))),
        replace(CLEAN, respawns=Respawns((1.0,), missing=1)),
        replace(CLEAN, respawns=Respawns(())),
        replace(CLEAN, aftermath=replace(CLEAN.aftermath, untouched=99)),
        replace(CLEAN, aftermath=replace(CLEAN.aftermath, alive=101, doubled=1)),
        replace(CLEAN, aftermath=replace(CLEAN.aftermath, alive=99, lost=1)),
    ],
)
def test_a_late_a_missing_and_a_doubled_worker_break_a_promise(broken: Figures) -> None:
    assert len(broken_promises(broken)) == 1


def test_a_worker_is_known_by_its_mark_and_nobody_else_is() -> None:
    assert worker_of(b"PATH=/bin\0VMSTUI_PROCESS=0f:cam007:12\0") == "cam007"
    assert worker_of(b"VMSTUI_PROCESS=0f:relay:1\0X=VMSTUI_PROCESS=0f:cam007:12\0") == ""


def test_starts_are_read_once_and_only_whole_lines_of_them(tmp_path: Path) -> None:
    log = StartLog(tmp_path / "starts")
    assert log.read() == []
    log.path.write_text("a:cam001:1 10 5000\na:cam002:1 11 60")
    assert [start.worker for start in log.read()] == ["cam001"]
    with log.path.open("a") as stream:
        stream.write("00\na:cam001:2 12 7000\n")
    assert [(start.worker, start.at_ns) for start in log.read()] == [("cam002", 6000), ("cam001", 7000)]
    assert log.last == {"cam001": 7000, "cam002": 6000}
