"""The history of samples on a real disk: what is kept, for how long, in how much room, and what it survives."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmstui.measured import Measured
from vmstui.telemetry import history, history_file
from vmstui.telemetry.history import History
from vmstui.telemetry.history_ask import ask, cpu_past, subjects
from vmstui.telemetry.history_file import FILE_NAME, HistoryError
from vmstui.telemetry.history_rows import Points, Quantity

CPU = Quantity("cpu_percent")
BEGUN_S = 1_760_000_400.0
"""The beginning of an hour."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def store(path: Path) -> Iterator[History]:
    with_path = History(path)
    yield with_path
    with_path.close()


def minute(store: History, at_s: float, value: float = 10.0, names: tuple[str, ...] = ("gate",)) -> None:
    """A minute of samples that begins then."""
    batch = [(name, (CPU,), Points.of_samples([at_s + n for n in range(60)], [[value] * 60])) for name in names]
    store.add(batch, at_s + 60, lambda: None)


def fill(store: History, minutes: int, names: tuple[str, ...] = ("gate",)) -> float:
    """So many minutes from `BEGUN_S` on, of which each tells its number; gives the end."""
    for number in range(minutes):
        minute(store, BEGUN_S + 60 * number, float(number), names)
    return BEGUN_S + 60 * minutes


def means(found: Measured) -> tuple[float | None, ...]:
    column = found.column("cpu_percent")
    return column.mean if column is not None else ()


