"""Footage is exported whole and unchanged, at its own time, and nothing else is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.export_support import START, Footage, at, packets, pictures
from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S, wait_until
from tests.peers import require
from vmstui.ffmpeg.inspect import inspect_media
from vmstui.ffmpeg.join import Ffmpeg
from vmstui.footage import Gap, GapCause, Segment, StoredEventKind
from vmstui.recording.export_making import ExportFailed, Request
from vmstui.recording.exporting import export
from vmstui.recording.verify import Looks, Surroundings, take_over, verify

TOOL = Ffmpeg(EMBEDDED_FFMPEG, "embedded")


@pytest.fixture(scope="module")
def ten_minutes(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Ten minutes over a restart that cost 12 seconds."""
    footage = Footage(tmp_path_factory.mktemp("ten"))
    footage.record(1, 0, 300)
    footage.record(2, 312, 300)
    gap = Gap("lobby", START + timedelta(seconds=300), 12.0, GapCause.OPERATOR, "restarted by root")
    with footage.catalogue() as catalogue:
        catalogue.add([], [gap])
    return footage


@pytest.fixture(scope="module")
def exported(ten_minutes: Footage) -> tuple[Footage, Path, dict[str, object]]:
    """Most of it, with everything that can be asked for."""
    out = ten_minutes.folder / "out.mp4"
    run = ten_minutes.export(
        "lobby", "--from", at(47), "--to", at(604), str(out), "--json", "--manifest", "--pin=for the police"
    )
    assert run.returncode == 0, run.stderr
    said = [json.loads(line) for line in run.stdout.splitlines()]
    assert {line["progress"]["what"] for line in said[:-1]} == {"reading", "copying", "comparing", "hashing"}
    return ten_minutes, out, said[-1]["result"]


Exported = tuple[Footage, Path, dict[str, object]]


def test_ten_minutes_over_a_restart_hold_every_packet_once_at_its_time_and_the_gap_is_told(exported: Exported) -> None:
    footage, out, result = exported
    # From the keyframe before (one every 5 s) up to the first frame after which it can be cut.
    expected = [packet for segment in footage.segments for packet, _ in packets(segment.path)]
    found = packets(out)
    first = expected.index(found[0][0])
    assert [packet for packet, _ in found] == expected[first : first + len(found)]
    assert first == 45 * 2
    assert first + len(found) in range((604 - 12) * 2, (604 - 12) * 2 + 3)
    shown = sorted(time for _, time in found)
    steps = [round(after - before, 3) for before, after in pairwise(shown)]
    assert steps.count(0.5) == len(steps) - 1
    assert max(steps) == 12.5
    assert steps.index(12.5) == (300 - 45) * 2 - 1
    assert len(pictures(out)) == len(found) == result["frames"]
    assert result["gaps"] == [
        {
            "camera": "lobby",
            "started_at": (START + timedelta(seconds=300)).isoformat(),
            "length_s": 12.0,
            "cause": "operator",
            "detail": "restarted by root",
        }
    ]
    assert result["got_from"] == at(45)
    assert sorted(entry.name for entry in footage.folder.iterdir()) == [
        "out.mp4", "out.mp4.manifest.json", "recordings", "state", "vmstui.yaml",
    ]  # fmt: skip


@pytest.mark.peer
def test_ffprobe_finds_rising_times_and_the_same_packets(exported: Exported) -> None:
    require("ffprobe")
    footage, out, _ = exported

    def listed(path: str) -> list[dict[str, str]]:
        command = ["ffprobe", "-v", "error", "-of", "json", "-show_data_hash", "md5"]
        command += ["-show_entries", "packet=pts,dts,data_hash", path]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stderr == b""
        packets: list[dict[str, str]] = json.loads(done.stdout)["packets"]
        return packets

    found = listed(str(out))
    times = [int(packet["dts"]) for packet in found]
    assert all(after > before for before, after in pairwise(times))
    assert len({packet["pts"] for packet in found}) == len(found)
    expected = [packet["data_hash"] for segment in footage.segments for packet in listed(segment.path)]
    assert [packet["data_hash"] for packet in found] == expected[90 : 90 + len(found)]
    decoded = subprocess.run(["ffmpeg", "-v", "error", "-i", str(out), "-f", "null", "-"], capture_output=True)
    assert (decoded.returncode, decoded.stderr) == (0, b"")


