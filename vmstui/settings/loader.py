"""A configuration file to `model.Settings`, or to all its errors at once.

`load` is the one way in: the service, `config check` and tests call it. What keys exist and what they accept is the
table in `keys`; this file gives them their place in `Settings` and checks what concerns several keys or cameras.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import field

from vmstui.configured import (
    Camera,
    Encoder,
    LiveServer,
    OutputSettings,
    Profile,
    RestartMode,
    Secret,
    Settings,
    VideoCodec,
)
from vmstui.light_dataclass import dataclass
from vmstui.resources import config_folder
from vmstui.settings import keys
from vmstui.settings.addresses import EMBEDDED, is_loopback
from vmstui.settings.document import MAX_FILE_BYTES, read_document
from vmstui.settings.errors import SettingsError
from vmstui.settings.folders import find_path
from vmstui.settings.names import camera_folder
from vmstui.settings.problems import WHOLE_FILE, Place, Problem, Report, nearest, shown
from vmstui.settings.reader import DEFAULT, Context, SectionReader
from vmstui.settings.values import MinFree, Refused

SHIPPED_PROFILES = "profiles.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A usable configuration."""

    settings: Settings
    warnings: tuple[Problem, ...]
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each value came from, by dotted key such as `cameras[0].url`: `FILE:LINE` or `default`."""
    digest: str = ""
    """Of the file as it was read, and of the passwords: what they mean is left to a version, this is the same to all.
    No password can be read from it."""


def load(path: str | None = None) -> Loaded:
    """Read and check the configuration; None takes the file that `folders.find_path` finds.

    Raises `SettingsError` with every error.
    """
    loaded, report, _ = _load(find_path(path))
    report.raise_errors()
    assert loaded is not None
    return loaded


def load_secrets(path: str | None = None) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """The passwords that can be read, for masking by exact value, and the errors, behind which there may be more."""
    try:
        _, report, secrets = _load(find_path(path))
    except SettingsError as error:
        return (), error.problems
    return tuple(sorted(set(secrets))), tuple(report.errors)


def load_text(raw: bytes, file: str) -> tuple[Loaded | None, tuple[Problem, ...]]:
    """What a file would be loaded as if it held that, as far as it can be used, and its errors."""
    loaded, report, _ = _understood(raw, file)
    return loaded, tuple(report.errors)


def load_profiles(raw: bytes, file: str) -> dict[str, Profile]:
    """All profiles that a camera of that file may have: those that come with vmstui, and its own."""
    report, shipped = Report(file), shipped_profiles()
    context = Context(report, os.path.dirname(os.path.abspath(file)))
    node = read_document(raw, report)
    return shipped | _profiles(SectionReader(keys.ROOT, node, "", Place(1, 1), context), context, shipped)


def _load(file: str) -> tuple[Loaded | None, Report, list[str]]:
    """What is loaded counts where the report has no errors; the passwords count in any case."""
    report = Report(file)
    return _understood(_read(file, report), file)


def _understood(raw: bytes, file: str) -> tuple[Loaded | None, Report, list[str]]:
    report = Report(file)
    node = read_document(raw, report)
    if node is None and report.errors:
        return None, report, []
    context = Context(report, os.path.dirname(os.path.abspath(file)))
    settings = _settings(SectionReader(keys.ROOT, node, "", Place(1, 1), context), file, context)
    return Loaded(settings, tuple(report.warnings), context.origins, _digest(raw, settings)), report, context.secrets


def shipped_profiles() -> dict[str, Profile]:
    """The profiles that come with vmstui, by name."""
    path = config_folder() / SHIPPED_PROFILES
    report = Report(str(path))
    context = Context(report, str(path.parent))
    root = keys.Section("", "", (keys.PROFILES,))
    node = read_document(path.read_bytes(), report)
    profiles = _profiles(SectionReader(root, node, "", Place(1, 1), context), context, {})
    report.raise_errors()
    return profiles


def _read(file: str, report: Report) -> bytes:
    try:
        with open(file, "rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        found = error.strerror if isinstance(error, OSError) and error.strerror else "no usable path"
        accepted = "a configuration file (`vmstui add` makes one, `vmstui config example` prints one;"
        accepted += " --config or $VMSTUI_CONFIG name another)"
        report.error(WHOLE_FILE, "", found.lower(), accepted)
        raise SettingsError(report.errors) from None


def _digest(raw: bytes, settings: Settings) -> str:
    digest = hashlib.sha256(raw)
    for secret in (*(camera.password for camera in settings.cameras), settings.live.password):
        digest.update(b"\0" if secret is None else b"\1" + secret.value.encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()[:16]


# In the functions below, what follows `or` stands in for values with errors: `load` raises before anybody sees it.


def _settings(root: SectionReader, file: str, context: Context) -> Settings:
    report = context.report
    recordings = root.value(keys.RECORDINGS)
    mount = root.value(keys.RECORDINGS_MOUNT)
    if mount and recordings and os.path.commonpath((mount, recordings)) != mount:
        place = root.place_of(keys.RECORDINGS_MOUNT.name)
        report.error(place, keys.RECORDINGS_MOUNT.name, shown(mount), f"a folder above recordings ({recordings})")
    retention = root.section(keys.RETENTION)
    dashboard = root.section(keys.DASHBOARD)
    min_free = retention.value(keys.MIN_FREE_KEY) or MinFree()
    shipped = shipped_profiles()
    profiles = shipped | _profiles(root, context, shipped)
    return Settings(
        path=os.path.abspath(file),
        recordings=recordings or "",
        cameras=_cameras(root, profiles, context),
        recordings_mount=mount,
        segment_length_s=root.section(keys.SEGMENT).value(keys.SEGMENT_LENGTH) or 0,
        timezone=root.value(keys.TIMEZONE_KEY) or "",
        retention_days=retention.value(keys.RETENTION_DAYS),
        retention_max_bytes=retention.value(keys.RETENTION_MAX_SIZE),
        min_free_bytes=min_free.size_bytes,
        min_free_percent=min_free.percent,
        cpu_budget_percent=root.section(keys.CAPACITY).value(keys.CPU_BUDGET_KEY),
        readonly=dashboard.value(keys.READONLY) or False,
        viewers=dashboard.value(keys.VIEWERS),
        live=_live(root.section(keys.LIVE), report),
        ffmpeg=root.value(keys.FFMPEG_KEY) or "",
    )


def _live(section: SectionReader, report: Report) -> LiveServer:
    server = section.value(keys.SERVER)
    host, port = section.value(keys.LISTEN_KEY) or ("127.0.0.1", 0)
    username = section.value(keys.LIVE_USERNAME)
    password = section.secret(keys.LIVE_PASSWORD)
    if section.is_wrong(keys.SERVER.name):
        return LiveServer()  # which of the other keys count is not known
    is_embedded = server in (None, EMBEDDED)
    listen = keys.LISTEN_KEY.name
    if not is_embedded and section.has(listen):
        accepted = f"it only with server: {EMBEDDED}"
        report.warn(section.place_of(listen), f"{section.path}.{listen}", "a key without effect", accepted)
    has_login = [
        section.has(key.name) or section.is_wrong(key.name) for key in (keys.LIVE_USERNAME, keys.LIVE_PASSWORD)
    ]
    place = section.place_of(listen)
    if is_embedded and not is_loopback(host) and not all(has_login):
        accepted = "a host of this machine only, such as 127.0.0.1, or username and password as well"
        report.error(place, f"{section.path}.{listen}", shown(host), accepted)
    elif any(has_login) and not all(has_login):
        report.error(section.place, section.path, "half a login", "username and password, or neither")
    if not is_embedded:
        return LiveServer(url=server, username=username, password=password)
    return LiveServer(None, host, port, username, password)


def _profiles(root: SectionReader, context: Context, shipped: Mapping[str, Profile]) -> dict[str, Profile]:
    report = context.report
    profiles: dict[str, Profile] = {}
    for entry, section in root.named(keys.PROFILES):
        try:
            name = keys.PROFILE_NAME.parse(entry.key)
        except Refused as refused:
            report.error(entry.place, section.path, refused.found, keys.PROFILE_NAME.accepted)
            name = entry.key
        if name in shipped:
            accepted = f"another name: {' and '.join(shipped)} come with vmstui and stay as they are"
            report.error(entry.place, section.path, shown(name), accepted)
        live = None
        if section.has(keys.PROFILE_LIVE.name):
            live = _output(section.section(keys.PROFILE_LIVE), report)
        else:
            context.origins[f"{section.path}.{keys.PROFILE_LIVE.name}"] = DEFAULT
        profiles[name] = Profile(name, _output(section.section(keys.RECORDING), report), live)
    return profiles


def _output(section: SectionReader, report: Report) -> OutputSettings:
    codec = section.value(keys.CODEC) or VideoCodec.SOURCE
    encoder = section.value(keys.ENCODER) or Encoder.AUTO
    is_source = codec is VideoCodec.SOURCE and not section.is_wrong(keys.CODEC.name)
    if is_source and encoder not in (Encoder.AUTO, Encoder.COPY):
        place = section.place_of(keys.ENCODER.name)
        accepted = "codec: h264 or h265 for an encoder to encode to"
        report.error(place, f"{section.path}.{keys.ENCODER.name}", f"{encoder} with codec: {codec}", accepted)
    if is_source or encoder is Encoder.COPY:
        for key in (keys.SIZE, keys.BITRATE_KEY, keys.FPS):
            if section.has(key.name):
                here = f"{section.path}.{key.name}"
                accepted = "it only with codec: h264 or h265 and an encoder other than copy"
                report.error(section.place_of(key.name), here, "a change to a stream that is copied", accepted)
    return OutputSettings(
        codec, encoder, section.value(keys.SIZE), section.value(keys.BITRATE_KEY), section.value(keys.FPS)
    )


def _cameras(root: SectionReader, profiles: Mapping[str, Profile], context: Context) -> tuple[Camera, ...]:
    report = context.report
    cameras: list[Camera] = []
    ids: dict[str, int] = {}
    folders: dict[str, int] = {}
    for section in root.listed(keys.CAMERAS):
        camera = _camera(section, profiles, context, all_known=not root.is_wrong(keys.PROFILES.name))
        if camera is None:
            continue
        cameras.append(camera)
        id_place = section.place_of(keys.CAMERA_ID.name)
        if camera.id in ids:
            found = f"{shown(camera.id)}, which is the camera in line {ids[camera.id]} already"
            report.error(id_place, f"{section.path}.{keys.CAMERA_ID.name}", found, "an id of its own for each camera")
            continue
        ids[camera.id] = id_place.line
        if section.is_wrong(keys.CAMERA_NAME.name):
            continue
        folder = camera_folder(camera)
        place = section.place_of(keys.CAMERA_NAME.name) if section.has(keys.CAMERA_NAME.name) else id_place
        if folder.casefold() in folders:
            first = folders[folder.casefold()]
            found = f"a name whose files would be called {folder}_…, as those of the camera in line {first}"
            accepted = "names that differ in more than punctuation and letter case"
            report.error(place, f"{section.path}.{keys.CAMERA_NAME.name}", found, accepted)
        folders.setdefault(folder.casefold(), place.line)
    if not root.has(keys.CAMERAS.name) or (not cameras and not report.errors):
        report.warn(root.place_of(keys.CAMERAS.name), keys.CAMERAS.name, "no camera", "at least one to record")
    return tuple(cameras)


def _camera(
    section: SectionReader, profiles: Mapping[str, Profile], context: Context, *, all_known: bool
) -> Camera | None:
    """One camera, or None where it has no usable id. Every key is read in any case, for its errors.

    `all_known`: whether `profiles` are all there are; some may not be readable.
    """
    report = context.report
    camera_id = section.value(keys.CAMERA_ID)
    name = section.value(keys.CAMERA_NAME)
    address = section.value(keys.CAMERA_URL)
    username = section.value(keys.USERNAME)
    password = section.secret(keys.PASSWORD)
    profile_name = section.value(keys.CAMERA_PROFILE) or ""
    transport = section.value(keys.TRANSPORT)
    restart = section.value(keys.RESTART_KEY)
    enabled = section.value(keys.ENABLED)
    retention = section.section(keys.CAMERA_RETENTION)
    days, max_bytes = retention.value(keys.CAMERA_DAYS), retention.value(keys.CAMERA_MAX_SIZE)
    if all_known and profile_name and profile_name not in profiles:
        one_of = f"one of: {', '.join(profiles)}"
        place = section.place_of(keys.CAMERA_PROFILE.name)
        here = f"{section.path}.{keys.CAMERA_PROFILE.name}"
        report.error(place, here, shown(profile_name), one_of, nearest(profile_name, profiles))
    if address is not None:
        here = f"{section.path}.{keys.CAMERA_URL.name}"
        place = section.place_of(keys.CAMERA_URL.name)
        origin = context.origins[here]
        if address.secret_inside:
            found = "an address whose path looks as if it held a password"
            report.warn(place, here, found, "a user at the camera with few rights, as the password shows in this file")
        if address.username or address.password:
            if section.has(keys.USERNAME.name) or section.has(keys.PASSWORD.name):
                accepted = "a login in username and password only"
                report.error(place, here, "a login here and in username or password", accepted)
            else:
                accepted = "username: NAME and password: {env: NAME} or {file: PATH}"
                report.warn(place, here, "a login in the address", accepted)
                context.origins[f"{section.path}.{keys.USERNAME.name}"] = origin
                context.origins[f"{section.path}.{keys.PASSWORD.name}"] = origin
            if address.password:
                context.secrets.append(address.password)
            username = address.username
            password = Secret(address.password) if address.password else None
    if camera_id is None:
        return None
    return Camera(
        id=camera_id,
        name=name or camera_id,
        url=address.url if address else "",
        profile=profiles.get(profile_name) or profiles["source"],
        username=username,
        password=password,
        transport=transport.value if transport else "",
        enabled=enabled is not False,
        restart=restart or RestartMode.SEAMLESS,
        retention_days=days,
        retention_max_bytes=max_bytes,
    )
