"""Promises of what leaves this machine in a bundle: no password in any writing, no text that a terminal acts upon."""

from __future__ import annotations

import base64
import html
import io
import json
import shlex
import tarfile
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from vmstui.cli.bundle_archive import MANIFEST, Members
from vmstui.cli.bundle_machine import environment, unit_text
from vmstui.cli.bundle_masking import Hider, secret_variables
from vmstui.codec import Json

AT = datetime(2025, 10, 20, 7, 54, 59, tzinfo=UTC)
USER = "operator1"
"""With a colon it is no multiple of three bytes: base64 of a login does not hold that of its password."""
NASTY = ("p@ss wörd/1", "ü'\"\\", "a'b\"c\\d", "50%25&<x>", "日本語パス", "$(reboot)`x`", "x: {y}", "!?*~|;#")
passwords = st.text(
    st.characters(exclude_characters="*", exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=4, max_size=20
).filter(lambda text: text.strip() == text and text.isprintable())


def written(secret: str, user: str = USER) -> dict[str, str]:
    """A password as programs write it down."""
    login = f"{user}:{secret}".encode()
    return {
        "raw": secret,
        "percent": quote(secret, safe=""),
        "percent twice": quote(quote(secret, safe=""), safe=""),
        "form": quote_plus(secret),
        "every byte": "".join(f"%{byte:02x}" for byte in secret.encode()),
        "json": json.dumps(secret),
        "json utf-8": json.dumps(secret, ensure_ascii=False),
        "python": repr(secret),
        "python ascii": ascii(secret),
        "shell": shlex.quote(secret),
        "html": html.escape(secret),
        "yaml": yaml.safe_dump(secret, default_style="'", allow_unicode=True, width=1000),
        "base64": base64.b64encode(secret.encode()).decode(),
        "basic": base64.b64encode(login).decode(),
        "basic of another": base64.b64encode(f"ab{secret}cd".encode()).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(b"abc" + login).decode(),
        "control characters in it": "\x1b[0m".join((secret[:2], secret[2:])),
    }


@pytest.mark.parametrize("secret", NASTY)
def test_a_known_password_is_hidden_in_every_writing(secret: str) -> None:
    hider = Hider([secret])
    for writing, text in written(secret).items():
        hidden = hider.text(f"before <{text}> after")
        assert text.strip() not in hidden, writing
        assert secret not in hidden, writing
        assert "***" in hidden, writing
        assert hidden.startswith("before <"), writing
        assert hidden.endswith(" after"), writing


@given(secret=passwords, other=passwords)
@example(secret="&amp;", other="''''")
def test_no_generated_password_survives_in_any_writing(secret: str, other: str) -> None:
    hider = Hider([secret, other])
    for text in written(secret).values():
        hidden = hider.text(f"<{text}>\n<{other}>")
        assert secret not in hidden
        assert other not in hidden


def test_data_keeps_its_form_and_fields_are_hidden_by_their_names() -> None:
    hider = Hider(["hunter2"])
    data: Json = {
        "key": "exit:refused", "username": "admin", "password": "unknown one", "note": ["rtsp://a:b@h/x", 3, None],
        "secret": True, "hunter2": "x",
    }  # fmt: skip
    assert hider.data(data) == {
        "key": "exit:refused", "username": "*** (set)", "password": "***", "note": ["rtsp://***@h/x", 3, None],
        "secret": True, "***": "x",
    }  # fmt: skip


def test_variables_are_taken_for_passwords_by_their_names() -> None:
    given = {"API_TOKEN": "abcdef", "DB_PASS": "1", "PWD": "/home/x/y", "OLDPWD": "/home/z/y", "PASSWORD_FILE": "/etc",
             "HOME": "/root/x", "AWS_SECRET_ACCESS_KEY": "s3cret!"}  # fmt: skip
    assert set(secret_variables(given)) == {"abcdef", "s3cret!"}


def test_of_the_environment_only_variables_that_matter_are_told() -> None:
    told = environment({"TERM": "xterm", "LC_ALL": "C", "VMSTUI_CONFIG": "/x", "VMSTUI_GATE": "pw", "GATE": "pw"})
    assert told == "LC_ALL=C\nTERM=xterm\nVMSTUI_CONFIG=/x\n(2 more, which are not told)"


def test_of_a_unit_values_of_other_variables_are_hidden() -> None:
    unit = """[Service]
Environment="VMSTUI_STATE=/srv/a b" GATE_PASSWORD=hunter2
Environment='BROKEN=hunter2
  Environment = OTHER=hunter2
SetCredential=gate:hunter2
ExecStart=/usr/bin/vmstui up --foreground
"""
    told = unit_text(unit)
    assert "hunter2" not in told
    assert "Environment='VMSTUI_STATE=/srv/a b' GATE_PASSWORD=***" in told
    assert "ExecStart=/usr/bin/vmstui up --foreground" in told


# -- the archive ------------------------------------------------------------------------------------------------------


def unpacked(packed: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = archive.getmembers()
        assert all(member.isreg() and member.mode == 0o600 and not member.uname for member in members)
        read = {member.name: archive.extractfile(member) for member in members}
        return {name: stream.read().decode() for name, stream in read.items() if stream is not None}


def test_files_come_in_an_order_that_does_not_change_and_the_manifest_first() -> None:
    orders = []
    for names in (("b", "a/z", "c"), ("c", "b", "a/z")):
        members = Members(Hider([]))
        for name in names:
            members.add(name, "about it", f"text of {name}")
        packed = members.packed("folder", AT, "head")
        orders.append((list(unpacked(packed)), packed[10:]))
    assert orders[0] == orders[1]
    assert orders[0][0] == [f"folder/{name}" for name in (MANIFEST, "a/z", "b", "c")]


def test_the_manifest_says_what_is_in_it_what_is_missing_and_which_addresses() -> None:
    members = Members(Hider(["hunter2"]))
    members.add("log", "what was said", "rtsp://admin:hunter2@camera1.example:554/x from 10.0.0.5, version 1.2.3.400")
    members.add("empty", "nothing", "")
    members.lacks("status", "no recorder answers")
    files = unpacked(members.packed("f", AT, "head"))
    manifest = files[f"f/{MANIFEST}"]
    assert files["f/log"] == "rtsp://***@camera1.example:554/x from 10.0.0.5, version 1.2.3.400\n"
    assert "f/empty" not in files
    assert "log: what was said" in manifest
    assert "status: no recorder answers" in manifest
    assert "10.0.0.5, camera1.example" in manifest
    assert "1.2.3.400" not in manifest
    assert "1 password by value" in manifest


def test_what_is_too_much_is_cut_at_its_beginning_in_whole_lines_and_it_says_so() -> None:
    members = Members(Hider(["hunter2"]), room=1000)
    members.add("log", "lines", "\n".join(f"line {number:04} hunter2" for number in range(100)), 400)
    members.add_data("data", "left out", ["x" * 2000])
    members.add("rest", "fits", "y" * 500)
    members.add("none", "does not fit", "z" * 5000)
    files = unpacked(members.packed("f", AT, "head"))
    lines = files["f/log"].splitlines()
    assert lines[-1] == "line 0099 ***"
    assert lines[0].startswith("line ")
    assert sum(len(text) for name, text in files.items() if name != f"f/{MANIFEST}") <= 1000
    assert set(files) == {f"f/{name}" for name in (MANIFEST, "log", "rest")}
    manifest = files[f"f/{MANIFEST}"]
    assert "log: its newest 3" in manifest
    for name in ("data", "none"):
        assert f"\n  {name}: " in manifest
    assert "more than there is room for" in manifest


def test_nothing_in_it_acts_upon_a_terminal() -> None:
    members = Members(Hider([]))
    hostile = "\x1b]52;c;aGk=\x07\u202eevil\x00\x9b2J\r"
    members.add("text", hostile, f"one {hostile}\ntwo {hostile}")
    members.add_data("data", "about", {hostile: hostile})
    members.lacks(hostile, hostile)
    shown = "".join(unpacked(members.packed("f", AT, hostile)).values())
    assert "evil" in shown
    assert (set(shown) - {"\n"}) & {chr(code) for code in (*range(32), *range(127, 160), 0x202E)} == set()