def test_what_is_pinned_is_locked_and_the_export_is_in_the_history_of_footage(exported: Exported) -> None:
    footage, out, result = exported
    with footage.catalogue() as catalogue:
        (lock,) = catalogue.locks("lobby")
        assert (lock.since, lock.until, lock.note) == (
            START + timedelta(seconds=47), START + timedelta(seconds=604), "for the police",
        )  # fmt: skip
        assert isinstance(result["lock"], dict)
        assert result["lock"]["id"] == lock.id
        (event,) = [event for event in catalogue.events("lobby") if event.kind is StoredEventKind.EXPORTED]
        assert (event.path, event.size_bytes) == (str(out), out.stat().st_size)


def test_a_manifest_shows_whether_the_export_and_what_it_was_made_from_are_still_the_same(
    exported: Exported, tmp_path: Path
) -> None:
    _, out, result = exported
    manifest = tmp_path / "out.mp4.manifest.json"
    noted = json.loads(Path(str(result["manifest"])).read_text())
    for file in noted["export"]["files"]:
        copy = tmp_path / f"{file['generation']}-{Path(file['path']).name}"
        copy.write_bytes(Path(file["path"]).read_bytes())
        file["path"] = str(copy)
    manifest.write_text(json.dumps(noted))
    (tmp_path / "out.mp4").write_bytes(out.read_bytes())

    def verify() -> tuple[int, dict[str, object]]:
        run = Footage.verify(str(manifest), "--json")
        return run.returncode, json.loads(run.stdout)

    assert len(noted["export"]["files"]) == 20 - 1
    assert verify()[0] == 0
    first, second = (Path(file["path"]) for file in noted["export"]["files"][:2])
    first.unlink()  # as retention does
    code, found = verify()
    assert (code, found["holds"]) == (0, True)
    assert isinstance(found["files"], list)
    assert [file["match"] for file in found["files"]][:3] == ["missing", "same", "same"]
    _flip(second)
    assert verify()[0] == 1
    _flip(second)
    assert verify()[0] == 0
    _flip(tmp_path / "out.mp4")
    run = Footage.verify(str(manifest))
    assert run.returncode == 1
    assert "result     NOT as it was made" in run.stdout
    for junk in ("", "[1]", '{"format": "other"}', json.dumps({**noted, "export": {"path": "x"}}), "[" * 100_000):
        manifest.write_text(junk)
        run = Footage.verify(str(manifest))
        assert (run.returncode, run.stdout) == (2, "")
        assert "accepted the .manifest.json file" in run.stderr


def test_an_exact_export_holds_the_frames_of_the_range_and_no_other(ten_minutes: Footage) -> None:
    out = ten_minutes.folder / "exact.mp4"
    run = ten_minutes.export("lobby", "--from", at(287.5), "--to", at(330.2), str(out), "--exact")
    assert run.returncode == 0, run.stderr
    assert "re-encoded as h264" in run.stdout
    shown = pictures(out)
    steps = [after - before for before, after in pairwise(shown)]
    assert shown[0] == 0
    assert len(shown) == (300 - 287.5) * 2 + 37
    assert max(steps) == pytest.approx(12.5, abs=0.002)
    out.unlink()


def _truncated(footage: Footage, number: int) -> Segment:
    """A file of which a damaged disk left the beginning; the catalogue knows it as it was."""
    whole = footage.segments[number]
    footage.cut_off(number)
    footage.segments[number] = whole
    return whole


