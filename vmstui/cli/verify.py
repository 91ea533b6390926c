"""`vmstui verify`: looks recorded segments through again; with `--deep` it decodes every frame of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from vmstui.cli.asked import Asked, InUse, asked_range, check_camera
from vmstui.cli.footage import NOT_WELL, Refused, guard, open_catalogue, told
from vmstui.cli.storage import config_in_use
from vmstui.codec import to_json
from vmstui.ffmpeg.abilities import choose
from vmstui.ffmpeg.binary import NoUsableFfmpeg
from vmstui.ffmpeg.decode import Decoded, decode_media
from vmstui.ffmpeg.inspect import MediaInfo, inspect_media
from vmstui.model import Event
from vmstui.recorder.downtime import read_alive
from vmstui.recorder.history import EVENTS_KEPT, History
from vmstui.recording.naming import zone_of
from vmstui.recording.publish import PublishError
from vmstui.recording.verify import Looks, Surroundings, Verified, take_over, verify
from vmstui.sanitise import clean
from vmstui.settings import default_folders, load

SLOWEST = 0.05
"""Decoding is given up where it is slower than this, as a multiple of the speed at which it was recorded."""
LEAST_S = 120.0


def verify_command(config: str | None, asked: Asked, *, deep: bool, as_json: bool) -> int:
    """Print what is not good, and what is back from quarantine; exit code 1 when there is any that was not known to be
    broken before and is not good."""
    return told(lambda: _verify(config, asked, deep=deep, as_json=as_json))


def _verify(config: str | None, asked: Asked, *, deep: bool, as_json: bool) -> int:
    settings, using = load(config_in_use(config)).settings, InUse(config)
    state = Path(default_folders().state)
    try:
        ffmpeg = choose(settings.ffmpeg, state / "cache").binary.path
    except NoUsableFfmpeg as error:
        raise Refused(str(error)) from None
    since, until = asked_range(asked, using)
    alive = read_alive(state)

    def events_of(camera: str) -> tuple[Event, ...]:
        return History(state / "cameras" / camera / "events.jsonl", Event, EVENTS_KEPT).read(EVENTS_KEPT)

    downtimes = alive.downtimes if alive is not None else ()
    around = Surroundings(Path(settings.recordings), zone_of(settings.timezone), events_of, downtimes)
    counts: dict[str, int] = {}
    ill = 0
    with guard().inside(settings.recordings, settings.recordings_mount), open_catalogue(readonly=False) as catalogue:
        check_camera(asked.camera, using, catalogue)
        segments = catalogue.segments(asked.camera, since, until)
        for number, segment in enumerate(segments, 1):
            _progress(f"{number} of {len(segments)}: {segment.path}")

            def inspect(path: str) -> MediaInfo:
                return inspect_media(ffmpeg, path, LEAST_S)

            def decode(path: str, duration_s: float = segment.duration_s) -> Decoded:
                return decode_media(ffmpeg, path, LEAST_S + duration_s / SLOWEST)

            found = verify(segment, Looks(inspect, decode if deep else None))
            try:
                found = Verified(found.before, take_over(catalogue, around, found), found.error)
            except PublishError as error:
                found = Verified(segment, segment, str(error))
            word = "not looked at" if found.error else "vanished" if found.vanished else found.after.verdict.value
            if not segment.plays:
                word = (
                    "restored" if found.after.plays else "gone from quarantine" if found.vanished else "in quarantine"
                )
            counts[word] = counts.get(word, 0) + 1
            ill += segment.plays and not found.well
            if as_json:
                print(json.dumps({"segment": to_json(found.after), "was": found.before.verdict, "error": found.error}))
            elif found.after.plays > segment.plays or (segment.plays and not found.well):
                _progress("")
                told_of = found.error or found.after.reason
                print(clean(f"{word}: {found.after.path}{f': {told_of}' if told_of else ''}"))
    _progress("")
    if not as_json:
        how = "decoded" if deep else "looked through"
        print(f"{len(segments)} segments {how}: " + (", ".join(f"{n} {word}" for word, n in counts.items()) or "none"))
    return NOT_WELL if ill else 0


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{clean(text)[:100]}", end="", file=sys.stderr, flush=True)
