"""The fallback ladder."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.ffmpeg_examples import LIVE_1080, NVENC, REENCODE, SOFTWARE, SOURCE_PROFILE, abilities, output
from vmstui.configured import Encoder, OutputSettings, Profile, VideoCodec
from vmstui.ffmpeg.encoders import ENCODERS
from vmstui.ffmpeg.exits import ExitCause, ExitKind
from vmstui.ffmpeg.plan import Plan, PlanError, Rung, can_cure, plans


def _shape(ladder: tuple[Plan, ...]) -> list[tuple[str, str, str | None]]:
    return [(plan.rung.name, plan.recording.encoder, plan.live.encoder if plan.live else None) for plan in ladder]


def test_a_gpu_camera_gives_up_one_thing_per_rung() -> None:
    ladder = plans(REENCODE, "h264", abilities(NVENC | SOFTWARE, cuda_frames=True))
    assert _shape(ladder) == [
        ("GPU_FRAMES", "hevc_nvenc", "h264_nvenc"),
        ("HARDWARE", "hevc_nvenc", "h264_nvenc"),
        ("SOFTWARE", "libx265", "libx264"),
        ("RECORDING_ONLY", "copy", None),
    ]
    assert [plan.gpu_frames for plan in ladder] == [True, False, False, False]
    assert ladder[0].note == ""
    assert all(plan.note for plan in ladder[1:])
    assert ladder[-1].note == "recorded as the camera sends it; no live stream"


def test_a_camera_that_sends_what_is_asked_for_is_copied() -> None:
    assert _shape(plans(SOURCE_PROFILE, "h264", abilities())) == [
        ("COPY", "copy", "copy"),
        ("RECORDING_ONLY", "copy", None),
    ]
    assert plans(SOURCE_PROFILE, "h264", abilities())[0].recording.codec == "h264"


def test_the_live_stream_of_an_h265_camera_is_encoded_and_its_recording_copied() -> None:
    ladder = plans(SOURCE_PROFILE, "h265", abilities(NVENC | SOFTWARE, cuda_frames=True))
    assert _shape(ladder) == [
        ("GPU_FRAMES", "copy", "h264_nvenc"),
        ("HARDWARE", "copy", "h264_nvenc"),
        ("SOFTWARE", "copy", "libx264"),
        ("RECORDING_ONLY", "copy", None),
    ]


def test_before_the_codec_is_known_the_recording_is_copied_and_live_is_encoded_as_h264() -> None:
    for live in (output(), output(VideoCodec.H264)):
        best = plans(Profile("p", OutputSettings(), live), "", abilities())[0]
        assert (best.recording.encoder, best.recording.codec) == ("copy", "")
        assert best.live is not None
        assert (best.live.encoder, best.live.codec) == ("libx264", "h264")


@pytest.mark.parametrize(
    "asked",
    [
        OutputSettings(codec=VideoCodec.H264, size=(640, 360)),
        OutputSettings(codec=VideoCodec.H264, bitrate_bps=1),
        OutputSettings(codec=VideoCodec.H264, fps=5),
        OutputSettings(codec=VideoCodec.H265),
    ],
)
def test_whatever_a_copy_cannot_give_is_encoded(asked: OutputSettings) -> None:
    assert plans(Profile("p", asked, None), "h264", abilities())[0].recording.encoder.startswith("libx26")


def test_a_profile_that_only_records_the_source_has_one_rung_and_nothing_to_explain() -> None:
    ladder = plans(Profile("p", OutputSettings(), None), "h265", abilities(frozenset()))
    assert _shape(ladder) == [("RECORDING_ONLY", "copy", None)]
    assert ladder[0].note == ""


def test_auto_takes_the_best_encoder_that_works() -> None:
    for missing, expected in (
        (frozenset(), "h264_nvenc"),
        (NVENC, "h264_qsv"),
        (NVENC | {"h264_qsv"}, "h264_vaapi"),
        (NVENC | {"h264_qsv", "h264_vaapi"}, "libx264"),
    ):
        here = abilities(frozenset(ENCODERS) - missing, vaapi_device="/dev/dri/renderD128")
        live = plans(Profile("p", OutputSettings(), LIVE_1080), "h264", here)[0].live
        assert live is not None
        assert live.encoder == expected


def test_an_encoder_that_was_asked_for_and_does_not_work_is_explained_in_ffmpegs_words() -> None:
    profile = Profile("p", output(VideoCodec.H265, Encoder.NVENC), LIVE_1080)
    ladder = plans(profile, "h264", abilities())
    assert _shape(ladder)[0] == ("SOFTWARE", "libx265", "libx264")
    assert all("recording: nvenc does not work here (hevc_nvenc: Cannot load libcuda.so.1)" in p.note for p in ladder)


def test_copied_live_that_cannot_be_what_was_asked_for_is_encoded_with_a_note() -> None:
    profile = Profile("p", OutputSettings(), output(VideoCodec.H264, Encoder.COPY))
    best = plans(profile, "h265", abilities())[0]
    assert best.live is not None
    assert best.live.encoder == "libx264"
    assert best.note == "live is encoded, not copied: the camera sends H.265, H.264 is asked for"
    assert plans(profile, "h264", abilities())[0].note == ""


def test_copy_is_always_copy_for_a_recording() -> None:
    profile = Profile("p", output(VideoCodec.H265, Encoder.COPY), None)
    assert plans(profile, "h264", abilities())[0].recording.encoder == "copy"


def test_a_software_recording_without_its_encoder_is_an_error_that_names_it() -> None:
    profile = Profile("p", output(VideoCodec.H265, Encoder.SOFTWARE), None)
    with pytest.raises(PlanError, match=r"/opt/ffmpeg 9.0.2 cannot encode H.265 here \(libx265: Unknown encoder"):
        plans(profile, "h264", abilities(frozenset({"libx264"}), reason="Unknown encoder 'libx265'"))


def test_a_missing_live_encoder_never_costs_the_recording() -> None:
    ladder = plans(REENCODE, "h264", abilities(frozenset({"libx265"})))
    assert _shape(ladder)[0] == ("SOFTWARE", "libx265", None)
    assert "live: " in ladder[0].note
    assert ladder[0].note.endswith("no live stream")


def test_a_recording_that_nothing_can_encode_is_copied_rather_than_lost() -> None:
    ladder = plans(REENCODE, "h264", abilities(frozenset({"libx264"})))
    assert _shape(ladder) == [("RECORDING_ONLY", "copy", None)]
    assert "cannot encode H.265" in ladder[0].note


def test_every_ladder_ends_with_a_recording_by_copy_and_has_no_rung_twice() -> None:
    settings = [
        OutputSettings(codec, encoder, size) for codec in VideoCodec for encoder in Encoder for size in (None, (64, 64))
    ]
    for recording, live, source, cuda in itertools.product(
        settings, [None, *settings], ("", "h264", "h265"), (True, False)
    ):
        here = abilities(NVENC | SOFTWARE if cuda else SOFTWARE, cuda_frames=cuda)
        ladder = plans(Profile("p", recording, live), source, here)
        assert ladder[-1].recording.encoder == "copy"
        assert ladder[-1].live is None
        assert len({(plan.recording, plan.live, plan.gpu_frames) for plan in ladder}) == len(ladder)
        assert [list(Rung).index(plan.rung) for plan in ladder] == sorted(list(Rung).index(p.rung) for p in ladder)


def test_only_encoders_and_their_like_are_cured_by_a_lower_rung() -> None:
    ladder = plans(REENCODE, "h264", abilities(NVENC | SOFTWARE, cuda_frames=True))
    for kind in ExitKind:
        cause = ExitCause(kind, "text", "")
        assert [can_cure(plan, cause) for plan in ladder] == [kind is ExitKind.ENCODER] * 3 + [False]
    copied = plans(SOURCE_PROFILE, "h264", abilities())[0]
    assert not can_cure(copied, ExitCause(ExitKind.ENCODER, "text", ""))