@pytest.mark.parametrize("verified", [False, True])
def test_what_a_file_has_lost_since_it_was_recorded_is_a_gap_and_everything_else_keeps_its_time(
    tmp_path: Path, verified: bool
) -> None:
    footage = Footage(tmp_path)
    footage.record(1, 0, 90)
    whole = _truncated(footage, 1)
    left = [time for _, time in packets(whole.path)[:-1]]  # the last one is torn
    with footage.catalogue() as catalogue:
        if verified:
            found = verify(whole, Looks(lambda path: inspect_media(EMBEDDED_FFMPEG, path)))
            take_over(catalogue, Surroundings(footage.recordings), found)
    out = tmp_path / "out.mp4"
    run = footage.export("lobby", "--from", at(0), "--to", at(90), str(out), "--json", "--manifest")
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])["result"]
    assert result["frames"] < 180
    [gap] = result["gaps"]
    assert gap["cause"] == "damage"
    lost_s = 30 - (max(left) - min(left) + 0.5)
    assert gap["started_at"] == at(60 - lost_s)
    assert gap["length_s"] == pytest.approx(lost_s, abs=0.02)
    assert "as when it was recorded" in gap["detail"]
    if not verified:
        [note] = result["notes"]
        assert note.startswith(f"{whole.path} has ")
    assert json.loads(Path(f"{out}.manifest.json").read_text())["export"]["gaps"] == [gap]
    shown = sorted(time for _, time in packets(out))
    steps = [after - before for before, after in pairwise(shown)]
    assert max(steps) == pytest.approx(lost_s + 0.5, abs=0.02)
    assert shown[-1] - shown[0] == pytest.approx(89.5, abs=0.02)


def test_what_does_not_play_any_more_ends_an_export_until_it_is_put_aside_and_then_is_a_gap(tmp_path: Path) -> None:
    footage = Footage(tmp_path)
    broken = footage.record(1, 0, 60)[1]
    Path(broken.path).write_bytes(bytes(broken.size_bytes))
    footage.catalogue().close()
    asked = ("lobby", "--from", at(0), "--to", at(60), str(tmp_path / "out.mp4"))
    run = footage.export(*asked)
    assert run.returncode == 1
    assert "does not play any more" in run.stderr
    with footage.catalogue() as catalogue:
        found = verify(broken, Looks(lambda path: inspect_media(EMBEDDED_FFMPEG, path)))
        take_over(catalogue, Surroundings(footage.recordings), found)
    run = footage.export(*asked, "--json")
    assert run.returncode == 0, run.stderr
    [gap] = json.loads(run.stdout.splitlines()[-1])["result"]["gaps"]
    assert (gap["started_at"], gap["length_s"], gap["cause"]) == (at(30), 30.0, "damage")
    assert "does not play: " in gap["detail"]


def test_what_was_wanted_of_a_file_and_is_gone_from_it_is_a_gap_too(tmp_path: Path) -> None:
    footage = Footage(tmp_path)
    footage.record(1, 0, 60)
    _truncated(footage, 1)
    footage.catalogue().close()
    run = footage.export("lobby", "--from", at(5), "--to", at(59), str(tmp_path / "out.mp4"))
    assert run.returncode == 0, run.stderr
    assert "gaps       1, " in run.stdout
    assert "damage: " in run.stdout
    # Of the last seconds nothing is left but the group of pictures before them.
    run = footage.export("lobby", "--from", at(57), "--to", at(60), str(tmp_path / "end.mp4"))
    assert run.returncode == 0, run.stderr
    assert "gaps       1, 3.0 s in all" in run.stdout


