"""Promises about good configurations: what is written is what the recorder gets, the rest are the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.settings_examples import CAMERA, HEAD
from vmstui.configured import Camera, Encoder, LiveServer, OutputSettings, Profile, Secret, Settings, VideoCodec
from vmstui.resources import config_folder, themes_folder
from vmstui.settings import Loaded, SettingsError, load
from vmstui.settings.values import MIN_FREE

SOURCE = Profile("source", OutputSettings(encoder=Encoder.COPY), OutputSettings(VideoCodec.H264))


def loaded(folder: Path, text: str) -> Loaded:
    path = folder / "vmstui.yaml"
    path.write_text(text, encoding="utf-8")
    return load(str(path))


def camera(folder: Path, lines: str) -> Camera:
    """The only camera of a configuration with these lines below it."""
    (only,) = loaded(folder, HEAD + "cameras:\n  - id: gate\n    url: rtsp://h/x\n" + lines).settings.cameras
    return only


def test_the_shortest_configuration_gets_the_defaults_of_the_model(tmp_path: Path) -> None:
    result = loaded(tmp_path, HEAD + CAMERA)
    gate = Camera("gate", "gate", "rtsp://camera.example/stream", SOURCE)
    assert result.settings == Settings(str(tmp_path / "vmstui.yaml"), "/srv/recordings", (gate,))
    assert result.warnings == ()


def test_every_key_of_the_example_arrives() -> None:
    result = load(str(config_folder() / "vmstui.example.yaml"))
    settings = result.settings
    assert result.warnings == ()
    assert settings.recordings == "/srv/recordings"
    assert settings.segment_length_s == 180
    assert (settings.retention_days, settings.retention_max_bytes) == (14, None)
    assert (settings.min_free_percent, settings.min_free_bytes) == (5.0, None)
    assert settings.cpu_budget_percent == 205
    assert settings.live == LiveServer()
    dendo, gate = settings.cameras
    assert dendo.name == "Duc Tai Dendo 1"
    assert dendo.url == "rtsp://camera1.example:556/Streaming/Channels/102"
    assert dendo.profile == Profile(
        "reencode",
        OutputSettings(VideoCodec.H265, Encoder.AUTO, bitrate_bps=1_500_000),
        OutputSettings(VideoCodec.H264, Encoder.AUTO, (1920, 1080), 3_000_000),
    )
    assert (gate.transport, gate.enabled) == ("udp", False)
    assert gate.profile.live == OutputSettings(VideoCodec.H264, Encoder.AUTO, (1280, 720), 1_000_000, 15.0)


def test_the_commented_lines_of_the_example_are_true(tmp_path: Path) -> None:
    """Each line that is commented out can be put in and gives no error and no warning."""
    text = (config_folder() / "vmstui.example.yaml").read_text(encoding="utf-8")
    (tmp_path / "secrets").mkdir()
    for name in ("viewer", "camera1"):
        secret = tmp_path / "secrets" / name
        secret.write_text("hunter2\n", encoding="utf-8")
        secret.chmod(0o600)
    camera = ("    password: {file", "    retention:")
    for line in ("recordings_mount:", "timezone:", "ffmpeg:", "  max_size:", "  username:", "  password:", *camera):
        indent = len(line) - len(line.lstrip())
        before = "\n" + " " * indent + "# " + line.lstrip()
        assert text.count(before) == 1, line
        text = text.replace(before, "\n" + line)
    result = loaded(tmp_path, text)
    assert result.warnings == ()
    assert result.settings.recordings_mount == "/srv"
    assert result.settings.retention_max_bytes == 2 * 10**12
    assert result.settings.cameras[0].retention_days == 30
    assert result.settings.cameras[0].retention_max_bytes == 500 * 10**9
    assert result.settings.live.password == Secret("hunter2", f"file:{tmp_path}/secrets/viewer")
    assert result.settings.cameras[0].password == Secret("hunter2", f"file:{tmp_path}/secrets/camera1")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3m", 180), ("90s", 90), ("90", 90), ("1h", 3600), ("2m30s", 150), ("0.5h", 1800), ("'45'", 45), ("1m5", 65)],
)
def test_durations(text: str, seconds: int, tmp_path: Path) -> None:
    assert loaded(tmp_path, HEAD + f"segment: {{length: {text}}}").settings.segment_length_s == seconds


@pytest.mark.parametrize(
    ("text", "size_bytes", "percent"),
    [("5%", None, 5.0), ("0.5%", None, 0.5), ("20G", 20_000_000_000, None), ("1.5T", 1_500_000_000_000, None)],
)
def test_free_space_is_a_share_or_a_size(text: str, size_bytes: int | None, percent: float | None) -> None:
    value = MIN_FREE.parse(text)
    assert (value.size_bytes, value.percent) == (size_bytes, percent)


@pytest.mark.parametrize(
    ("text", "bps"), [("1.5M", 1_500_000), ("800k", 800_000), ("3m", 3_000_000), ("64000", 64_000)]
)
def test_bitrates(text: str, bps: int, tmp_path: Path) -> None:
    profile = f"profiles: {{p: {{recording: {{codec: h265, bitrate: {text}}}}}}}\n"
    (camera,) = loaded(tmp_path, HEAD + profile + CAMERA + "    profile: p").settings.cameras
    assert camera.profile == Profile("p", OutputSettings(VideoCodec.H265, bitrate_bps=bps), None)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("true", True), ("yes", True), ("On", True), ("'true'", True), ("false", False), ("no", False), ("OFF", False)],
)
def test_yes_and_no_in_every_wording(word: str, expected: bool, tmp_path: Path) -> None:
    assert camera(tmp_path, f"    enabled: {word}").enabled is expected


@pytest.mark.parametrize(
    "name", ["no", "010", "1:30", "1e3", "0x1F", "2025-10-20", "null-island", "~ö日本", "1_000", "="]
)
def test_a_name_is_taken_as_it_is_written(name: str, tmp_path: Path) -> None:
    """YAML 1.1 would make false, 8, 90, a number or a date of some of these."""
    assert camera(tmp_path, f"    name: {name}").name == name


def test_a_hostile_name_is_kept_for_those_who_show_it_harmless(tmp_path: Path) -> None:
    assert camera(tmp_path, '    name: "\\e[31mred\\u202e"').name == "\x1b[31mred\u202e"


def test_a_login_in_the_address_moves_out_of_it_with_a_warning(tmp_path: Path) -> None:
    text = HEAD + "cameras: [{id: a, url: 'RTSP://ad%6Din:p%40ss%2F@h:554/x?channel=1'}]"
    result = loaded(tmp_path, text)
    (one,) = result.settings.cameras
    assert (one.url, one.username, one.password) == ("rtsp://h:554/x?channel=1", "admin", Secret("p@ss/", "inline"))
    (warning,) = result.warnings
    assert str(warning) == (
        f"{tmp_path}/vmstui.yaml:2: cameras[0].url: found a login in the address, "
        "accepted username: NAME and password: {env: NAME} or {file: PATH}"
    )


@pytest.mark.parametrize(
    ("login", "username", "password"),
    [("u@site:p@ss", "u@site", "p@ss"), (":secret", None, "secret"), ("admin", "admin", None), ("u:a:b", "u", "a:b")],
)
def test_logins_in_addresses_of_every_shape(
    login: str, username: str | None, password: str | None, tmp_path: Path
) -> None:
    (one,) = loaded(tmp_path, HEAD + f"cameras: [{{id: a, url: 'rtsp://{login}@h/x'}}]").settings.cameras
    assert (one.url, one.username) == ("rtsp://h/x", username)
    assert (one.password.value if one.password else None) == password


@pytest.mark.parametrize("rest", ["user=admin_password=hunter2_channel=1", "x?token=hunter2", "34@camera/x"])
def test_what_looks_like_a_password_in_a_path_is_warned_about(rest: str, tmp_path: Path) -> None:
    result = loaded(tmp_path, HEAD + f"cameras: [{{id: a, url: 'rtsp://h/{rest}'}}]")
    (warning,) = result.warnings
    assert "looks as if it held a password" in str(warning)
    assert "hunter2" not in str(warning)
    assert result.settings.cameras[0].url == f"rtsp://h/{rest}"


def test_ipv6_hosts(tmp_path: Path) -> None:
    assert camera(tmp_path, "").url == "rtsp://h/x"
    text = HEAD + "live: {listen: '[::1]:8555'}\ncameras: [{id: a, url: 'rtsp://[fe80::1]:554/x'}]"
    settings = loaded(tmp_path, text).settings
    assert settings.cameras[0].url == "rtsp://[fe80::1]:554/x"
    assert settings.live == LiveServer(None, "::1", 8555)


def test_port_0_asks_for_a_free_port(tmp_path: Path) -> None:
    assert loaded(tmp_path, HEAD + CAMERA + "live: {listen: '127.0.0.1:0'}").settings.live.port == 0


def test_an_open_relay_needs_a_login_and_then_may_listen_anywhere(tmp_path: Path) -> None:
    text = HEAD + CAMERA + "live: {listen: '0.0.0.0:554', username: viewer, password: hunter2}"
    settings = loaded(tmp_path, text).settings
    assert settings.live == LiveServer(None, "0.0.0.0", 554, "viewer", Secret("hunter2", "inline"))


def test_another_live_server_is_taken_without_its_last_slash(tmp_path: Path) -> None:
    result = loaded(tmp_path, HEAD + CAMERA + "live: {server: 'rtsp://127.0.0.1:8554/cams/', listen: '127.0.0.1:9'}")
    assert result.settings.live == LiveServer(url="rtsp://127.0.0.1:8554/cams")
    (warning,) = result.warnings
    assert warning.key == "live.listen"
    assert warning.found == "a key without effect"


def test_another_live_server_may_be_asked_with_a_login(tmp_path: Path) -> None:
    head = HEAD + CAMERA + "live: {server: 'rtsp://10.0.0.9', username: viewer"
    result = loaded(tmp_path, head + ", password: hunter2}")
    assert result.settings.live == LiveServer(
        "rtsp://10.0.0.9", username="viewer", password=Secret("hunter2", "inline")
    )
    with pytest.raises(SettingsError, match="half a login"):
        loaded(tmp_path, head + "}")


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    text = (
        HEAD + "cameras:\n  - &base {id: a, url: 'rtsp://h/a', transport: udp, enabled: false}\n"
        "  - {<<: *base, id: b, url: 'rtsp://h/b'}\n  - {<<: [{enabled: true}, *base], id: c, url: 'rtsp://h/c'}\n"
    )
    cameras = loaded(tmp_path, text).settings.cameras
    assert [(one.id, one.url[-1], one.transport, one.enabled) for one in cameras] == [
        ("a", "a", "udp", False),
        ("b", "b", "udp", False),
        ("c", "c", "udp", True),
    ]


def test_empty_sections_mean_their_defaults(tmp_path: Path) -> None:
    """As left by somebody who commented out everything below them."""
    result = loaded(tmp_path, HEAD + "segment:\nretention:\nlive:\nprofiles:\ncameras:\n")
    assert result.settings.segment_length_s == 180
    assert [str(warning).partition(": ")[2] for warning in result.warnings] == [
        "cameras: found no camera, accepted at least one to record"
    ]


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "vmstui.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + CAMERA).replace("\n", "\r\n").encode())
    assert load(str(path)).settings.recordings == "/srv/recordings"


def test_paths_are_brought_to_one_form(tmp_path: Path) -> None:
    text = "recordings: //srv/./recordings/\nrecordings_mount: /srv/\nffmpeg: /opt//ffmpeg\n"
    settings = loaded(tmp_path, text).settings
    assert (settings.recordings, settings.recordings_mount, settings.ffmpeg) == (
        "/srv/recordings",
        "/srv",
        "/opt/ffmpeg",
    )


def test_every_value_tells_where_it_came_from(tmp_path: Path) -> None:
    origins = loaded(tmp_path, HEAD + CAMERA).origins
    assert origins["recordings"] == f"{tmp_path}/vmstui.yaml:1"
    assert origins["cameras[0].url"] == f"{tmp_path}/vmstui.yaml:4"
    assert origins["cameras[0].profile"] == "default"


def test_the_shipped_folders_are_found() -> None:
    assert (config_folder() / "profiles.yaml").is_file()
    assert themes_folder().is_dir()
