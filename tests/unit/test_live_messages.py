"""RTSP messages: what is written is read again, in whatever pieces; what is hostile costs bounded memory."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.live.messages import (
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES,
    Frames,
    Headers,
    MessageReader,
    ProtocolError,
    Request,
    Response,
    parse_headers,
    shown,
)

_NAMES = st.sampled_from(["CSeq", "Session", "Transport", "X-Odd_name"])
_VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=40)
_HEADERS = st.lists(st.tuples(_NAMES, _VALUES.map(str.strip)), max_size=5).map(lambda items: Headers(tuple(items)))
_URLS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
_REQUESTS = st.builds(Request, st.sampled_from(["OPTIONS", "DESCRIBE"]), _URLS, _HEADERS, st.binary(max_size=200))
_RESPONSES = st.builds(Response, st.integers(100, 999), _HEADERS, st.binary(max_size=200), st.just("Some Reason"))
_FRAME = st.tuples(st.integers(0, 255), st.binary(max_size=50))


def _frame(channel: int, payload: bytes) -> bytes:
    return b"$%c" % channel + len(payload).to_bytes(2, "big") + payload


def _plain(item: Request | Response | Frames) -> list[object]:
    """A message without the length header that serialising adds; frames one by one."""
    if isinstance(item, Frames):
        starts = (0, *item.ends[:-1])
        return [item.block[start:end] for start, end in zip(starts, item.ends, strict=True)]
    headers = tuple(pair for pair in item.headers.items if pair[0] != "Content-Length")
    if isinstance(item, Request):
        return [("request", item.method, item.url, headers, item.body)]
    return [("response", item.status, item.reason, headers, item.body)]


@given(st.lists(st.one_of(_REQUESTS, _RESPONSES, _FRAME), max_size=6), st.integers(1, 60))
def test_what_is_written_is_read_again_in_whatever_pieces_it_arrives(
    items: list[Request | Response | tuple[int, bytes]], piece: int
) -> None:
    wire, expected = b"", list[object]()
    for item in items:
        if isinstance(item, tuple):
            wire += _frame(*item)
            expected.append(_frame(*item))
        else:
            wire += item.to_bytes()
            expected += _plain(item)
    reader = MessageReader()
    seen = [
        part
        for start in range(0, len(wire), piece)
        for item in reader.feed(wire[start : start + piece])
        for part in _plain(item)
    ]
    assert seen == expected


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_arbitrary_bytes_give_messages_or_a_protocol_error_and_nothing_else(pieces: list[bytes]) -> None:
    reader = MessageReader()
    with contextlib.suppress(ProtocolError):
        for piece in pieces:
            list(reader.feed(piece))


def test_endless_headers_are_refused_after_16_kib() -> None:
    reader = MessageReader()
    for _ in range(MAX_HEADER_BYTES // 1024):
        assert list(reader.feed(b"A" * 1024)) == []
    with pytest.raises(ProtocolError, match="16 KiB of headers"):
        list(reader.feed(b"A"))


def test_headers_that_arrive_whole_but_are_too_large_are_refused_too() -> None:
    message = b"OPTIONS * RTSP/1.0\r\nX: " + b"A" * MAX_HEADER_BYTES + b"\r\n\r\n"
    with pytest.raises(ProtocolError, match="16 KiB"):
        list(MessageReader().feed(message))


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "999999999", "-1", "1e3", "0x10", "٣", "99999999999999"])
def test_a_body_length_that_is_too_large_or_no_number_is_refused(length: str) -> None:
    message = f"OPTIONS * RTSP/1.0\r\nContent-Length: {length}\r\n\r\n".encode()
    with pytest.raises(ProtocolError):
        list(MessageReader().feed(message))


@pytest.mark.parametrize(
    "start_line",
    ["GET / HTTP/1.1", "RTSP/1.0 99 Odd", "RTSP/1.0 abc", "RTSP/2.0 200 OK", "DESCRIBE rtsp://a", "\x16\x03\x01"],
)
def test_other_protocols_are_named_as_not_rtsp(start_line: str) -> None:
    with pytest.raises(ProtocolError, match=r"not RTSP/1\.0"):
        list(MessageReader().feed(start_line.encode() + b"\r\n\r\n"))


def test_bare_line_feeds_and_stray_line_breaks_between_messages_are_taken() -> None:
    items = list(MessageReader().feed(b"\r\n\nRTSP/1.0 200 OK\nCSeq: 1\n\n\r\nRTSP/1.0 404 Not Found\r\n\r\n"))
    assert [item.status for item in items if isinstance(item, Response)] == [200, 404]


def test_a_folded_header_line_is_one_value_and_names_compare_without_case() -> None:
    headers = parse_headers(["WWW-Authenticate: Digest realm=a,", "\tnonce=b", "www-authenticate: Basic realm=c"])
    assert headers.get_all("WWW-AUTHENTICATE") == ("Digest realm=a, nonce=b", "Basic realm=c")
    assert headers.get("Missing") == ""


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\x00b"])
def test_text_that_would_break_out_of_its_line_is_never_sent(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        Request("OPTIONS", "*", Headers((("User-Agent", value),))).to_bytes()
    with pytest.raises(ValueError, match="line break"):
        Request("OPTIONS", value).to_bytes()


def test_consecutive_frames_stay_one_block() -> None:
    first, second = _frame(0, b"abc"), _frame(3, b"")
    assert list(MessageReader().feed(first + second + b"$\x00")) == [Frames(first + second, (7, 11))]


def test_shown_text_is_short_and_holds_nothing_that_acts_on_a_terminal() -> None:
    assert shown("a\x1b[2J\u202eb\x9b\n") == "a?[2J?b??"
    assert len(shown("x" * 1000)) == 121