def test_generations_that_overlap_are_joined_without_a_hole_whatever_files_and_cameras_are_called(
    tmp_path: Path,
) -> None:
    footage = Footage(tmp_path, name="Lobby 'x' 100%d: $(id) \\ -y\tß")
    old = footage.record(1, 0, 40, encoder="libx265")
    new = footage.record(2, 31, 30, encoder="libx265")
    footage.segments.append(replace(footage.record(3, 70, 10)[0], width=64))
    footage.catalogue().close()
    out = tmp_path / "-i 'out' %d [x] \n.mp4"
    run = footage.export("lobby", "--from", at(0), "--to", at(60), f"{out.parent}/./{out.name}")
    assert run.returncode == 0, run.stderr
    assert "gaps       none" in run.stdout
    found = packets(out)
    earlier = [packet for segment in old for packet, _ in packets(segment.path)]
    later = [packet for segment in new for packet, _ in packets(segment.path)]
    taken = [packet for packet, _ in found].index(later[0])
    assert [packet for packet, _ in found] == earlier[:taken] + later[: len(found) - taken]
    assert taken in range(62, 65)  # up to two more, which others refer to
    assert len(found) - taken in range(58, 61)
    steps = {round(after - before, 2) for before, after in pairwise(pictures(out))}
    assert steps == {0.5}
    # What cannot be in one file as it is, is refused, and where it changes is told.
    other = tmp_path / "other.mp4"
    run = footage.export("lobby", "--from", at(10), "--to", at(75), str(other))
    assert run.returncode == 2
    assert "changes at 2025-10-20 07:55:10+07:00 from h265 64x36 to h264 64x36" in run.stderr
    assert not other.exists()
    run = footage.export("lobby", "--from", at(10), "--to", at(75), str(other), "--exact")
    assert run.returncode == 0, run.stderr
    assert len(pictures(other)) in range((61 - 10 + 5) * 2, (61 - 10 + 5) * 2 + 3)


@pytest.mark.parametrize("program", [EMBEDDED_FFMPEG, pytest.param("ffmpeg", marks=pytest.mark.peer)])
def test_what_a_dead_worker_left_is_exported_up_to_its_last_whole_frame(tmp_path: Path, program: str) -> None:
    if program != EMBEDDED_FFMPEG:
        require(program)
    footage = Footage(tmp_path)
    footage.record(1, 0, 40, encoder="libx265")
    footage.cut_off(-1)
    died_s = 30 + footage.segments[-1].duration_s
    footage.record(2, 50, 40, encoder="libx265")
    request = Request(
        "lobby", "Lobby", START + timedelta(seconds=7.2), START + timedelta(seconds=80.6), tmp_path / "x.mp4"
    )
    with footage.catalogue() as catalogue:
        catalogue.fresh = True
        report = export(request, catalogue, Ffmpeg(program, ""), lambda *_: None)
        catalogue.fresh = False
        assert report.notes == ("the catalogue was being filled: there may be more footage of this time than this",)
        assert [gap.length_s for gap in report.gaps] == [50 - died_s]
        assert len(pictures(report.path)) == report.frames
        assert report.frames in range(int((died_s - 5 + 30.6) * 2), int((died_s - 5 + 30.6) * 2) + 4)
        exact = replace(request, out=tmp_path / "exact.mp4", exact=True)
        report = export(exact, catalogue, Ffmpeg(program, ""), lambda *_: None)
        assert report.notes == ()
        shown = pictures(report.path)
        assert len(shown) == report.frames == (died_s - 7.5) * 2 + 62
        assert shown[-1] - shown[0] == pytest.approx(80.5 - 7.5, abs=0.002)


def test_what_cannot_be_asked_for_is_refused_and_what_is_there_is_told(ten_minutes: Footage) -> None:
    there = ten_minutes.folder / "there.mp4"
    there.write_text("precious")
    good = ("lobby", "--from", at(0), "--to", at(60))
    free = str(ten_minutes.folder / "free.mp4")
    for arguments, code, said in (
        ((*good, str(there)), 2, "exists, and nothing is overwritten"),
        ((*good, str(ten_minutes.folder / "out.mkv")), 2, "accepted the path of a file that ends in .mp4"),
        ((*good, str(ten_minutes.folder / "no" / "x.mp4")), 2, "does not exist: create it"),
        (("attic", *good[1:], free), 2, "CAMERA: found 'attic', accepted lobby"),
        (("lobby", "--from", "noon", "--to", "now", free), 2, "--from: found 'noon', accepted 2025-"),
        (("lobby", "--from", "now", "--to", "-2h", free), 2, "--to: found"),
        (("lobby", "--from", "-2h", "--to", "now", free), 1, "there is some up to 2025-10-20 08:04:12+07:00"),
        (("lobby", free), 2, "the following arguments are required: --from, --to"),
    ):
        run = ten_minutes.export(*arguments)
        assert (run.returncode, run.stdout) == (code, ""), run
        assert said in run.stderr
    assert there.read_text() == "precious"
    there.unlink()


