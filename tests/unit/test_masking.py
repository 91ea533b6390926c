"""Promises of `triage.masking`: no password leaves, whatever it is made of and however it is written."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.triage.masking import Masker

SECRET = "hunter2"

# The eleven credential shapes of research/recorders.md 5.6, on which the expressions of other recorders leak.
SHAPES = {
    "plain login": "rtsp://admin:hunter2@10.0.0.5:554/Streaming/Channels/102",
    "user with a dot": "rtsp://ad.min:hunter2@10.0.0.5/stream",
    "user with an at sign": "rtsp://admin@site:hunter2@10.0.0.5/stream",
    "no user": "rtsp://:hunter2@10.0.0.5/stream",
    "at sign in the password": "rtsp://admin:hun@hunter2@10.0.0.5:554/stream",
    "slash in the password": "rtsp://admin:x/hunter2@10.0.0.5:554/stream",
    "percent-encoded password": "rtsp://admin:%68unter2@10.0.0.5:554/stream",
    "login in the query": "rtsp://10.0.0.5/stream?user=admin&password=hunter2&channel=1",
    "login in the path, as XMeye cameras have it": "rtsp://10.0.0.5:554/user=ad.min_password=hunter2_channel=1.sdp",
    "token in the query": "http://10.0.0.5/stream?token=hunter2",
    "header": 'Authorization: Digest username="admin", response="hunter2"',
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_a_login_of_each_shape_is_masked_even_where_the_password_is_unknown(text: str) -> None:
    """Exact values are the second net; here there are none."""
    line = f"[in#0/rtsp @ 0x55d0c8f0a2c0] {text}"
    masked = Masker([]).mask(line)
    overwritten = Masker([]).mask_in_place(line.encode()).decode()
    for result in (masked, overwritten):
        assert "hunter2" not in result
        assert "unter2" not in result
        assert result.startswith("[in#0/rtsp @ 0x55d0c8f0a2c0] ")
    assert "***" in masked
    assert len(overwritten) == len(line)


@pytest.mark.parametrize(
    "text",
    [
        "Opening 'rtsp://admin:x/hunter2@host' for reading",
        "http://127.0.0.1/api?src=rtsp%3A%2F%2Fadmin%3Ahunter2%40host%2Fstream",
        "{'username': 'admin', 'password': 'hunter2'}",
        '{"passwd" : "hunter2"}',
        '{"password": "secret with hunter2"}',
        "password='secret & hunter2' user=admin",
        "rtsp_password=hunter2",
        "Authorization: Bearer hunter2",
        "Password: hunter2",
        "Did you mean file:rtsp://admin:hunter2@host/stream?",
    ],
)
def test_a_login_is_masked_in_the_wordings_around_it(text: str) -> None:
    assert "hunter2" not in Masker([]).mask(text)
    assert b"hunter2" not in Masker([]).mask_in_place(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "[h264 @ 0x55d0c8f2b940] error while decoding MB 44 23, bytestream -7",
        "[rtsp @ 0x55d0c8f0a2c0] method DESCRIBE failed: 401 Unauthorized",
        "Opening 'rtsp://10.0.0.5:554/Streaming/Channels/102' for reading [tcp @ 0x55]",
        "frame= 1234 fps= 15 q=23.0 size= 1234KiB time=00:01:22.26 bitrate= 122.9kbits/s speed= 1x",
        "100% of 5%20 done",
        "",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    masker = Masker([SECRET, "p@ss wörd"])
    assert masker.mask(text) == text
    assert masker.mask_in_place(text.encode()) == text.encode()


def test_what_is_masked_still_tells_which_camera_it_was() -> None:
    assert Masker([]).mask(SHAPES["plain login"]) == "rtsp://***@10.0.0.5:554/Streaming/Channels/102"
    assert Masker([SECRET]).mask(f"login with {SECRET} at cam1") == "login with *** at cam1"


@pytest.mark.parametrize("secret", ["p@ss/w%rd?", "pässwörd", "ab c+d", "日本語パス", "50%25", "a'b\"c\\d", "$1\\g<0>"])
def test_a_known_password_is_found_raw_and_percent_encoded_in_every_way(secret: str) -> None:
    writings = {
        secret,
        quote(secret, safe=""),
        quote(secret, safe="/"),
        quote(secret, safe="!$&'()*+,;=:@"),
        quote_plus(secret),
        quote(quote(secret, safe=""), safe=""),
        "".join(f"%{byte:02X}" for byte in secret.encode()),
        "".join(f"%{byte:02x}" for byte in secret.encode()),
    }
    writings |= {re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), writing) for writing in writings}
    masker = Masker([secret])
    for writing in writings:
        line = f"before <{writing}> after"
        assert masker.mask(line) == "before <***> after"
        overwritten = masker.mask_in_place(line.encode())
        assert overwritten == b"before <" + b"*" * len(writing.encode()) + b"> after"


def test_overlapping_passwords_leave_no_rest() -> None:
    assert Masker(["abcd", "cdef", "bcd"]).mask("xabcdefx") == "x***x"


def test_a_very_short_password_does_not_shred_every_line() -> None:
    masker = Masker(["a", "12", ""])
    assert masker.mask("a camera with 12 streams") == "a camera with 12 streams"
    assert masker.mask("rtsp://admin:12@cam/12") == "rtsp://***@cam/12"


def test_overwriting_keeps_length_and_line_breaks_of_a_whole_file() -> None:
    raw = b"one\nrtsp://admin:hunter2@host/x\r\n\xff\xfe hunter2 %68unter2 \x00\nlast"
    masked = Masker([SECRET]).mask_in_place(raw)
    assert masked == b"one\nrtsp://*************@host/x\r\n\xff\xfe ******* ********* \x00\nlast"


def test_a_password_over_two_lines_keeps_its_line_break() -> None:
    assert Masker(["abc\ndef"]).mask_in_place(b"<abc\ndef>") == b"<***\n***>"


def test_hostile_lines_take_linear_time() -> None:
    """Each of these takes minutes with an expression that backtracks; the test's time limit is the assertion."""
    masker = Masker([SECRET])
    for part in ("rtsp://", "a.", "://@", "user=", "%25", "@", "password:", "%3a//", "Authorization: Basic "):
        masker.mask(part * (200_000 // len(part)))


words = st.characters(exclude_characters=" *\t\n\r\v\f", exclude_categories=["Cs"])
passwords = st.text(words, min_size=3, max_size=20)


@given(
    user=st.text(words, max_size=12),
    password=passwords,
    host=st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,10}\.)?[a-z]{1,5}\Z"),
    encode=st.sampled_from(["raw", "quoted", "slash", "lower"]),
)
def test_no_generated_url_shows_its_login(user: str, password: str, host: str, encode: str) -> None:
    written = {
        "raw": password,
        "quoted": quote(password, safe=""),
        "slash": quote(password, safe="/"),
        "lower": re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), quote(password, safe="")),
    }[encode]
    start, end = "[error] Opening rtsp://", f"@{host}/stream for reading"
    line = f"{start}{user}:{written}{end}"
    masked = Masker([]).mask(line)
    assert masked.startswith(start + "***")
    assert end.endswith(masked.removeprefix(start).replace("***", ""))
    overwritten = Masker([]).mask_in_place(line.encode())
    assert len(overwritten) == len(line.encode())
    assert overwritten.startswith(start.encode() + b"*" * len(f"{user}:{written}".encode()))


