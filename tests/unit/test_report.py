"""The report says what was measured, in a form that nothing in it can break."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.tui.fakes import MIB, NOW, log_line
from tests.unit.findings_examples import finding, page, row
from tests.unit.report_examples import (
    DAY,
    HOSTILE,
    LAYOUTS,
    POINTS,
    SINCE,
    STEP_S,
    gathered,
    ill,
    loss,
    measured,
    of_camera,
)
from vmstui.findings import Seen, Severity
from vmstui.footage_accounts import Account
from vmstui.logged import LogLevel
from vmstui.measured import Column
from vmstui.model import Event, EventKind, StabilityVerdict
from vmstui.report.charts import nice_top
from vmstui.report.contents import report
from vmstui.report.document import Section, Verdict
from vmstui.report.endurance import endurance_section, judged_runs, leak_summary
from vmstui.report.gathered import Gathered, recordings
from vmstui.report.html import html
from vmstui.report.layouts import layouts_section
from vmstui.report.markdown import COLUMNS, escaped, markdown
from vmstui.report.messages import grouped
from vmstui.report.names import signed, window
from vmstui.report.processes import command_lines
from vmstui.report.steadiness import drift, steadiness
from vmstui.sanitise import clean
from vmstui.stages import Stage
from vmstui.telemetry.leak import LeakVerdict

VOID = {"meta", "br"}
PARSED = MarkdownIt("commonmark").enable("table")


def text_of(section: Section) -> str:
    """Everything in it, as Markdown."""
    return "\n".join(markdown(replace(report(gathered()), sections=(section,)), UTC).split("\n")[1:])


def summary(of: Gathered) -> dict[str, str]:
    """The rows at the top: what, and the rest."""
    lines = markdown(report(of), UTC).split("\n")
    rows = (
        line.strip("| ").split("|", 1) for line in lines[: lines.index("## CPU usage and stability")] if "|" in line
    )
    return {what.strip(): rest.strip() for what, rest in rows}


# -- what it says -----------------------------------------------------------------------------------------------------


def test_a_day_without_trouble_is_told_in_the_first_lines() -> None:
    said = summary(gathered())
    assert said["Recording"].startswith("**✔ 2 of 2 cameras record**")
    assert said["CPU"].startswith("**✔ very stable**")
    assert "mean 46.8 % of 205 %" in said["CPU"]
    assert "**✔ 100 % of what should be** | no gap" in re.sub(" +", " ", said["Footage"])
    assert said["Segments"].startswith("**✔ 960 good**")
    assert said["Live"].startswith("**✔ 2 of 2 streams accessible**")
    assert said["Memory"].startswith("**✔ no leak: 3 processes steady**")
    assert said["Restarts"].startswith("**✔ no worker ended unasked**")


def test_the_six_samples_of_the_last_half_minute_stand_as_an_owner_writes_them() -> None:
    row = next(line for line in markdown(report(gathered()), UTC).split("\n") if line.startswith("| all together"))
    assert [cell.strip() for cell in row.strip("|").split("|")][1:] == [
        "46.7", "46.5", "46.5", "46.7", "46.8", "46.8", "46.5", "46.7", "46.8", "**✔ very stable**",
    ]  # fmt: skip


def test_the_scalability_table_is_that_of_the_hand_written_report() -> None:
    lines = markdown(report(gathered()), UTC).split("\n")
    rows = [line.strip("| ").split("|") for line in lines if re.match(r"\|\s+\d+ \|\s+\d+ % \|", line)]
    found = {int(row[0]): row[1].strip() for row in rows}
    assert [found[count] for count in range(3, 9)] == ["70 %", "94 %", "117 %", "140 %", "164 %", "187 %"]


def test_stages_add_up_to_what_the_process_took() -> None:
    lines = markdown(report(gathered()), UTC).split("\n")
    start = lines.index("## CPU breakdown by stage")
    row = next(line for line in lines[start:] if line.startswith("| Gate"))
    values = [float(cell) for cell in re.findall(r"([\d.]+) %", row)]
    assert sum(values[:-1]) == pytest.approx(values[-1])


def test_what_a_worker_spends_its_cpu_on_is_told_over_the_time_of_the_report_as_well() -> None:
    """Measured for a moment in ten minutes; in its second half it decoded twice as much."""
    day = measured("gate", lambda _: 23.4, lambda _: 122.0 * MIB)
    decode = [(4.0 if number < POINTS / 2 else 8.0) if number % 5 == 2 else None for number in range(POINTS)]
    mux = [0.5 if value is not None else None for value in decode]
    staged = tuple(
        Column(stage.column, tuple(values), tuple(values), tuple(values), sum(filter(None, values)) / 144, 720.0)
        for stage, values in ((Stage.DECODE, decode), (Stage.MUX, mux))
    )
    one = of_camera("gate", measured=replace(day, columns=(*day.columns, *staged)))
    text = markdown(report(gathered(one)), UTC)
    start = text.index("| last 24 h", text.index("## CPU breakdown by stage"))
    row = next(line for line in text[start:].split("\n") if line.startswith("| Gate"))
    assert re.sub(" +", " ", row) == "| Gate | 6.0 % | 0.5 % | 6.5 % | 12 min |"
    sparks = text[text.index("CPU of Gate by stage") :].split("\n")
    decoded = next(line.removeprefix("decode").strip() for line in sparks if line.startswith("decode"))
    assert re.fullmatch("(▄|▅)+█+", decoded), "no hole, though it was rarely measured"
    assert "CPU of Gate by stage" in html(report(gathered(one)), UTC)
    assert "CPU of Gate by stage" not in markdown(report(gathered()), UTC), "nothing is known of it over time"


def test_layouts_are_compared_with_each_other_as_the_hand_written_report_does() -> None:
    said = re.sub(" +", " ", text_of(layouts_section(LAYOUTS)))
    assert "| single | 23.4 % | 23.3–23.4 | 46.7 % | 2 |" in said
    assert "| separate, best | 40.1 % | 40.0–40.3 | 80.3 % | 4 |" in said
    assert "| 3 single | -75.2 % | -41.8 % | | x47 |" in said
    assert "One process instead of 2: -41.8 % CPU, 8 cameras instead of 5." in said
    assert "| encoders | hevc_nvenc + h264_nvenc: separate, best; single |" in said.replace("\\_", "_")


def test_without_a_bench_it_says_how_to_make_one() -> None:
    assert "`vmstui bench`" in text_of(layouts_section(None))


@pytest.mark.parametrize("data", [[], "x", 1, {"format": 1, "layouts": 3}, {"format": 2, "layouts": []}])
def test_a_bench_that_cannot_be_understood_is_told_as_that(data: object) -> None:
    assert "cannot be understood" in text_of(layouts_section(data, "/state/bench.json"))  # type: ignore[arg-type]


def test_a_gap_is_told_with_its_cause_and_an_end_with_its_reason() -> None:
    account = Account("gate", SINCE, NOW, 86_300.0, 100.0, 0.0, 2)
    gaps = [loss("gate", NOW - timedelta(hours=5), 90.0), loss("gate", NOW - timedelta(hours=4), 10.0, "no packets")]
    event = Event(NOW - timedelta(hours=5), "gate", EventKind.EXIT, "worker ended: broken pipe", measured="exit 1")
    of = gathered(of_camera("gate", recordings=recordings([], gaps, account), events=(event,)))
    said = markdown(report(of), UTC)
    assert "Lost by cause: camera 1 min 40 s." in said
    assert re.search(r"2025-10-20 02:56:00 \| +1 min 30 s \| camera +\| closed the stream", said)
    assert "worker ended: broken pipe (measured: exit 1)" in said
    assert re.sub(" +", " ", summary(of)["Restarts"]).startswith("**▲ 1 worker ended unasked**")


def test_the_newest_of_many_gaps_are_told_and_the_rest_counted() -> None:
    gaps = [loss("gate", SINCE + timedelta(minutes=number), 1.0, f"number {number}.") for number in range(100)]
    account = Account("gate", SINCE, NOW, 86_300.0, 100.0, 0.0, 100)
    said = markdown(report(gathered(of_camera("gate", recordings=recordings([], gaps, account)))), UTC)
    assert "The newest 40 of 100 gaps:" in said
    assert "number 99." in said
    assert "number 59." not in said


def test_what_could_not_be_asked_is_told_at_the_top() -> None:
    said = markdown(report(gathered(troubles=("the log: a disk that hangs",))), UTC)
    assert said.index("not whole") < said.index("## CPU")
    assert "- the log: a disk that hangs" in said


def test_a_report_over_less_than_was_asked_for_says_so() -> None:
    said = markdown(report(gathered(asked_since=SINCE - timedelta(days=6))), UTC)
    assert "Asked for were 7 d; of the time before 2025-10-19 07:56 nothing is known." in said
    assert "Asked for" not in markdown(report(gathered()), UTC)


def test_a_recorder_that_has_measured_nothing_yet_has_a_report() -> None:
    empty = of_camera(
        "gate", details=None, measured=None, recordings=recordings([], [], None), events=(), stages=None, live=None
    )
    of = gathered(empty, together=None, processes=(), capacity="no camera has been recorded for long enough")
    for text in (markdown(report(of), UTC), html(report(of), UTC)):
        assert "knows nothing of this time yet" in text
        assert "Not projected: no camera has been recorded for long enough" in text


def test_no_camera_at_all_has_a_report() -> None:
    of = replace(gathered(), cameras=(), together=None, processes=())
    assert "0 of 0 cameras record" in markdown(report(of), UTC)
    assert_well_formed(html(report(of), UTC))


# -- memory -----------------------------------------------------------------------------------------------------------


def test_a_worker_that_leaks_is_named_at_the_top_with_its_rate() -> None:
    leaking = of_camera("yard", measured=measured("yard", lambda _: 23.4, lambda n: 122e6 + 5e6 * n * STEP_S / 3600))
    of = gathered(of_camera("gate"), leaking)
    assert summary(of)["Memory"].startswith("**✖ memory leaks: Yard**")
    said = re.sub(" +", " ", text_of(endurance_section(of)))
    assert re.search(r"\| \+5\.0\d \| \+[45]\.\d\d to \+5\.\d\d \| \*\*✖ leak\*\* \|", said)
    assert "another GB in 8 d" in said


def test_each_run_of_a_worker_is_judged_by_itself() -> None:
    """It grows by five MB an hour and starts anew after sixteen hours: no growth over the day, but a leak."""
    restarted_at = SINCE + timedelta(hours=16)
    fallen = measured("gate", lambda _: 23.4, lambda n: 60e6 + 8e6 * (n * STEP_S / 3600 % 16))
    event = Event(restarted_at, "gate", EventKind.START, "worker started")
    one = of_camera("gate", measured=fallen, events=(event,))
    judged = judged_runs(gathered(replace(one, camera=replace(one.camera, started_at=restarted_at)), processes=()))
    assert [(run.judgement.verdict, run.present) for run in judged] == [
        (LeakVerdict.LEAK, False),
        (LeakVerdict.LEAK, True),
    ]
    assert leak_summary(judged) == Verdict("memory leaks: Gate", leak_summary(judged).tone)


def test_the_warm_up_of_a_run_that_began_before_the_report_does_not_count_either() -> None:
    began_at = SINCE - timedelta(minutes=4)
    one = of_camera("gate", events=(Event(began_at, "gate", EventKind.START, "worker started"),))
    (judged,) = judged_runs(gathered(replace(one, camera=replace(one.camera, started_at=began_at)), processes=()))
    assert judged.started_at == began_at
    assert judged.judgement.observed_s == pytest.approx(86_400 - 6 * 60, abs=2 * STEP_S)


def test_a_short_time_says_that_it_cannot_tell_and_which_report_can() -> None:
    young = replace(measured("gate", lambda _: 23.4, lambda n: 122e6 if n > POINTS - 10 else None))
    one = of_camera("gate", measured=young, events=())
    of = gathered(replace(one, camera=replace(one.camera, started_at=NOW - timedelta(minutes=20))), processes=())
    assert summary(of)["Memory"].startswith("**· not known yet**")
    assert "too short a run; 30 min of a run may tell" in text_of(endurance_section(of))


# -- CPU --------------------------------------------------------------------------------------------------------------


def test_one_restart_does_not_make_a_day_unsteady_but_a_wave_does() -> None:
    calm = steadiness(measured("gate", lambda n: 90.0 if n == 300 else 23.4, lambda _: None))
    wave = steadiness(measured("gate", lambda n: 20.0 + n % 20, lambda _: None))
    assert calm is not None
    assert wave is not None
    assert (calm.verdict, calm.maximum) == (StabilityVerdict.VERY_STABLE, 90.0)
    assert wave.verdict is StabilityVerdict.VARYING


def test_what_tells_of_a_part_of_its_time_only_is_no_minimum() -> None:
    found = steadiness(measured("gate", lambda n: None if n < 100 else 0.3 if n == 100 else 23.4, lambda _: None))
    assert found is not None
    assert found.minimum == 23.4


def test_cpu_that_creeps_is_told_and_cpu_that_varies_is_not() -> None:
    creeps = drift(measured("gate", lambda n: 23.4 + n / 100 + n % 5 / 10, lambda _: None))
    varies = drift(measured("gate", lambda n: 23.4 + n % 7, lambda _: None))
    assert creeps is not None
    assert varies is not None
    assert creeps.drifts
    assert creeps.trend.slope * 86_400 == pytest.approx(7.2, rel=0.05)
    assert not varies.drifts


def test_a_camera_that_was_off_for_a_while_is_no_drift() -> None:
    found = drift(measured("gate", lambda n: 0.4 if 600 < n < 640 else 23.4 - n / 5000, lambda _: None))
    assert found is not None
    assert not found.drifts


def test_nothing_measured_has_neither_steadiness_nor_drift() -> None:
    assert steadiness(None) is None
    assert drift(measured("gate", lambda _: None, lambda _: 1.0)) is None


# -- warnings ---------------------------------------------------------------------------------------------------------


def test_lines_that_differ_by_numbers_are_one_kind_and_worse_ones_come_first() -> None:
    lines = [log_line(n, f"DTS {n}, next:{n * 7}", LogLevel.WARNING, "gate" if n % 2 else "yard") for n in range(1, 10)]
    lines.append(log_line(20, "Connection refused", LogLevel.ERROR))
    first, second = grouped(lines)
    assert (first.text, first.count) == ("Connection refused", 1)
    assert (second.text, second.count, second.cameras) == ("DTS 9, next:63", 9, ("gate", "yard"))


def test_warnings_are_told_with_what_they_mean_what_they_cost_and_what_to_do() -> None:
    lost = {"cause": "Packets of the camera are lost.", "action": "Use TCP."}
    damaged = [row(finding("rtp_missed", Severity.DEGRADED, name, count=20), **lost) for name in ("gate", "yard")]
    begun = finding("started", Severity.INFO, count=500)
    before = finding("no_route", first=Seen(1, SINCE - DAY, "x"), last=Seen(2, SINCE - DAY / 2, "x"))
    unknown = row(finding("", text="blob exploded"), cause="", action="")
    found = page(*damaged, row(begun, cause="It began."), row(before, active=False, cause="No route."), unknown)
    of = gathered(findings=found, lines=(log_line(1, "missed 3 packets", LogLevel.WARNING, "gate"),))
    text = " ".join(markdown(report(of), UTC).replace("\\_", "_").split())
    section = text[text.index("## Warnings") :]
    degraded = "**▲ degraded**: it is made, but damaged, late or at risk. - 40 lines of gate, yard, 2025-10-20"
    assert degraded in section
    assert "07:54: Packets of the camera are lost. What to do: Use TCP. (rtp_missed)" in section
    assert section.index("rtp_missed") < section.index("500 lines of gate"), "the worst first, however rare"
    assert "No route." not in section, "it was over before the time of the report"
    assert "exploded" not in section[: section.index("| level")], "what nobody knows has no meaning"
    assert "| **▲ 1 kind degraded** | 1 line of 1 kind, in the log" in text
    known = page(*(replace(one, is_quiet=True) for one in damaged))
    said = " ".join(markdown(report(gathered(findings=known)), UTC).split())
    assert "acknowledged: Packets of the camera are lost." in said
    assert "kind degraded" not in said


def test_what_the_log_no_longer_holds_is_counted_by_the_history() -> None:
    one = of_camera("gate")
    assert one.measured is not None
    *rest, warnings = one.measured.columns
    many = replace(warnings, mean=tuple(0.01 for _ in warnings.mean))
    of = gathered(replace(one, measured=replace(one.measured, columns=(*rest, many))))
    assert "has counted about 864 such lines" in markdown(report(of), UTC)


# -- how it is written ------------------------------------------------------------------------------------------------


@for_all(st.lists(st.text(min_size=1).map(clean).filter(bool), min_size=1))
def test_a_command_is_shown_as_a_shell_would_take_it(argv: list[str]) -> None:
    one_line = "\n".join(command_lines(argv)).replace(" \\\n", " ")  # as a shell joins them, which shlex does not
    assert shlex.split(one_line) == argv


@for_all(st.text())
def test_any_text_is_shown_as_it_is_in_markdown(text: str) -> None:
    shown = clean(text).strip()
    (token, *_) = [token for token in PARSED.parse(f"x{escaped(text)}x") if token.type == "inline"]
    assert token.children is not None
    assert "".join(child.content for child in token.children if child.type == "text") == f"x{clean(text)}x" or not shown
    assert {child.type for child in token.children} <= {"text", "text_special"}


def test_a_command_is_on_one_line_and_is_what_is_to_be_typed() -> None:
    of = gathered(lines=(log_line(1, "x", LogLevel.WARNING, "gate"),))
    assert "`vmstui logs CAMERA --level warning`" in markdown(report(of), UTC)
    assert "\x00" not in markdown(report(ill()), UTC)


def test_hostile_texts_stay_texts_in_markdown() -> None:
    said = markdown(report(ill()), UTC)
    tokens = PARSED.parse(said)
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert "html_inline" not in kinds
    assert "html_block" not in {token.type for token in tokens}
    assert "link_open" not in kinds
    assert "image" not in kinds
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_each_row_of_a_table_has_as_many_cells_as_its_header() -> None:
    for of in (gathered(), ill()):
        header = tables = 0
        for line in markdown(report(of), UTC).split("\n"):
            if not line.startswith("|"):
                header = 0
                continue
            bars = re.sub(r"\\.", "", line).count("|")
            tables += not header
            header = header or bars
            assert bars == header, line
        assert tables >= 8


def test_paragraphs_and_commands_fit_a_terminal() -> None:
    for line in markdown(report(gathered()), UTC).split("\n"):
        assert line.startswith("|") or len(line) <= COLUMNS, line


def assert_well_formed(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


class _Page(HTMLParser):
    """Checks that tags match, and keeps what is in them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_stands_alone_and_runs_nothing() -> None:
    for of in (gathered(layouts=LAYOUTS), ill()):
        page = assert_well_formed(html(report(of), UTC))
        assert not page.tags & {"script", "img", "link", "iframe", "object", "form"}
        assert not [value for name, value in page.attributes if name in ("src", "xlink:href") or name.startswith("on")]
        assert all(value.startswith("#") for name, value in page.attributes if name == "href")
        assert "url(" not in html(report(of), UTC)


