"""Promises of the triage of one camera: everything counted, graded by rate and circumstances, bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.ffmpeg.loglines import parse_line
from vmstui.findings import Finding, Origin, Severity
from vmstui.triage.findings import QUIET_S, Bounds, CameraTriage
from vmstui.triage.fold import FOLDED_CHARACTERS, fold
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.messages_file import shipped_messages
from vmstui.triage.origin import FOREIGN, WORKER, Layout, origin_of

KNOWLEDGE = Knowledge(tuple(shipped_messages().values()))
START_S = 1_760_000_040.0
"""The start of a minute."""
DAMAGED = "[h264 @ 0x55] [error] error while decoding MB 87 13, bytestream -5"
REFUSED = "[tcp @ 0x1] [error] Connection to tcp://10.0.0.2:554?timeout=10000000 failed: Connection refused"


def triage(**options: Bounds) -> CameraTriage:
    return CameraTriage(KNOWLEDGE, WORKER, "gate", **options)


def feed(one: CameraTriage, text: str, at_s: float | None = START_S, times: int = 1) -> None:
    for _ in range(times):
        one.feed(parse_line(text), at_s)


def only(one: CameraTriage, now_s: float | None = None) -> Finding:
    (finding,) = one.findings(now_s)
    return finding


def test_lines_of_one_meaning_are_one_finding_that_counts_them() -> None:
    one = triage()
    for second in range(3):
        feed(one, DAMAGED.replace("87", str(second)), START_S + second)
    finding = only(one)
    assert (finding.camera, finding.origin, finding.fingerprint) == ("gate", Origin.INPUT, "damaged_picture")
    assert (finding.count, finding.first.number, finding.last.number) == (3, 1, 3)
    assert finding.first.at is not None
    assert finding.last.at is not None
    assert (finding.last.at - finding.first.at).total_seconds() == 2
    assert (finding.level, finding.severity, finding.rate_per_min) == ("error", Severity.BENIGN, 3)


def test_what_differs_only_in_numbers_addresses_and_paths_is_one_unknown_kind() -> None:
    one = triage()
    feed(one, "[x @ 0x5] [error] Odd thing 17 at 0xdeadbeef00 of rtsp://10.0.0.1/a in /rec/a/1.mp4")
    feed(one, "[x @ 0x9] [error] Odd thing 4 at 0x1234 of rtsp://10.0.0.9/b in /rec/b/2.mp4")
    finding = only(one)
    assert (finding.message, finding.severity, finding.level, finding.count) == ("", None, "error", 2)
    assert finding.fingerprint == "Odd thing # at # of # in #"


def test_a_rate_makes_it_worse_at_the_line_that_passes_it_and_quiet_makes_it_better() -> None:
    one = triage()
    feed(one, DAMAGED, times=20)
    assert only(one, START_S).severity is Severity.BENIGN
    feed(one, DAMAGED)
    assert only(one, START_S).severity is Severity.DEGRADED
    feed(one, DAMAGED, times=180)
    assert only(one, START_S).severity is Severity.CRITICAL
    later = START_S + QUIET_S
    assert only(one, later).severity is Severity.CRITICAL, "not at once"
    assert (only(one, later + 1).severity, only(one, later + 1).worst) == (Severity.BENIGN, Severity.CRITICAL)


def test_what_lines_count_themselves_is_added_up_and_judged() -> None:
    one = triage()
    feed(one, "[rtsp @ 0x1] [warning] RTP: missed 28 packets", times=2)
    finding = only(one)
    assert (finding.count, finding.amount, finding.numbers["missed"]) == (2, 56, 28)
    assert finding.severity is Severity.DEGRADED


def test_what_goes_on_becomes_critical_and_starts_anew_after_a_pause() -> None:
    one = triage()
    feed(one, REFUSED, START_S)
    feed(one, REFUSED, START_S + 60)
    assert only(one).severity is Severity.DEGRADED
    feed(one, REFUSED, START_S + 61)
    assert only(one).severity is Severity.CRITICAL
    feed(one, REFUSED, START_S + 61 + 2 * QUIET_S)
    assert only(one).severity is Severity.DEGRADED


def test_noise_of_a_start_is_a_step_lower_and_forgotten_once_footage_is_good() -> None:
    one = triage()
    one.began(START_S)
    feed(one, DAMAGED, START_S + 15, times=300)
    assert only(one).severity is Severity.INFO
    feed(one, REFUSED, START_S + 1)
    assert {finding.fingerprint: finding.severity for finding in one.findings()} == {
        "connection_refused": Severity.DEGRADED,
        "damaged_picture": Severity.INFO,
    }, "a refused connection is no noise"
    one.segment_closed()
    assert only(one).fingerprint == "connection_refused"
    assert one.settled_lines == 300


def test_noise_that_goes_on_after_the_start_stays_when_footage_is_good() -> None:
    one = triage()
    one.began(START_S)
    feed(one, DAMAGED, START_S + 1)
    feed(one, DAMAGED, START_S + 16)
    one.segment_closed()
    assert (only(one).severity, only(one).count) == (Severity.BENIGN, 2)


def test_a_start_without_a_picture_makes_a_harmless_message_matter() -> None:
    text = "[rtsp @ 0x55] [warning] Missing PPS in sprop-parameter-sets, ignoring"
    one = triage()
    one.began(START_S, sees_frames=True)
    feed(one, text, START_S)
    assert only(one, START_S + 10).severity is Severity.INFO
    assert only(one, START_S + 16).severity is Severity.DEGRADED
    one.picture(START_S + 5)
    assert only(one, START_S + 16).severity is Severity.INFO


def test_whoever_does_not_see_pictures_claims_no_lack_of_them() -> None:
    one = triage()
    one.began(START_S)
    feed(one, "[rtsp @ 0x55] [warning] Missing PPS in sprop-parameter-sets, ignoring", START_S)
    assert only(one, START_S + 60).severity is Severity.INFO


def test_the_same_at_three_starts_in_a_row_is_worse() -> None:
    one = triage()
    text = "[rtsp @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: h264, none): unspecified size"
    for number, expected in ((1, Severity.DEGRADED), (2, Severity.DEGRADED), (3, Severity.CRITICAL)):
        one.began(START_S + 60 * number)
        feed(one, text, START_S + 60 * number)
        assert only(one).severity is expected


def test_an_end_that_was_asked_for_is_no_fault() -> None:
    text = "rtsp://x: Immediate exit requested"
    for stopping, expected in ((True, Severity.INFO), (False, Severity.CRITICAL), (None, Severity.INFO)):
        one = triage()
        one.stopping = stopping
        feed(one, text)
        assert only(one).severity is expected


def test_a_line_that_only_follows_is_told_with_what_it_follows_from() -> None:
    one = triage()
    feed(one, "[rtsp @ 0x5] [error] method DESCRIBE failed: 401 Unauthorized")
    feed(one, "[fatal] Error opening input files: Operation not permitted")
    findings = {finding.message: finding for finding in one.findings()}
    assert findings["error_chain"].follows == "rtsp_unauthorized"
    assert findings["error_chain"].severity is Severity.INFO
    alone = triage()
    feed(alone, "[fatal] Error opening input files: Operation not permitted")
    assert (only(alone).severity, only(alone).follows) == (Severity.CRITICAL, "")


def test_a_line_that_continues_another_is_no_finding_and_repetitions_count() -> None:
    one = triage()
    feed(one, "[rtsp @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: h264): unspecified size")
    feed(one, "Consider increasing the value for the 'analyzeduration' (0) and 'probesize' (5000000) options")
    assert (only(one).message, only(one).count) == ("no_codec_parameters", 1)
    feed(one, "    Last message repeated 12 times")
    assert only(one).count == 13
    alone = triage()
    feed(alone, "    Last message repeated 12 times")
    assert only(alone).message == "last_message_repeated"


def test_memory_is_bounded_and_what_is_not_kept_is_counted() -> None:
    one = triage(bounds=Bounds(unknown_kinds=5, text_characters=50, examples=2))
    for number in range(20):
        feed(one, f"[error] {'abcdefghijklmnopqrst'[number] * 3} nobody knows " + "y" * 5000)
    feed(one, DAMAGED, times=3)
    findings = one.findings()
    assert len(findings) == 6
    assert (one.not_kept, one.not_kept_errors, one.lines) == (15, 15, 23)
    assert all(len(finding.last.text) <= 50 for finding in findings)
    assert all(len(text) <= 50 for finding in findings for text in finding.examples)
    assert next(finding for finding in findings if finding.message).count == 3, "known messages are never left out"


def test_without_times_there_are_no_rates_and_no_rule_goes_by_them() -> None:
    one = triage()
    feed(one, DAMAGED, None, times=1000)
    assert (only(one).severity, only(one).rate_per_min, only(one).spark) == (Severity.BENIGN, None, ())


def test_a_clock_that_is_set_back_harms_nothing() -> None:
    one = triage()
    feed(one, DAMAGED, START_S)
    feed(one, DAMAGED, START_S - 86400)
    feed(one, DAMAGED, START_S + 1)
    assert (only(one).count, only(one).spark[-1]) == (3, 3)


def test_the_spark_has_a_figure_for_each_of_the_last_minutes() -> None:
    one = triage()
    feed(one, DAMAGED, START_S, times=2)
    feed(one, DAMAGED, START_S + 120)
    assert only(one, START_S + 180).spark[-4:] == (2, 0, 1, 0)


def test_different_wordings_of_one_message_are_kept_as_examples() -> None:
    one = triage()
    feed(one, "[hevc @ 0x1] [error] PPS id out of range: 0", times=3)
    feed(one, "[hevc @ 0x1] [error] First slice in a frame missing.")
    assert only(one).examples == ("PPS id out of range: 0", "First slice in a frame missing.")


UNAUTHORIZED = "[rtsp @ 0x5] [error] method DESCRIBE failed: 401 Unauthorized"
STARTS_OF = {
    "9.0": (
        "[rtsp @ 0x5] [error] method DESCRIBE failed: {method}",
        "[in#0 @ 0x1] [error] Impossible to open 'rtsp://***@10.0.0.2/x'",
        "[in#0 @ 0x1] [error] Error opening input: Server returned {server}",
        "[error] Error opening input file in.ffconcat.",
        "[fatal] Error opening input files: Server returned {server}",
    ),
    "5.1": (
        "[rtsp @ 0x5] [error] method DESCRIBE failed: {method}",
        "[concat @ 0x1] [error] Impossible to open 'rtsp://***@10.0.0.2/x'",
        "[error] in.ffconcat: Server returned {server}",
    ),
}
"""What a worker wrote that a camera refused, by version."""
AGAIN_401 = "[fatal] Error opening input files: Server returned 401 Unauthorized (authorization failed)"


@pytest.mark.parametrize("version", STARTS_OF)
@pytest.mark.parametrize(
    ("method", "server", "ids"),
    [
        ("401 Unauthorized", "401 Unauthorized (authorization failed)", ("rtsp_unauthorized", "server_unauthorized")),
        ("404 Not Found", "404 Not Found", ("rtsp_not_found", "server_not_found")),
        ("503 Service Unavailable", "5XX Server Error reply", ("rtsp_busy", "server_error")),
    ],
)
@pytest.mark.parametrize("times", [1, 100])
def test_a_refusal_is_one_finding_and_what_says_it_again_belongs_to_it(
    version: str, method: str, server: str, ids: tuple[str, str], times: int
) -> None:
    one = triage()
    for start in range(3):
        one.began(START_S + 60 * start)
        first, *others = (parse_line(line.format(method=method, server=server)) for line in STARTS_OF[version])
        one.feed(first, START_S + 60 * start, 0, times)
        for line in others:
            one.feed(line, START_S + 60 * start)
    found = {finding.message: finding for finding in one.findings(START_S + 121)}
    assert [finding.message for finding in found.values() if finding.is_trouble] == [ids[0]]
    again = found[ids[1]]
    assert (again.severity, again.worst, again.follows) == (Severity.INFO, Severity.INFO, ids[0])
    assert again.count == (6 if version == "9.0" else 3)


def test_what_says_something_again_becomes_no_worse_by_how_long_it_lasts() -> None:
    one = triage()
    for minute in range(10):
        one.began(START_S + 60 * minute)
        for line in STARTS_OF["5.1"]:
            text = line.format(method="503 Service Unavailable", server="5XX Server Error reply")
            one.feed(parse_line(text), START_S + 60 * minute)
    found = {finding.message: finding.severity for finding in one.findings(START_S + 541)}
    assert (found["rtsp_busy"], found["server_error"]) == (Severity.CRITICAL, Severity.INFO)


def test_what_says_something_again_stands_for_itself_where_nothing_said_it_before() -> None:
    """As of an address that begins with http, of another reason, or of an earlier start."""
    one = triage()
    one.began(START_S)
    feed(one, UNAUTHORIZED)
    one.began(START_S + 60)
    feed(one, "[rtsp @ 0x5] [error] method DESCRIBE failed: 404 Not Found", START_S + 60)
    feed(one, AGAIN_401, START_S + 60)
    by_id = {finding.message: finding for finding in one.findings(START_S + 61)}
    assert (by_id["server_unauthorized"].severity, by_id["server_unauthorized"].follows) == (Severity.CRITICAL, "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[in#0/concat @ 0x1] [error] x", Origin.INPUT),
        ("[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] x", Origin.INPUT),
        ("[h264 @ 0x1] [error] x", Origin.INPUT),
        ("[rtsp @ 0x1] [error] method DESCRIBE failed: 401", Origin.INPUT),
        ("[in#0/rtsp @ 0x1] [warning] Failed reading RTSP data: End of file", Origin.INPUT),
        ("[rtsp @ 0x1] [warning] Failed reading RTSP data: End of file", Origin.PROCESS),
        ("[out#0/segment @ 0x1] [error] x", Origin.RECORDING),
        ("[segment @ 0x1] [error] x", Origin.RECORDING),
        ("[vost#0:0/libx265 @ 0x1] [enc:libx265 @ 0x2] [error] x", Origin.RECORDING),
        ("[vf#0:0 @ 0x1] [error] x", Origin.RECORDING),
        ("[out#1/fifo @ 0x1] [error] x", Origin.LIVE),
        ("[vost#1:0/copy @ 0x1] [error] x", Origin.LIVE),
        ("[fifo @ 0x1] [error] x", Origin.LIVE),
        ("[rtsp @ 0x1] [error] method ANNOUNCE failed: 401", Origin.LIVE),
        ("[tcp @ 0x1] [error] Connection to tcp://127.0.0.1:8554?timeout=0 failed: refused", Origin.LIVE),
        ("[tcp @ 0x1] [error] Connection to tcp://10.0.0.2:554?timeout=10000000 failed: refused", Origin.INPUT),
        ("[swscaler @ 0x1] [warning] x", None),
        ("[error] x", None),
    ],
)
def test_a_line_of_a_worker_is_told_to_be_of_its_input_recording_or_live_stream(
    line: str, expected: Origin | None
) -> None:
    parsed = parse_line(line)
    assert origin_of(parsed.component, parsed.text, WORKER) is expected


def test_of_any_ffmpeg_only_what_is_certain_is_told() -> None:
    assert origin_of("out#1/rawvideo", "x", FOREIGN) is None
    assert origin_of("out#1/segment", "x", FOREIGN) is Origin.RECORDING
    assert origin_of("tcp", "Connection to tcp://a:1?timeout=0 failed: x", FOREIGN) is Origin.INPUT
    assert origin_of("libx264", "x", Layout(encoders={"libx264": Origin.LIVE})) is Origin.LIVE


@given(st.text(max_size=500))
def test_any_text_folds_to_a_bounded_one_and_folding_again_changes_nothing_more_than_once(text: str) -> None:
    folded = fold(text)
    assert len(folded) <= FOLDED_CHARACTERS
    assert fold(folded) == fold(fold(folded))


@given(st.lists(st.text(max_size=80), max_size=30), st.floats(0, 1e10))
def test_no_line_is_lost_whatever_it_holds(lines: list[str], at_s: float) -> None:
    one = CameraTriage(KNOWLEDGE, WORKER)
    for line in lines:
        one.feed(parse_line(line), at_s)
    counted = sum(finding.count for finding in one.findings(at_s)) + one.not_kept
    blank = sum(not parse_line(line).text.strip() for line in lines)
    assert one.lines == len(lines)
    assert counted == len(lines) - blank