names = st.sampled_from(
    ["user", "username", "usr", "login", "pass", "password", "passwd", "pwd", "token", "access_token", "auth", "key",
     "api_key", "secret", "rtsp_password", "PASSWORD", "Token"]
)  # fmt: skip


@given(
    pairs=st.lists(st.tuples(names, passwords, st.booleans()), min_size=1, max_size=4),
    scheme=st.sampled_from(["rtsp", "rtsps", "http", "rtmp"]),
    separator=st.sampled_from(["?", "/"]),
    equals=st.sampled_from(["=", "%3D", "%3d"]),
)
def test_no_generated_url_shows_what_is_in_its_query(
    pairs: list[tuple[str, str, bool]], scheme: str, separator: str, equals: str
) -> None:
    def written(password: str, encode: bool) -> str:
        without_at = password.replace("@", "x")  # before which anything may be a login
        return quote(without_at, safe="") if encode else re.sub("[&\"']", "x", without_at)

    values = [written(password, encode) for _, password, encode in pairs]
    query = "&".join(f"{name}{equals}{value}" for (name, _, _), value in zip(pairs, values, strict=True))
    start, end = f"Opening '{scheme}://host/stream{separator}channel=1&", "&subtype=0' for reading"
    masked = Masker([]).mask(start + query + end)
    shown = "&".join(f"{name}{equals}***" for name, _, _ in pairs)
    assert masked == start + shown + end


@given(secrets=st.lists(passwords, min_size=1, max_size=4), around=st.text(max_size=20), text=st.data())
def test_no_known_password_survives_in_any_text(secrets: list[str], around: str, text: st.DataObject) -> None:
    line = around + text.draw(st.sampled_from(secrets)) + around[::-1] + quote(secrets[0]) + around
    masker = Masker(secrets)
    masked = masker.mask(line)
    assert not any(secret in masked for secret in secrets)
    overwritten = masker.mask_in_place(line.encode())
    assert len(overwritten) == len(line.encode())
    assert not any(secret.encode() in overwritten for secret in secrets)


@given(st.binary(max_size=200))
def test_any_bytes_can_be_overwritten(raw: bytes) -> None:
    masked = Masker([SECRET]).mask_in_place(raw)
    assert len(masked) == len(raw)
    assert [at for at, byte in enumerate(masked) if byte == 10] == [at for at, byte in enumerate(raw) if byte == 10]
