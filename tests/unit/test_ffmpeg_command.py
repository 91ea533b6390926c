"""The command line of a worker and the script with its source."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ffmpeg_examples import NVENC, REENCODE, SOFTWARE, SOURCE_PROFILE, abilities, camera
from vmstui.configured import Profile
from vmstui.ffmpeg.abilities import Abilities
from vmstui.ffmpeg.command import MAX_CREDENTIALS_BYTES, CommandError, WorkerFiles, input_script, worker_argv
from vmstui.ffmpeg.plan import plans

FILES = WorkerFiles("/srv/rec/.vmstui/cam/input.ffconcat", "/srv/rec/.vmstui/spool/lobby/1")
LIVE = "rtsp://127.0.0.1:8554/lobby"


def _argv(profile: Profile = SOURCE_PROFILE, source: str = "h264", here: Abilities | None = None) -> list[str]:
    here = here or abilities()
    return list(worker_argv(here, plans(profile, source, here)[0], camera(), FILES, 180, LIVE))


def _after(argv: list[str], option: str) -> list[str]:
    return [argv[index + 1] for index, argument in enumerate(argv) if argument == option]


def test_the_recording_is_the_first_output_and_live_stands_behind_fifo() -> None:
    argv = _argv()
    assert _after(argv, "-f") == ["concat", "segment", "fifo"]
    assert argv[-1] == LIVE
    assert argv.index(f"{FILES.spool_folder}/%06d.mp4") < argv.index("fifo")
    fifo = argv[argv.index("fifo") :]
    for option, value in (
        ("-fifo_format", "rtsp"),
        ("-format_opts", "rtsp_transport=tcp"),
        ("-queue_size", "300"),
        ("-drop_pkts_on_overflow", "1"),
        ("-attempt_recovery", "1"),
        ("-recovery_wait_time", "1"),
        ("-recover_any_error", "1"),
        ("-restart_with_keyframe", "1"),
        ("-max_recovery_attempts", "0"),
    ):
        assert _after(fifo, option) == [value]


def test_without_a_place_to_publish_there_is_no_live_output() -> None:
    here = abilities()
    argv = list(worker_argv(here, plans(SOURCE_PROFILE, "h264", here)[0], camera(), FILES, 180, None))
    assert _after(argv, "-f") == ["concat", "segment"]


def test_segments_are_clock_aligned_numbered_listed_and_safe_in_a_crash() -> None:
    argv = _argv(here=abilities(hybrid_fragmented=True))
    assert _after(argv, "-segment_time") == ["180"]
    assert _after(argv, "-segment_atclocktime") == ["1"]
    assert _after(argv, "-segment_list") == [f"{FILES.spool_folder}/segments.csv"]
    assert _after(argv, "-segment_format_options") == ["movflags=hybrid_fragmented:flush_packets=1"]
    older = _argv(here=abilities(hybrid_fragmented=False))
    assert _after(older, "-segment_format_options") == [
        "movflags=frag_keyframe+empty_moov+default_base_moof:flush_packets=1"
    ]


def test_a_percent_sign_in_the_folder_is_no_pattern() -> None:
    here = abilities()
    files = WorkerFiles("/r/in", "/r/100%d/1")
    argv = worker_argv(here, plans(SOURCE_PROFILE, "h264", here)[0], camera(), files, 180, None)
    assert argv[-1] == "/r/100%%d/1/%06d.mp4"
    assert "/r/100%d/1/segments.csv" in argv


def test_nvenc_frames_stay_on_the_gpu() -> None:
    argv = _argv(REENCODE, here=abilities(NVENC | SOFTWARE, cuda_frames=True))
    before_input = argv[: argv.index("-i")]
    assert _after(before_input, "-hwaccel") == ["cuda"]
    assert _after(before_input, "-hwaccel_output_format") == ["cuda"]
    assert _after(argv, "-c:v") == ["hevc_nvenc", "h264_nvenc"]
    assert _after(argv, "-vf") == ["scale_cuda=w=1920:h=1080:format=yuv420p"]
    assert not any("hwdownload" in argument or "scale=" in argument for argument in argv)


def test_vaapi_uploads_what_was_decoded_in_software() -> None:
    here = abilities(frozenset({"h264_vaapi", "hevc_vaapi"}), vaapi_device="/dev/dri/renderD129")
    argv = _argv(REENCODE, here=here)
    assert _after(argv, "-vaapi_device") == ["/dev/dri/renderD129"]
    assert _after(argv, "-vf") == ["format=nv12,hwupload", "scale=1920:1080,format=nv12,hwupload"]


def test_h265_recordings_carry_the_tag_players_of_apple_need() -> None:
    assert _after(_argv(source="h265"), "-tag:v") == ["hvc1"]
    assert _after(_argv(REENCODE), "-tag:v") == ["hvc1"]
    assert _after(_argv(source="h264"), "-tag:v") == []


def test_no_credentials_are_in_the_command_line() -> None:
    for profile in (SOURCE_PROFILE, REENCODE):
        assert not any("hunter2" in argument or "admin" in argument for argument in _argv(profile))


def test_an_address_to_publish_to_with_a_password_is_refused_without_showing_it() -> None:
    here = abilities()
    plan = plans(SOURCE_PROFILE, "h264", here)[0]
    with pytest.raises(CommandError) as caught:
        worker_argv(here, plan, camera(), FILES, 180, "rtsp://u:hunter2@127.0.0.1/x")
    assert "hunter2" not in str(caught.value)


def test_a_camera_name_with_control_characters_is_a_harmless_title() -> None:
    here = abilities()
    hostile = camera(name="A\x00\x1b[2J\u202eB")
    argv = worker_argv(here, plans(SOURCE_PROFILE, "h264", here)[0], hostile, FILES, 180, None)
    assert "title=A[2JB" in argv


def test_the_script_holds_the_address_with_credentials_and_how_to_speak() -> None:
    assert input_script(camera("rtsps://[fe80::1]:322/a?x=1&y=2", "ad:min@x", "p@ss/w#%"), abilities()) == (
        "ffconcat version 1.0\n"
        "file 'rtsps://ad%3Amin%40x:p%40ss%2Fw%23%25@[fe80::1]:322/a?x=1&y=2'\n"
        "option rtsp_transport 'tcp'\n"
        "option timeout '10000000'\n"
        "option allowed_media_types 'video'\n"
    )


def test_a_camera_may_sign_its_own_certificate_where_ffmpeg_would_refuse_that() -> None:
    strict = replace(abilities(), verifies_tls=True)
    assert input_script(camera("rtsps://h/p"), strict).endswith("option tls_verify '0'\n")
    assert "tls_verify" not in input_script(camera("rtsp://h/p"), strict)
    assert "tls_verify" not in input_script(camera("rtsps://h/p"), abilities())


def test_a_camera_without_credentials_gets_none() -> None:
    assert "file 'rtsp://cam.example:554/stream'\n" in input_script(camera(username=None, password=None), abilities())


def test_an_address_keeps_its_escapes_and_gets_those_it_lacks() -> None:
    script = input_script(camera("rtsp://h/a b%20c%zz/'\"é\n", None, None), abilities())
    assert "file 'rtsp://h/a%20b%20c%25zz/'\\''%22%C3%A9%0A'\n" in script


@given(st.text(min_size=1, max_size=12), st.text(max_size=12))
def test_any_user_and_password_arrive_as_they_are(username: str, password: str) -> None:
    raw = (username + password).encode("utf-8", "surrogatepass")
    if raw.decode("utf-8", "ignore") != username + password or len(quote(username + password, safe="")) > 100:
        return
    line = input_script(camera("rtsp://h/p", username, password), abilities()).splitlines()[1]
    address = line.removeprefix("file '").removesuffix("'").replace("'\\''", "'")
    user_info = address.removeprefix("rtsp://").rpartition("@h/p")[0]
    found_user, _, found_password = user_info.partition(":")
    assert (unquote(found_user), unquote(found_password)) == (username, password)
    assert line.isascii()


def test_long_credentials_are_spelled_short_and_too_long_ones_refused_without_showing_them() -> None:
    punctuation = "!" * 100
    assert f"admin:{punctuation}@" in input_script(camera(password=punctuation), abilities())
    longest = "x" * (MAX_CREDENTIALS_BYTES - len("admin:"))
    assert longest in input_script(camera(password=longest), abilities())
    with pytest.raises(CommandError) as caught:
        input_script(camera(password=longest + "x"), abilities())
    assert longest not in str(caught.value)
    assert "lobby" in str(caught.value)