def test_each_tier_answers_the_same_question_alike(store: History, path: Path) -> None:
    end_s = fill(store, 130)
    for tier_s, width in ((1, 600), (10, 60), (60, 10)):
        found = ask(path, "gate", end_s - 600, end_s, end_s, width)
        assert (found.tier_s, found.step_s) == (tier_s, tier_s)
        per_minute = means(found)[:: 60 // tier_s]
        assert per_minute == tuple(float(number) for number in range(120, 130))
        assert None not in means(found)
        assert found.overlaps == ()


def test_what_is_older_than_an_hour_is_known_to_ten_seconds(store: History, path: Path) -> None:
    end_s = fill(store, 200)
    found = ask(path, "gate", BEGUN_S, BEGUN_S + 600, end_s, 600)
    assert (found.tier_s, len(means(found))) == (10, 60)
    assert means(found)[::6] == tuple(float(number) for number in range(10))
    with sqlite3.connect(path) as raw:
        (fine,) = raw.execute("SELECT sum(count) FROM chunks WHERE tier_s = 1").fetchone()
    assert 3600 <= fine <= 3600 + 1200


def test_a_day_is_known_to_ten_seconds_and_more_to_a_minute(store: History, path: Path) -> None:
    end_s = fill(store, 28 * 60)
    found = ask(path, "gate", end_s - 86000, end_s - 85400, end_s, 60)
    assert found.tier_s == 10
    assert None not in means(found)
    found = ask(path, "gate", BEGUN_S, BEGUN_S + 600, end_s, 60)
    assert found.tier_s == 60
    assert means(found) == tuple(float(number) for number in range(10))
    assert found.oldest_at is not None
    assert found.oldest_at.timestamp() == BEGUN_S
    with sqlite3.connect(path) as raw:
        (middle,) = raw.execute("SELECT sum(count) FROM chunks WHERE tier_s = 10").fetchone()
    assert 8640 <= middle <= 8640 + 360 + 120


def test_thirty_days_are_kept_and_no_more(store: History, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(history._KEPT, 60, 3 * 60)
    end_s = fill(store, 9 * 60)
    with sqlite3.connect(path) as raw:
        (coarse,) = raw.execute("SELECT sum(count) FROM chunks WHERE tier_s = 60").fetchone()
    assert 180 <= coarse <= 180 + 61
    assert means(ask(path, "gate", end_s - 7200, end_s - 7140, end_s, 1)) == (float(9 * 60 - 120),)


def test_a_clock_put_back_overwrites_nothing_and_is_told(store: History, path: Path) -> None:
    fill(store, 10)
    for number in range(10):  # the clock was put back by eight minutes
        minute(store, BEGUN_S + 120 + 60 * number, 100.0)
    end_s = BEGUN_S + 720
    found = ask(path, "gate", BEGUN_S, end_s, end_s, 720)
    assert [(one.since.timestamp(), one.until.timestamp()) for one in found.overlaps] == [
        (BEGUN_S + 120, BEGUN_S + 600)
    ]
    column = found.column("cpu_percent")
    assert column is not None
    assert (column.minimum[150], column.maximum[150]) == (2.0, 100.0)


def test_a_clock_put_forward_by_a_year_deletes_nothing(store: History, path: Path) -> None:
    fill(store, 90)
    later_s = BEGUN_S + 365 * 86400
    for number in range(30):
        minute(store, later_s + 60 * number, 50.0)
    found = ask(path, "gate", BEGUN_S, BEGUN_S + 5400, later_s + 1800, 90)
    assert means(found) == tuple(float(number) for number in range(90))
    assert means(ask(path, "gate", later_s, later_s + 1800, later_s + 1800, 30)) == (50.0,) * 30


def test_the_next_service_goes_on_where_one_was_killed(path: Path) -> None:
    """Killed in the middle of writing: the minutes before are all there, and what comes after is put to them."""
    script = (
        "import sys, pathlib\n"
        "from tests.unit.test_history_store import minute, BEGUN_S, History\n"
        "store = History(pathlib.Path(sys.argv[1]))\n"
        "for number in range(10**6):\n"
        "    minute(store, BEGUN_S + 60 * number, float(number))\n"
        "    print(number, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(75):
            written = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        written += len(writer.stdout.read().splitlines())
    store = History(path)
    for number in range(written + 2, written + 90):
        minute(store, BEGUN_S + 60 * number, float(number))
    end_s = BEGUN_S + 60 * (written + 90)
    found = means(ask(path, "gate", BEGUN_S, end_s, end_s, written + 90))
    store.close()
    unsure = written + 1
    assert found[:unsure] == tuple(pytest.approx(number, rel=1e-3) for number in range(unsure))
    assert found[unsure + 1 :] == tuple(pytest.approx(number, rel=1e-3) for number in range(unsure + 1, written + 90))


def test_it_may_be_deleted_at_any_time(store: History, path: Path) -> None:
    fill(store, 3)
    path.unlink()
    minute(store, BEGUN_S + 600, 7.0)
    assert means(ask(path, "gate", BEGUN_S, BEGUN_S + 660, BEGUN_S + 660, 11)) == (None,) * 10 + (7.0,)


@pytest.mark.parametrize("damage", ["garbage", "truncated", "foreign"])
def test_a_damaged_one_is_put_aside_and_another_begun(path: Path, damage: str) -> None:
    store = History(path)
    fill(store, 30)
    store.close()
    if damage == "garbage":
        path.write_bytes(os.urandom(50_000))
    elif damage == "truncated":
        os.truncate(path, 5000)
    else:
        path.unlink()
        with sqlite3.connect(path) as raw:
            raw.execute("CREATE TABLE somebody (elses INTEGER)")
    store = History(path)
    try:
        for number in range(30, 50):
            with_trouble = None
            try:
                minute(store, BEGUN_S + 60 * number, 3.0)
            except HistoryError as error:
                with_trouble = error
        assert with_trouble is None
        assert "put aside" in store.news
    finally:
        store.close()
    assert path.with_name(f"{FILE_NAME}.corrupt").exists()
    found = ask(path, "gate", BEGUN_S + 45 * 60, BEGUN_S + 50 * 60, BEGUN_S + 50 * 60, 5)
    assert means(found) == (3.0,) * 5


def test_damage_within_is_found_when_it_is_come_upon(path: Path) -> None:
    store = History(path)
    fill(store, 60)
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096 * 6)
        file.write(os.urandom(size - 4096 * 7))
    store = History(path)
    troubles = 0
    for number in range(60, 90):
        try:
            minute(store, BEGUN_S + 60 * number, 3.0)
        except HistoryError:
            troubles += 1
    store.close()
    assert troubles <= 2
    end_s = BEGUN_S + 90 * 60
    assert means(ask(path, "gate", end_s - 300, end_s, end_s, 5)) == (3.0,) * 5


def test_another_version_is_kept_and_found_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an upgrade and its roll-back have it."""
    old = History(path)
    fill(old, 2)
    old.close()
    monkeypatch.setattr(history_file, "SCHEMA_VERSION", 2)
    new = History(path)
    minute(new, BEGUN_S + 600, 7.0)
    new.close()
    assert "version 1" in new.news
    monkeypatch.setattr(history_file, "SCHEMA_VERSION", 1)
    back = History(path)
    minute(back, BEGUN_S + 120, 2.0)
    back.close()
    assert means(ask(path, "gate", BEGUN_S, BEGUN_S + 180, BEGUN_S + 180, 3)) == (0.0, 1.0, 2.0)


def test_a_question_to_another_version_is_refused_in_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = History(path)
    fill(store, 1)
    store.close()
    monkeypatch.setattr(history_file, "SCHEMA_VERSION", 2)
    with pytest.raises(HistoryError, match="another version"):
        ask(path, "gate", BEGUN_S, BEGUN_S + 60, BEGUN_S + 60, 10)


def test_the_oldest_goes_where_there_would_be_too_much(
    store: History, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 300_000
    monkeypatch.setattr(history, "LEAST_BYTES", most)
    monkeypatch.setattr(history, "SUBJECT_BYTES", 0)
    monkeypatch.setattr(history, "_FEW", 20)
    names = tuple(f"camera{number}" for number in range(20))
    largest, number = 0, 0
    for number in range(90):
        minute(store, BEGUN_S + 60 * number, float(number), names)
        largest = max(largest, path.stat().st_size)
    assert largest < 1.3 * most
    end_s = BEGUN_S + 60 * (number + 1)
    assert means(ask(path, "camera3", end_s - 300, end_s, end_s, 5)) == tuple(map(float, range(85, 90)))
    assert means(ask(path, "camera3", BEGUN_S, BEGUN_S + 300, end_s, 5)) == ()


def test_a_disk_that_is_nearly_full_is_left_alone(store: History, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "FREE_BYTES", 2**62)
    with pytest.raises(HistoryError, match="no history of samples"):
        fill(store, 1)
    assert not path.exists()
    monkeypatch.setattr(history, "FREE_BYTES", 0)
    minute(store, BEGUN_S)
    assert means(ask(path, "gate", BEGUN_S, BEGUN_S + 60, BEGUN_S + 60, 1)) == (10.0,)


def test_a_batch_that_fails_is_lost_as_a_whole_and_the_next_is_written(store: History, path: Path) -> None:
    fill(store, 1)
    good = ("gate", (CPU,), Points.of_samples([BEGUN_S + 60], [[1.0]]))
    broken = ("yard", (CPU, CPU), Points.of_samples([BEGUN_S + 60], [[1.0]]))
    with pytest.raises(ValueError, match="zip"):
        store.add([good, broken], BEGUN_S + 61, lambda: None)
    minute(store, BEGUN_S + 120, 5.0, ("yard",))
    end_s = BEGUN_S + 180
    assert means(ask(path, "gate", BEGUN_S, end_s, end_s, 3)) == (0.0, None, None)
    assert means(ask(path, "yard", BEGUN_S, end_s, end_s, 3)) == (None, None, 5.0)


def test_who_reads_sees_whole_minutes_while_somebody_writes(store: History, path: Path) -> None:
    fill(store, 1)
    seen: list[tuple[float | None, ...]] = []
    batch = [
        (name, (CPU,), Points.of_samples([BEGUN_S + 60 + n for n in range(60)], [[1.0] * 60]))
        for name in ("gate", "yard")
    ]

    def look() -> None:
        seen.append(means(ask(path, "gate", BEGUN_S, BEGUN_S + 120, BEGUN_S + 120, 2)))

    store.add(batch, BEGUN_S + 120, look)
    assert seen == [(0.0, None), (0.0, None)]
    look()
    assert seen[-1] == (0.0, 1.0)
    assert subjects(path) == ("gate", "yard")


def test_without_a_file_nothing_was_measured_yet(path: Path) -> None:
    with pytest.raises(HistoryError, match="nothing was measured yet"):
        ask(path, "gate", time.time() - 60, time.time(), time.time(), 10)


def test_the_cpu_of_all_that_is_measured_is_told_at_once(store: History, path: Path) -> None:
    end_s = fill(store, 20, ("gate", "yard", "@relay"))
    found = cpu_past(path, end_s - 900, end_s, 10)
    assert (found.until.timestamp(), found.step_s, set(found.percents)) == (end_s, 10, {"gate", "yard", "@relay"})
    whole = ask(path, "gate", end_s - 900, end_s, end_s, 90).column("cpu_percent")
    assert whole is not None
    known = [mean for mean in found.percents["gate"] if mean is not None]
    assert len(known) == len(found.percents["gate"]) == 90
    assert known == pytest.approx(whole.mean[-90:], rel=0.01)


def test_cpu_of_a_time_that_nobody_measured_is_unknown(store: History, path: Path) -> None:
    end_s = fill(store, 2)
    later = cpu_past(path, end_s - 60, end_s + 60, 10).percents["gate"]
    assert [mean is None for mean in later] == [False] * 6 + [True] * 6
    assert cpu_past(path, end_s + 3600, end_s + 4500, 10).percents == {}


def test_without_a_file_no_cpu_is_known(tmp_path: Path) -> None:
    assert cpu_past(tmp_path / "samples.sqlite3", 0.0, 900.0, 10).percents == {}
