"""`Settings` as rows: dotted key, value to compare, value to show. Differences and `config show` are made of them.

The keys are those of the file, so that a row can be matched with the table in `keys` and with where it was written.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmstui.configured import Camera, LiveServer, OutputSettings, Profile, Secret, Settings
from vmstui.light_dataclass import dataclass
from vmstui.settings.addresses import EMBEDDED, shown_address
from vmstui.settings.problems import shown

NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Row:
    """One resolved value."""

    key: str
    """As in the file, such as `segment.length`."""
    value: object
    """To compare; may be a secret."""
    shown: str
    """To show; never a secret."""


def general_rows(settings: Settings) -> Iterator[Row]:
    """Everything but the cameras."""
    yield _text("recordings", settings.recordings)
    yield _text("recordings_mount", settings.recordings_mount)
    yield _text("timezone", settings.timezone)
    yield _text("ffmpeg", settings.ffmpeg)
    yield _number("segment.length", settings.segment_length_s, " s")
    yield _number("retention.days", settings.retention_days, "")
    yield _number("retention.max_size", settings.retention_max_bytes, " bytes")
    if settings.min_free_bytes is not None:
        yield _number("retention.min_free", settings.min_free_bytes, " bytes")
    else:
        yield _number("retention.min_free", settings.min_free_percent, "%")
    yield _number("capacity.cpu_budget", settings.cpu_budget_percent, "%")
    yield Row("dashboard.readonly", settings.readonly, "true" if settings.readonly else "false")
    yield _text("dashboard.viewers", settings.viewers)
    yield from _live(settings.live)


def camera_rows(camera: Camera) -> Iterator[Row]:
    """One camera; the keys are those below `cameras[]`."""
    yield _text("id", camera.id)
    yield _text("name", camera.name)
    yield Row("url", camera.url, shown_address(camera.url))
    yield _text("username", camera.username)
    yield _secret("password", camera.password)
    yield _text("profile", camera.profile.name)
    yield _text("transport", camera.transport)
    yield _text("restart", camera.restart.value)
    yield Row("enabled", camera.enabled, "true" if camera.enabled else "false")
    yield _number("retention.days", camera.retention_days, "")
    yield _number("retention.max_size", camera.retention_max_bytes, " bytes")


def profile_rows(profile: Profile) -> Iterator[Row]:
    """What a profile asks for; the keys are those below `profiles.NAME`."""
    yield from _output("recording", profile.recording)
    if profile.live is None:
        yield Row("live", None, NOTHING)
    else:
        yield from _output("live", profile.live)


def _live(live: LiveServer) -> Iterator[Row]:
    yield _text("live.server", live.url or EMBEDDED)
    if live.url is None:
        host = f"[{live.host}]" if ":" in live.host else live.host
        yield _text("live.listen", f"{host}:{live.port}")
    yield _text("live.username", live.username)
    yield _secret("live.password", live.password)


def _output(name: str, output: OutputSettings) -> Iterator[Row]:
    yield _text(f"{name}.codec", output.codec.value)
    yield _text(f"{name}.encoder", output.encoder.value)
    yield _text(f"{name}.size", "x".join(map(str, output.size)) if output.size else None)
    yield _number(f"{name}.bitrate", output.bitrate_bps, " bit/s")
    yield _number(f"{name}.fps", output.fps, "")


def _text(key: str, text: str | None) -> Row:
    if text is None:
        return Row(key, None, NOTHING)
    return Row(key, text, text if text.isprintable() else shown(text))


def _number(key: str, number: float | None, unit: str) -> Row:
    return Row(key, number, NOTHING if number is None else f"{number:.15g}{unit}")


def _secret(key: str, secret: Secret | None) -> Row:
    return Row(key, secret.value if secret else None, "***" if secret else NOTHING)
