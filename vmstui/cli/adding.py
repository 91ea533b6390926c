"""`vmstui probe|add|edit|remove`: look at a camera, and change which are recorded.

Shows the diff of the configuration and asks before anything is written; what is done is in `camera_change`. The
dashboard starts the same commands with `--json`, the address on standard input, and shows what they tell.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from vmstui.cli import camera_change
from vmstui.cli.camera_change import Planned, Wanted
from vmstui.cli.recorder_socket import socket_path
from vmstui.cli.storage import config_in_use
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.sanitise import clean
from vmstui.settings import SettingsError
from vmstui.settings.addresses import CAMERA_ADDRESS, CameraAddress, pasted, shown_address
from vmstui.settings.problems import first_of
from vmstui.settings.rewrite import CannotWrite, ChangedMeanwhile
from vmstui.settings.values import Refused

if TYPE_CHECKING:
    from vmstui.capacity.words import Measured
    from vmstui.cli.offers import Offer
    from vmstui.configured import Profile
    from vmstui.live.client import ProbeError
    from vmstui.probed import Probed

DONE, NOT_WELL, WRONG_USE = 0, 1, 2
FOLLOW_S = 40.0
"""So long is waited for a new camera to record."""
POLL_S = 0.25
MAX_LINE = 10_000


class NoAddress(Exception):
    """There is none, or none that can be used. The text says why."""


def probe(options: Namespace) -> int:
    """Look at a camera and say what it sends. Exit code 1 where it does not."""
    from vmstui.live.probe import REMEDIES

    try:
        address = _address(options)
    except NoAddress as error:
        return _refused(options, str(error))
    found = _probed(address)
    path = config_in_use(options.config)
    if options.json:
        told: dict[str, object] = {"address": shown_address(address.url), **_suggestions(path, address, found)}
        if isinstance(found, Exception):
            told |= {"ok": False, "kind": found.kind.value, "error": str(found), "remedy": REMEDIES[found.kind]}
        else:
            told |= {"ok": True, "probed": asdict(found), "summary": found.summary}
        print(json.dumps(told))
    elif isinstance(found, Exception):
        print(_failure(found), file=sys.stderr)
    else:
        print(clean(found.summary))
        if found.server:
            print(clean(f"it calls itself {found.server}"))
    return NOT_WELL if isinstance(found, Exception) else DONE


def add(options: Namespace) -> int:
    """Record one more camera."""
    path = config_in_use(options.config)
    try:
        address = _address(options)
    except NoAddress as error:
        return _refused(options, str(error))
    wanted = _wanted(options, address)
    if not options.json and not options.no_probe:
        chosen = _looked_at(path, address, asked=options.profile)
        if chosen is None:
            return NOT_WELL
        wanted = replace(wanted, profile=chosen)
    words = ["add", "URL", *(["--name", options.name] if options.name else [])]
    return _change(options, path, words, lambda: camera_change.plan_add(path, wanted, options.recordings), follow=True)


def edit(options: Namespace) -> int:
    """Change a camera."""
    path = config_in_use(options.config)
    try:
        address = _address(options) if options.url is not None else None
    except NoAddress as error:
        return _refused(options, str(error))
    wanted = replace(_wanted(options, address), login=not options.no_login)
    if address is None and (options.username is not None or options.password):
        asked = sys.stdin.isatty() and not options.json
        password = getpass.getpass("Password at the camera: ") if asked else sys.stdin.readline(MAX_LINE).rstrip("\n")
        wanted = replace(wanted, username=options.username, password=password or None)
    words = ["edit", options.camera, *_given(options)]
    plan = lambda: camera_change.plan_edit(path, options.camera, wanted)  # noqa: E731
    return _change(options, path, words, plan, follow=True)


def remove(options: Namespace) -> int:
    """Record a camera no longer."""
    path = config_in_use(options.config)
    plan = lambda: camera_change.plan_remove(path, options.camera)  # noqa: E731
    return _change(options, path, ["remove", options.camera], plan, follow=False)


# --------------------------------------------------------------------------------------------------------------------
# A change, from its plan to what became of it
# --------------------------------------------------------------------------------------------------------------------


def _change(options: Namespace, path: str, words: Sequence[str], plan: Callable[[], Planned], *, follow: bool) -> int:
    try:
        planned = plan()
        if options.dry_run or not (options.yes or _is_asked(options)):
            return _shown(options, planned, words)
        if not options.json and not options.yes:
            _show(planned)
        if instead := camera_change.instead(path, words):
            return _refused(options, instead)
        if planned.new == planned.old:
            return _refused(options, "nothing to change: all is as asked for", DONE)
        if not options.yes and not _agreed():
            print("nothing was changed")
            return DONE
        applied = camera_change.apply(planned, options.expect)
    except SettingsError as error:
        return _refused(options, first_of(error.problems) if options.json else str(error))
    except ChangedMeanwhile as error:
        return _refused(options, str(error), NOT_WELL, changed=True)
    except (CannotWrite, RecorderError) as error:
        instead = camera_change.instead(path, words) if isinstance(error, CannotWrite) else ""
        return _refused(options, instead or str(error), NOT_WELL)
    if options.json:
        print(json.dumps({"ok": True, "camera": planned.camera, "what": planned.what, "lines": applied.lines,
                          "running": applied.running}))  # fmt: skip
        return DONE
    print(clean(f"written: {planned.path}"))
    for line in applied.lines:
        print(clean(line))
    return _followed(planned.camera) if follow and applied.running else DONE


def _shown(options: Namespace, planned: Planned, words: Sequence[str]) -> int:
    """A dry run, or nobody to ask."""
    if options.json:
        told: dict[str, object] = {"ok": True, "camera": planned.camera, "what": planned.what, "file": planned.path,
                "new_file": planned.old is None, "diff": planned.diff(), "state": planned.state,
                "password_file": planned.secret[0] if planned.secret else "", "gone": planned.obsolete,
                "effects": planned.effects,
                "instead": camera_change.instead(planned.path, words)}  # fmt: skip
        if words[0] == "edit":
            told |= {"now": camera_change.written_of(planned), "profiles": list(_profiles(planned.path))}
        print(json.dumps(told))
        return DONE
    _show(planned)
    if options.dry_run:
        return DONE
    print("nothing was written: there is no terminal to ask at, and no --yes", file=sys.stderr)
    return WRONG_USE


def _show(planned: Planned) -> None:
    print(clean(f"{planned.path}{' (new)' if planned.old is None else ''}:"))
    for line in planned.diff():
        print(clean(line))
    if planned.secret is not None:
        print(clean(f"+ {planned.secret[0]}: the password, for its owner alone"))
    if planned.obsolete:
        print(clean(f"- {planned.obsolete}: the password that nothing needs any more"))
    print(clean(planned.what))
    for line in planned.effects:
        print(clean(line))


def _is_asked(options: Namespace) -> bool:
    return not options.json and sys.stdin.isatty() and sys.stdout.isatty() and getattr(options, "url", None) != "-"


def _agreed() -> bool:
    try:
        return input("Write it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _refused(options: Namespace, text: str, code: int = WRONG_USE, *, changed: bool = False) -> int:
    if options.json:
        print(json.dumps({"ok": False, "error": clean(text), "changed": changed}))
    else:
        print("\n".join(map(clean, text.splitlines())), file=sys.stderr)
    return code


def _followed(camera: str) -> int:
    """Until it records, or for want of that says why not."""
    until_s = time.monotonic() + FOLLOW_S
    found: dict[str, object] = {}
    while time.monotonic() < until_s:
        try:
            snapshot = call(socket_path(), "snapshot")
        except RecorderLost as error:
            print(error, file=sys.stderr)
            return NOT_WELL
        cameras = snapshot.get("cameras") if isinstance(snapshot, dict) else None
        for entry in cameras if isinstance(cameras, list) else []:
            if isinstance(entry, dict) and entry.get("id") == camera:
                found = dict(entry)
        if found.get("state") == "recording" and found.get("open_segment"):
            print(clean(f"{camera}: recording, process {found.get('pid')}"))
            return DONE
        if found.get("wanted") is False:
            print(clean(f"{camera}: stopped; vmstui start {camera} records it"))
            return DONE
        time.sleep(POLL_S)
    reason = f" ({found['reason']})" if found.get("reason") else ""
    print(clean(f"{camera}: {found.get('state', 'not known')}{reason}; it is tried again: vmstui status"))
    return NOT_WELL


# --------------------------------------------------------------------------------------------------------------------
# What is asked for, and what the camera says
# --------------------------------------------------------------------------------------------------------------------


def _address(options: Namespace) -> CameraAddress:
    """That of the command line or of standard input, with a password that is asked for where one is wanted."""
    given = options.url
    if given is None and sys.stdin.isatty():
        print("The address of the camera, such as rtsp://192.0.2.10:554/Streaming/Channels/101", file=sys.stderr)
        given = getpass.getpass("Address (not shown): ")
    elif given in (None, "-"):
        given = sys.stdin.readline(MAX_LINE)
    elif "@" in given and not options.json:
        print("note: other users may have seen this address in the process list, and your shell remembers it; without "
              "one it is asked for", file=sys.stderr)  # fmt: skip
    try:
        address = pasted(given)
    except Refused as refused:
        hint = f" ({refused.hint})" if refused.hint else ""
        raise NoAddress(f"found {refused.found}{hint}, accepted {CAMERA_ADDRESS.accepted}") from None
    if options.username is not None:
        address = replace(address, username=options.username, password=None)
    if address.username and address.password is None and sys.stdin.isatty() and not options.json:
        address = replace(address, password=getpass.getpass(f"Password of {clean(address.username)}: ") or None)
    return address


def _wanted(options: Namespace, address: CameraAddress | None) -> Wanted:
    return Wanted(
        address=address,
        name=options.name,
        id=getattr(options, "id", None),
        profile=options.profile,
        transport=options.transport,
        days=options.days,
        max_size=options.max_size,
    )


def _given(options: Namespace) -> list[str]:
    """The options of `edit` that were given, but for the address."""
    named = (("--name", options.name), ("--profile", options.profile), ("--days", options.days),
             ("--max-size", options.max_size), ("--url", "URL" if options.url else None))  # fmt: skip
    return [word for option, value in named if value is not None for word in (option, value)]


def _probed(address: CameraAddress) -> Probed | ProbeError:
    import asyncio

    from vmstui.live import probe as probing
    from vmstui.live.client import ProbeError

    os.nice(10)
    try:
        return asyncio.run(probing.probe(address.url, address.username, address.password))
    except ProbeError as error:
        return error


def _looked_at(path: str, address: CameraAddress, *, asked: str | None) -> str | None:
    """The profile it gets, once a person was told what the camera sends; None: it does not answer."""
    print(clean(f"looking at {shown_address(address.url)} …"), file=sys.stderr)
    found = _probed(address)
    if isinstance(found, Exception):
        print(_failure(found), file=sys.stderr)
        print("to add it all the same: --no-probe", file=sys.stderr)
        return None
    print(clean(found.summary))
    chosen = asked
    for offer in _offers(path, found):
        chosen = chosen or (offer.name if offer.suggested else None)
        sign = "*" if offer.name == chosen else " "
        print(clean(f"{sign} profile {offer.name}: {offer.makes}; {offer.costs}"))
    return chosen or "source"


def _failure(error: ProbeError) -> str:
    from vmstui.live.probe import REMEDIES

    return clean(f"{error}: {REMEDIES[error.kind]}")


def _suggestions(path: str, address: CameraAddress, found: Probed | ProbeError) -> dict[str, object]:
    """A name that is free, and the profiles; what is wrong with the configuration instead, where something is."""
    try:
        planned = camera_change.plan_add(path, Wanted(address))
        name = camera_change.name_of(planned)
        listed = [asdict(offer) for offer in _offers(path, None if isinstance(found, Exception) else found)]
        recordings = camera_change.usual_recordings() if planned.old is None else ""
        same = camera_change.same_camera(path, address)
        return {"name": name, "profiles": listed, "same": same, "recordings": recordings}
    except (SettingsError, CannotWrite) as error:
        return {"name": "", "profiles": [], "same": [], "config": str(error)}


def _offers(path: str, found: Probed | None) -> list[Offer]:
    from vmstui.cli.offers import offers

    return offers(_profiles(path), found, _measured())


def _profiles(path: str) -> dict[str, Profile]:
    from vmstui.settings.loader import load_profiles, shipped_profiles
    from vmstui.settings.rewrite import read_file

    try:
        raw = read_file(path)
    except CannotWrite:  # which is told when it comes to writing
        raw = None
    return shipped_profiles() if raw is None else load_profiles(raw, path)


def _measured() -> Measured | None:
    """What the cameras of the recorder that runs take; None where that is not known."""
    from vmstui.capacity.words import Question
    from vmstui.cli.capacity import measured

    try:
        return measured(Question())[0]
    except RecorderError:  # none runs, among others
        return None
