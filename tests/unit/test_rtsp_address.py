"""The address of a camera as it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vmstui.live.client import ProbeError, parse_address


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