def test_hostile_texts_stay_texts_on_the_page() -> None:
    page = assert_well_formed(html(report(ill()), UTC))
    assert clean(HOSTILE) in page.text


def charts(of: Gathered) -> Iterator[ElementTree.Element]:
    for drawn in re.findall(r"<svg viewBox.*?</svg>", html(report(of), UTC), re.DOTALL):
        yield ElementTree.fromstring(drawn)


def test_charts_are_drawn_within_their_frame_and_have_a_name() -> None:
    found = list(charts(gathered()))
    assert len(found) == 5
    for chart in found:
        _, _, width, height = map(float, chart.attrib["viewBox"].split())
        assert chart.attrib["aria-label"]
        for path in chart.iter("path"):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
            assert all(-1 <= x <= width for x in numbers[::2])
            assert all(-1 <= y <= height for y in numbers[1::2])


def test_what_is_not_known_is_a_gap_in_a_line() -> None:
    holed = measured("@all", lambda n: None if 200 <= n < 300 else 46.7, lambda _: None)
    chart = next(charts(gathered(together=holed)))
    line = next(path for path in chart.iter("path") if "line c0" in path.attrib["class"])
    assert line.attrib["d"].count("M") == 2


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.7, 0.8), (1, 1), (46.7, 50), (101, 150), (999, 1000), (1201, 1500)]
)
def test_a_scale_ends_at_a_round_number(value: float, top: float) -> None:
    assert nice_top(value) == pytest.approx(top)


def test_signs_and_times_are_written_for_people() -> None:
    assert [signed(value) for value in (0.04, 0.06, -0.06, -1.25)] == ["0.0", "+0.1", "−0.1", "−1.2"]
    assert [window(seconds) for seconds in (86_400, 604_800, 1800, 90_000)] == ["24 h", "7 d", "30 min", "25 h"]
