"""The address of a camera as it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vmstui.live.client import ProbeError, ProbeErrorKind, parse_address
from vmstui.live.probe import REMEDIES
from vmstui.settings.addresses import pasted
from vmstui.settings.values import Refused


@pytest.mark.parametrize(
    ("host", "asked_for"),
    [
        ("cam_1.example", "cam_1.example"),
        ("cam.example.", "cam.example."),
        ("käse.example", "xn--kse-qla.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]", "[2001:db8::1]"),
    ],
)
def test_a_name_is_asked_for_as_it_goes_over_the_wire(host: str, asked_for: str) -> None:
    assert parse_address(f"rtsp://{host}/x", None, None).request_url == f"rtsp://{asked_for}/x"


@pytest.mark.parametrize("host", ["a..example", ".example", "x" * 64, "ü" * 64])
def test_what_can_be_no_name_is_refused(host: str) -> None:
    with pytest.raises(ProbeError, match="its host or port is wrong"):
        parse_address(f"rtsp://{host}/x", None, None)


def test_a_plain_name_takes_no_tables_of_unicode() -> None:
    """They are 400 kB of a service that is to stay small."""
    program = (
        "import asyncio, sys\n"
        "from vmstui.live.client import ProbeError, describe\n"
        "for host in ('127.0.0.1', 'localhost'):\n"
        "    try:\n"
        "        asyncio.run(describe(f'rtsp://{host}:1/x', None, None, 5.0))\n"
        "    except ProbeError as error:\n"
        "        print(error)\n"
        "print('stringprep' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    refused = [f"{host}:1 refused the connection: nothing listens there" for host in ("127.0.0.1", "localhost")]
    assert done.stdout.splitlines() == [*refused, "False"]


@pytest.mark.parametrize(
    ("text", "url", "login"),
    [
        ("  rtsp://h.example/1\n", "rtsp://h.example/1", (None, None)),
        ("rtsp://admin:p%40ss@192.0.2.1/1", "rtsp://192.0.2.1/1", ("admin", "p@ss")),
        ("rtsp://admin:p@ss/w#rd?@192.0.2.1:554/a?b=c", "rtsp://192.0.2.1:554/a?b=c", ("admin", "p@ss/w#rd?")),
        ("rtsp://admin:100%sure@cam.local/x", "rtsp://cam.local/x", ("admin", "100%sure")),
        ("rtsp://admin:pw@192.0.2.1/live@1.sdp", "rtsp://192.0.2.1/live@1.sdp", ("admin", "pw")),
        ("rtsps://u:a:b@[2001:db8::1]/x", "rtsps://[2001:db8::1]/x", ("u", "a:b")),
        ("RTSP://admin@lobby/x", "rtsp://lobby/x", ("admin", None)),
    ],
)
def test_a_pasted_address_is_taken_apart_whatever_is_in_its_password(
    text: str, url: str, login: tuple[str | None, str | None]
) -> None:
    address = pasted(text)
    assert (address.url, address.username, address.password) == (url, *login)
    assert not login[1] or login[1] not in repr(address)


@pytest.mark.parametrize(
    "text", ["", "192.0.2.1", "http://192.0.2.1/", "rtsp://", "rtsp://a b/c", "rtsp://u:p\x1b@h/1"]
)
def test_what_is_no_address_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(Refused) as refused:
        pasted(text)
    assert not text or text not in refused.value.found


def test_whatever_a_probe_fails_of_is_told_with_what_to_look_at() -> None:
    assert REMEDIES.keys() == set(ProbeErrorKind)