def test_of_what_is_still_being_recorded_nothing_is_exported_and_that_is_said(ten_minutes: Footage) -> None:
    spool = ten_minutes.recordings / ".vmstui" / "spool" / "lobby" / "3"
    spool.mkdir(parents=True)
    (spool / "000000.mp4").write_bytes(b"")
    try:
        out = ten_minutes.folder / "open.mp4"
        run = ten_minutes.export("lobby", "--from", at(590), "--to", at(700), str(out))
        assert run.returncode == 0, run.stderr
        assert "footage is available up to 2025-10-20 08:04:12+07:00" in run.stdout
        assert "gaps       none" in run.stdout
        out.unlink()
    finally:
        (spool / "000000.mp4").unlink()
        spool.rmdir()
    run = ten_minutes.export("lobby", "--from", at(590), "--to", at(700), str(out))
    assert "88.0 s  unknown: nothing was recorded since" in run.stdout
    out.unlink()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_export_that_is_broken_off_leaves_nothing_behind(
    ten_minutes: Footage, tmp_path: Path, number: signal.Signals
) -> None:
    out, command = _one_that_hangs(ten_minutes, tmp_path)
    with ten_minutes.catalogue() as catalogue:
        locks = catalogue.locks(None)
        with subprocess.Popen(
            command,
            env=ten_minutes.environment(),
            start_new_session=True,
            # Whoever runs the tests in the background of a shell, or by nohup, has it ignored, and that is inherited.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        ) as process:
            try:
                wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
                assert len(catalogue.locks(None)) == len(locks) + 1
                if number is signal.SIGINT:
                    os.killpg(process.pid, number)  # as a terminal does
                else:
                    process.send_signal(number)
                assert process.wait(LIMIT_S) == 128 + number
            finally:
                process.kill()
        assert list(out.parent.iterdir()) == []
        assert catalogue.locks(None) == locks
    # Whoever inherits the ended process may take a moment to look after it.
    wait_until(lambda: not Path("/proc", (tmp_path / "pid").read_text().strip()).exists())


def _one_that_hangs(ten_minutes: Footage, tmp_path: Path) -> tuple[Path, list[str]]:
    """Where it exports to, and its command, once all is written; the file `pid` says that it is."""
    slow = tmp_path / "ffmpeg"
    slow.write_text(
        f'#!/bin/sh\n"{EMBEDDED_FFMPEG}" "$@"\n'
        f'case "$*" in *concat*) echo $$ > "{tmp_path}/pid"; exec sleep 600;; esac\n'
    )
    slow.chmod(0o755)
    config = json.loads(ten_minutes.config.read_text())
    (tmp_path / "vmstui.yaml").write_text(json.dumps({**config, "ffmpeg": str(slow)}))
    out = tmp_path / "out" / "x.mp4"
    out.parent.mkdir()
    command = ten_minutes.command("lobby", "--from", at(0), "--to", at(600), str(out), "--pin", "--manifest")
    command[command.index(str(ten_minutes.config))] = str(tmp_path / "vmstui.yaml")
    return out, command


def test_an_export_that_is_killed_leaves_no_file_behind(ten_minutes: Footage, tmp_path: Path) -> None:
    out, command = _one_that_hangs(ten_minutes, tmp_path)
    with subprocess.Popen(command, env=ten_minutes.environment(), start_new_session=True) as process:
        try:
            wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
            written = [link for link in Path("/proc", str(process.pid), "fd").iterdir() if "#" in os.readlink(link)]
            assert max(link.stat().st_size for link in written) > 100_000, "it was all but done"
        finally:
            process.kill()
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert list(out.parent.iterdir()) == []


def test_an_export_goes_on_when_nobody_reads_its_progress_any_more(ten_minutes: Footage, tmp_path: Path) -> None:
    command = ten_minutes.command("lobby", "--from", at(0), "--to", at(100), str(tmp_path / "x.mp4"), "--json")
    with subprocess.Popen(command, env=ten_minutes.environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.wait(LIMIT_S)
    assert len(pictures(tmp_path / "x.mp4")) == 200


def test_a_disk_without_room_is_seen_before_and_a_write_that_fails_leaves_nothing(
    ten_minutes: Footage, tmp_path: Path, mounts: Callable[[Path, str], None]
) -> None:
    arguments = ("lobby", "--from", at(0), "--to", at(600), str(tmp_path / "small" / "x.mp4"))
    (tmp_path / "small").mkdir()
    command = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *ten_minutes.command(*arguments)]
    run = subprocess.run(command, env=ten_minutes.environment(), capture_output=True, text=True, timeout=LIMIT_S)
    assert run.returncode == 1
    assert "ffmpeg could not write to" in run.stderr
    assert list((tmp_path / "small").iterdir()) == []
    mounts(tmp_path / "small", "size=200k")
    run = ten_minutes.export(*arguments)
    assert run.returncode == 1
    assert re.search(r"204\.8 kB free, the export needs \d{3}\.\d kB:", run.stderr)
    assert list((tmp_path / "small").iterdir()) == []


def test_what_happens_meanwhile_is_noticed_and_replaces_nothing(ten_minutes: Footage, tmp_path: Path) -> None:
    out = tmp_path / "out" / "x.mp4"
    out.parent.mkdir()
    request = Request("lobby", "Lobby", START, START + timedelta(seconds=200), out)

    class Loses(Ffmpeg):
        def copy(self, parts, *more):  # type: ignore[no-untyped-def]
            super().copy(parts[:-1], *more)

    def somebody_takes_the_name(what: str, _share: float) -> None:
        if what == "comparing":
            out.write_text("theirs")

    def one_is_deleted(what: str, _share: float) -> None:
        if what == "copying":
            (tmp_path / "there.mp4").unlink(missing_ok=True)

    with ten_minutes.catalogue() as catalogue:
        with pytest.raises(ExportFailed, match="is not what was recorded, and was thrown away"):
            export(request, catalogue, Loses(EMBEDDED_FFMPEG, ""), lambda *_: None)
        with pytest.raises(ExportFailed, match="are kept free there"):
            export(replace(request, keep_free_bytes=2**60), catalogue, TOOL, lambda *_: None)
        assert list(out.parent.iterdir()) == []
        with pytest.raises(ExportFailed, match="made by somebody else meanwhile"):
            export(request, catalogue, TOOL, somebody_takes_the_name)
        assert [(entry.name, entry.read_text()) for entry in out.parent.iterdir()] == [("x.mp4", "theirs")]
        out.unlink()
        # A file that is gone is a gap; one that goes while it is read ends the export.
        moved = replace(ten_minutes.segments[2], path=str(tmp_path / "there.mp4"))
        os.link(ten_minutes.segments[2].path, moved.path)
        catalogue.remove([ten_minutes.segments[2].path])
        catalogue.add([moved])
        try:
            with pytest.raises(ExportFailed, match=r"there\.mp4 was deleted meanwhile: .* --pin"):
                export(request, catalogue, TOOL, one_is_deleted)
            report = export(request, catalogue, TOOL, lambda *_: None)
            assert [(gap.length_s, gap.cause, gap.detail) for gap in report.gaps] == [
                (30.0, GapCause.DAMAGE, f"{moved.path} is not there any more")
            ]
        finally:
            catalogue.remove([moved.path])
            catalogue.add([ten_minutes.segments[2]])


def _flip(file: Path) -> None:
    """Change one byte, or change it back."""
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
