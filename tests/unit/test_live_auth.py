"""Digest and Basic: the two sides agree, with each other and with the RFC; a wrong answer never passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.live.auth import (
    Challenge,
    Credentials,
    Verdict,
    answer,
    basic_challenge,
    digest_challenge,
    parse_challenges,
    verify,
)

_URL = "rtsp://camera:554/Streaming/Channels/102"
_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
_CREDENTIALS = st.builds(Credentials, _TEXT.filter(lambda name: ":" not in name), _TEXT)


def test_the_example_of_rfc_2617_gives_its_response() -> None:
    challenge = Challenge(
        "digest",
        "testrealm@host.com",
        "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "MD5",
        "auth,auth-int",
        "5ccc069c403ebaf9f0171e9517f40e41",
    )
    line = answer([challenge], Credentials("Mufasa", "Circle Of Life"), "GET", "/dir/index.html", "0a4f113b")
    assert line is not None
    assert 'response="6629fae49393a05397450978507c4ef1"' in line
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in line
    assert "qop=auth, nc=00000001" in line


@given(_CREDENTIALS, st.booleans())
def test_an_answer_to_our_own_digest_challenge_passes(credentials: Credentials, qop: bool) -> None:
    challenges = parse_challenges([digest_challenge("vmstui", "abc123", qop=qop)])
    line = answer(challenges, credentials, "DESCRIBE", _URL, "c0ffee")
    assert line is not None
    assert verify(line, credentials, "DESCRIBE", "vmstui", "abc123") is Verdict.GOOD


@given(_CREDENTIALS)
def test_an_answer_to_our_own_basic_challenge_passes(credentials: Credentials) -> None:
    line = answer(parse_challenges([basic_challenge("vmstui")]), credentials, "DESCRIBE", _URL, "")
    assert line is not None
    assert line.startswith("Basic ")
    assert verify(line, credentials, "DESCRIBE", "vmstui", "") is Verdict.GOOD


@given(_CREDENTIALS, _CREDENTIALS, st.sampled_from([digest_challenge("vmstui", "abc"), basic_challenge("vmstui")]))
def test_other_credentials_never_pass(right: Credentials, wrong: Credentials, challenge: str) -> None:
    line = answer(parse_challenges([challenge]), wrong, "DESCRIBE", _URL, "c")
    assert line is not None
    assert (verify(line, right, "DESCRIBE", "vmstui", "abc") is Verdict.GOOD) == (right == wrong)


@given(st.text(max_size=300))
def test_whatever_is_sent_as_authorization_gets_a_verdict(line: str) -> None:
    assert verify(line, Credentials("admin", "secret"), "PLAY", "vmstui", "abc") in (Verdict.MISSING, Verdict.WRONG)
    assert verify(f"Digest {line}", Credentials("admin", "secret"), "PLAY", "vmstui", "abc") is Verdict.WRONG


def test_a_right_password_over_an_old_nonce_is_stale_and_a_wrong_one_is_wrong() -> None:
    right, wrong = Credentials("admin", "secret"), Credentials("admin", "other")
    challenges = parse_challenges([digest_challenge("vmstui", "old")])
    for credentials, verdict in ((right, Verdict.STALE), (wrong, Verdict.WRONG)):
        line = answer(challenges, credentials, "PLAY", _URL, "")
        assert line is not None
        assert verify(line, right, "PLAY", "vmstui", "new") is verdict
        assert verify(line, right, "PLAY", "vmstui", "old", nonce_expired=True) is verdict


def test_an_answer_for_another_method_or_realm_does_not_pass() -> None:
    credentials = Credentials("admin", "secret")
    line = answer(parse_challenges([digest_challenge("vmstui", "abc")]), credentials, "DESCRIBE", _URL, "")
    assert line is not None
    assert verify(line, credentials, "PLAY", "vmstui", "abc") is Verdict.WRONG
    assert verify(line, credentials, "DESCRIBE", "other", "abc") is Verdict.WRONG


def test_digest_is_preferred_to_basic_wherever_it_stands() -> None:
    challenges = parse_challenges([basic_challenge("camera"), digest_challenge("camera", "abc")])
    line = answer(challenges, Credentials("admin", "secret"), "DESCRIBE", _URL, "")
    assert line is not None
    assert line.startswith("Digest ")


def test_a_camera_that_also_offers_sha_256_is_answered_with_md5() -> None:
    sha = 'Digest realm="cam", nonce="n1", algorithm=SHA-256, qop="auth"'
    line = answer(parse_challenges([sha, digest_challenge("cam", "n2")]), Credentials("a", "b"), "DESCRIBE", _URL, "")
    assert line is not None
    assert 'nonce="n2"' in line


def test_only_schemes_nobody_here_knows_get_no_answer() -> None:
    lines = [
        "Bearer x",
        'Digest realm="cam", nonce="n", algorithm=SHA-256',
        'Digest realm="c", nonce="n", qop="auth-int"',
    ]
    assert answer(parse_challenges(lines), Credentials("a", "b"), "DESCRIBE", _URL, "") is None


def test_md5_sess_signs_the_nonces_into_the_first_hash() -> None:
    challenge = Challenge("digest", "cam", "n", "MD5-sess", "auth")
    credentials = Credentials("a", "b")
    line = answer([challenge], credentials, "DESCRIBE", _URL, "c")
    assert line is not None
    assert verify(line, credentials, "DESCRIBE", "cam", "n") is Verdict.GOOD


@pytest.mark.parametrize("line", ["Digest realm=cam,nonce=n, stale=true", 'digest REALM="cam" , NONCE="n",STALE=TRUE'])
def test_sloppy_challenges_are_understood(line: str) -> None:
    (challenge,) = parse_challenges([line])
    assert (challenge.realm, challenge.nonce, challenge.stale) == ("cam", "n", True)


def test_credentials_do_not_show() -> None:
    assert "secret" not in repr(Credentials("admin", "secret"))
    assert "admin" not in repr(Credentials("admin", "secret"))
