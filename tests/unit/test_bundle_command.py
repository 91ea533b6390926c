"""Promises of `vmstui bundle`: one archive with or without a recorder, of which no file holds a password."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import PASSWORD
from tests.tui.fakes import NOW, camera, camera_details, log_line, recorder_snapshot, segment
from tests.unit.answering import answering
from tests.unit.findings_examples import finding, page, row
from tests.unit.test_bundle_masking import USER, written
from vmstui.cli import main
from vmstui.codec import Json, from_json, to_json
from vmstui.control.errors import RecorderError
from vmstui.ffmpeg.binary import Binary
from vmstui.ffmpeg.loglines import parse_line
from vmstui.findings import FindingsPage
from vmstui.logged import LogPage, RunLog
from vmstui.model import Event, EventKind
from vmstui.recorder.findings_file import KeptCamera, camera_lines, save_acknowledged, save_findings
from vmstui.recorder.record import WorkerRecord
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.triage.acknowledged import Acknowledged, Said
from vmstui.triage.findings import CameraTriage
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.messages_file import shipped_messages
from vmstui.triage.remembered import written_down

Capture = pytest.CaptureFixture[str]
TOKEN = "tok3n-0f-the-environment"
YARD = "$(rm) 'x' \"y\" <z>"
UNKNOWN = "n0body/kn0ws"
SECRETS = (PASSWORD, YARD, TOKEN)
REFUSED = "rtsp_unauthorized"
HOSTILE = "\x1b]52;c;aGk=\x07\u202e\x9b2J"


def said() -> list[str]:
    """Lines of ffmpeg that hold every password in every writing, and one that is nowhere configured in a URL."""
    lines = [f"[x @ 0x1] [error] {name}: {text}" for secret in SECRETS for name, text in written(secret).items()]
    return [*lines, f"[rtsp @ 0x1] [error] {HOSTILE} rtsp://admin:{UNKNOWN}@camera9.example/x: refused"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that a recorder of two cameras left; the log of one tells passwords."""
    state = tmp_path / "state"
    monkeypatch.setenv("VMSTUI_STATE", str(state))
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("VMSTUI_CONFIG", str(tmp_path / "vmstui.yaml"))
    monkeypatch.setenv("GATE_PASSWORD", PASSWORD)
    monkeypatch.setenv("SOME_API_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vmstui.cli.bundle_gathering.find_binaries", lambda wanted: _no_ffmpeg())
    (tmp_path / "recordings").mkdir()
    (tmp_path / "yard").write_text(YARD)
    (tmp_path / "yard").chmod(0o600)
    (tmp_path / "vmstui.yaml").write_text(
        f"recordings: {tmp_path}/recordings\ntimezone: UTC\ncameras:\n"
        f"  - {{id: gate, url: 'rtsp://10.0.0.5/x', username: {USER}, password: {{env: GATE_PASSWORD}}}}\n"
        f"  - {{id: yard, url: 'rtsp://10.0.0.6/x', username: {USER}, password: {{file: yard}}}}\n"
    )
    for name in ("gate", "yard"):
        folder = state / "cameras" / name
        (folder / "log").mkdir(parents=True)
        record = WorkerRecord(name, generation=2, argv=("ffmpeg", "-i", said()[0]), config_digest="d1gest")
        (folder / "worker.json").write_text(json.dumps(to_json(record)))
        event = Event(NOW, name, EventKind.EXIT, said()[-1], measured="exit code 1")
        (folder / "events.jsonl").write_text(json.dumps(to_json(event)) + "\n")
        (folder / "input.ffconcat").write_text(PASSWORD)
        text = "\n".join(said()) + "\n"
        (folder / "log" / "000002.log").write_text(text)
        (folder / "log" / "000001.000001.log.gz").write_bytes(gzip.compress(text.encode()))
        (folder / "log" / "000001.log").write_text(text)
    (state / "service.log").write_text("\n".join(said()))
    (state / "relay").mkdir()
    (state / "relay" / "relay.log").write_text("\n".join(said()))
    (tmp_path / "messages.yaml").write_text(f"# {PASSWORD}\nmessages: []\n")
    save_findings(state, NOW, [camera_lines(found(name), 1_000_000) for name in ("gate", "yard")])
    here = Said(REFUSED, "gate", None, None, None, "ops", note=f"we know {PASSWORD}")
    known = Acknowledged()
    known.add(here, NOW)
    save_acknowledged(state, known)
    with Catalogue.open(state / FILE_NAME, readonly=False) as catalogue:
        catalogue.add([segment("gate", reason=said()[-1])])
    return tmp_path


def found(camera: str) -> KeptCamera:
    """What a recorder found in these lines, without having masked anything."""
    triage = CameraTriage(Knowledge(tuple(shipped_messages().values())), camera=camera)
    for line in [*said(), "[rtsp @ 0x1] [error] method DESCRIBE failed: 403 Forbidden"]:
        triage.feed(parse_line(line), NOW.timestamp())
    return KeptCamera(camera, 2, (), written_down(triage))


def _no_ffmpeg() -> tuple[Binary, ...]:
    return ()


def made(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    code = main(["bundle", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def opened(path: Path) -> dict[str, str]:
    """Files of a bundle by name, without its folder."""
    with tarfile.open(path) as archive:
        read = {one.name.partition("/")[2]: archive.extractfile(one) for one in archive.getmembers()}
        return {name: stream.read().decode() for name, stream in read.items() if stream is not None}


def check_harmless(files: Mapping[str, str]) -> None:
    """No password in any writing in any file, nor in its JSON once that is read, nor what a terminal acts upon."""
    for name, content in files.items():
        texts = [content, *(_texts(json.loads(content)) if name.endswith(".json") else ())]
        for text in texts:
            assert UNKNOWN not in text, name
            for secret in SECRETS:
                for writing, written_ in written(secret).items():
                    assert written_.strip() not in text, f"{writing} in {name}"
        assert (set(content) - {"\n"}) & {chr(code) for code in (*range(32), *range(127, 160), 0x202E)} == set(), name


def _texts(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [text for key, value in data.items() for text in (key, *_texts(value))]
    if isinstance(data, list):
        return [text for value in data for text in _texts(value)]
    return [data] if isinstance(data, str) else []


# -- without a recorder -----------------------------------------------------------------------------------------------


def test_without_a_recorder_it_is_made_from_the_files_and_says_what_is_missing(place: Path, capsys: Capture) -> None:
    code, out, err = made(capsys, "-o", "b.tar.gz")
    assert (code, out) == (0, "b.tar.gz\n")
    assert os.stat("b.tar.gz").st_mode & 0o777 == 0o600
    files = opened(place / "b.tar.gz")
    check_harmless(files)
    for name in ("gate", "yard"):
        for file in (
            "worker.json",
            "command.txt",
            "events.txt",
            "log.present.txt",
            "log.previous.txt",
            "segments.json",
        ):
            assert f"cameras/{name}/{file}" in files
        assert "refused" in files[f"cameras/{name}/log.present.txt"]
        assert files[f"cameras/{name}/log.previous.txt"].count("refused") == 2, "the stretch that was packed, too"
    for file in ("versions.txt", "environment.txt", "clock.txt", "disk.txt", "configuration.txt", "service.log"):
        assert files[file]
    kept = from_json(FindingsPage, json.loads(files["findings.json"]))
    assert {row.finding.camera for row in kept.rows if row.finding.fingerprint == REFUSED} == {"gate", "yard"}
    assert [row.is_quiet for row in kept.rows if row.finding.fingerprint == REFUSED] == [False, True]
    assert "403 Forbidden" in files["findings.txt"]
    assert "as a recorder wrote it down at" in files["MANIFEST.txt"]
    assert "d1gest" not in "".join(files.values()), "it is made from the password, too"
    assert "camera9.example" in files["MANIFEST.txt"]
    for told in (files["MANIFEST.txt"], err):
        assert "no recorder answers" in told
    assert "MANIFEST.txt says what is in it" in err
    assert list(files) == ["MANIFEST.txt", *sorted(set(files) - {"MANIFEST.txt"})]


def test_of_one_camera_nothing_is_told_of_the_others(place: Path, capsys: Capture) -> None:
    assert made(capsys, "yard", "-o", "b.tar.gz")[0] == 0
    files = opened(place / "b.tar.gz")
    assert "cameras/yard/events.txt" in files
    assert not [name for name in files if "gate" in name]
    assert "10.0.0.6" in files["configuration.txt"]
    rows = from_json(FindingsPage, json.loads(files["findings.json"])).rows
    assert {row.finding.camera for row in rows} == {"yard"}
    assert "10.0.0.5" not in "".join(files.values())
    assert "*** (set)" in files["configuration.txt"]


def test_a_camera_that_there_is_not_is_refused_with_those_that_are(place: Path, capsys: Capture) -> None:
    code, _, err = made(capsys, "nobody", "-o", "b.tar.gz")
    assert code == 2
    assert "no camera 'nobody'; there are: gate, yard" in err
    assert not os.path.lexists("b.tar.gz")


def test_it_is_made_also_where_the_configuration_has_errors_and_masks_what_can_be_read(
    place: Path, capsys: Capture
) -> None:
    with (place / "vmstui.yaml").open("a") as config:
        config.write("cameraz: []\n")
    code, _, err = made(capsys, "-o", "b.tar.gz")
    assert code == 0
    files = opened(place / "b.tar.gz")
    check_harmless(files)
    assert "configuration.txt" not in files
    assert "cameraz" in files["configuration.problems.txt"]
    assert "masked by shape only" in err


@pytest.mark.parametrize("out", ["there.tar.gz", "link.tar.gz", "none/b.tar.gz", ""])
def test_what_cannot_be_written_is_refused_before_anything_is_asked(place: Path, capsys: Capture, out: str) -> None:
    (place / "there.tar.gz").write_text("kept")
    (place / "link.tar.gz").symlink_to("nowhere")
    code, _, err = made(capsys, "-o", out)
    assert code == 2
    assert out in err
    assert (place / "there.tar.gz").read_text() == "kept"


def test_a_file_that_comes_meanwhile_stays_as_it_is(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmstui.cli.bundle.os.fsync", lambda descriptor: Path("b.tar.gz").write_text("kept"))
    code, _, err = made(capsys, "-o", "b.tar.gz")
    assert code == 2
    assert "is there already, and nothing is ever overwritten" in err
    assert Path("b.tar.gz").read_text() == "kept"


def test_ctrl_c_leaves_nothing_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    before = sorted(os.listdir())
    monkeypatch.setattr("vmstui.cli.bundle.os.fsync", interrupted)
    assert main(["bundle", "-o", "b.tar.gz"]) == 130
    assert sorted(os.listdir()) == before


def test_without_a_name_it_is_called_by_its_time(place: Path, capsys: Capture) -> None:
    name = made(capsys)[1].strip()
    assert name.startswith("vmstui-bundle-20")
    assert name.endswith(".tar.gz")
    with tarfile.open(name) as archive:
        assert {one.name.partition("/")[0] for one in archive.getmembers()} == {name.removesuffix(".tar.gz")}


def test_it_can_be_sent_on_through_standard_output(place: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    before = sorted(os.listdir())
    assert main(["bundle", "-o", "-"]) == 0
    out, err = capfdbinary.readouterr()
    with tarfile.open(fileobj=io.BytesIO(out)) as archive:
        assert archive.getnames()[0].endswith("/MANIFEST.txt")
    assert b"MANIFEST.txt" in err
    assert sorted(os.listdir()) == before


# -- with one ---------------------------------------------------------------------------------------------------------


def recorder(place: Path) -> dict[str, Callable[[Mapping[str, Json]], object]]:
    """One that tells passwords in all that it says."""
    lines = tuple(log_line(number, text, camera="gate") for number, text in enumerate(said(), 1))
    yards = (log_line(1000, "of the yard", camera="yard"),)

    def logs(params: Mapping[str, Json]) -> LogPage:
        return LogPage((*lines, *yards) if params["camera"] is None else lines, 99, 0)

    def run_log(params: Mapping[str, Json]) -> RunLog:
        if params["camera"] == "yard":
            raise RecorderError("no log is kept of the run 1 before the present one of yard; kept: none")
        return RunLog("gate", 1, lines, 1, False, NOW)

    def findings(params: Mapping[str, Json]) -> FindingsPage:
        return page(row(finding("", None, text=said()[-1])), row(finding(camera="yard")))

    config = str(place / "vmstui.yaml")
    return {
        "hello": lambda params: {"pid": os.getpid()},
        "snapshot": lambda params: recorder_snapshot(
            camera("gate", reason=said()[-1], fallback=said()[0]),
            camera("yard"),
            config_path=config,
            warnings=tuple(said()),
            ffmpeg=None,
        ),
        "details": lambda params: camera_details(str(params["camera"])),
        "history": lambda params: (Event(NOW, "gate", EventKind.EXIT, said()[-1], rule=said()[0]),),
        "logs": logs,
        "run_log": run_log,
        "findings": findings,
    }


def test_a_recorder_that_runs_is_asked_for_what_it_offers(place: Path, capsys: Capture) -> None:
    with answering(place / "run", recorder(place)):
        code, _, err = made(capsys, "-o", "b.tar.gz")
    assert code == 0
    files = opened(place / "b.tar.gz")
    check_harmless(files)
    for file in ("status.json", "status.txt", "findings.json", "findings.txt", "processes.txt", "recorder.log.txt"):
        assert files[file]
    assert "cameras/gate/details.json" in files
    assert files["cameras/gate/log.previous.txt"].startswith(" " * 19), "without a time where nobody knows it"
    assert f"the recorder runs: process {os.getpid()}" in files["MANIFEST.txt"]
    assert "no log is kept of the run 1 before the present one of yard" in files["MANIFEST.txt"]
    assert "rtsp_unauthorized" in files["findings.txt"]
    assert "MANIFEST" in err


def test_a_recorder_tells_of_one_camera_alone(place: Path, capsys: Capture) -> None:
    with answering(place / "run", recorder(place)):
        assert made(capsys, "gate", "-o", "b.tar.gz")[0] == 0
    files = opened(place / "b.tar.gz")
    assert [one["id"] for one in json.loads(files["status.json"])["cameras"]] == ["gate"]
    assert [one["finding"]["camera"] for one in json.loads(files["findings.json"])["rows"]] == ["gate"]
    assert "of the yard" not in files["recorder.log.txt"]
    assert not [name for name in files if "yard" in name]


def test_a_recorder_that_hangs_is_asked_once_and_told_of(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmstui.cli.bundle_gathering.ANSWER_S", 0.2)
    (place / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "run" / "control.sock"))
        listener.listen()
        assert made(capsys, "-o", "b.tar.gz")[0] == 0
        listener.accept()[0].close()
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    files = opened(place / "b.tar.gz")
    assert "does not answer within 0.2 s" in files["MANIFEST.txt"]
    assert "cameras/gate/log.present.txt" in files


def test_a_recorder_that_stops_answering_costs_only_what_it_alone_knows(place: Path, capsys: Capture) -> None:
    methods = recorder(place)

    def hangs_up(params: Mapping[str, Json]) -> object:
        raise ConnectionResetError

    with answering(place / "run", methods | {"details": hangs_up}):
        code, _, err = made(capsys, "-o", "b.tar.gz")
    assert code == 0
    files = opened(place / "b.tar.gz")
    assert "refused" in files["cameras/yard/log.previous.txt"], "from its file"
    assert "as a recorder wrote it down at" in files["MANIFEST.txt"]
    assert f"process {os.getpid()} is a recorder that does not answer" in files["MANIFEST.txt"]
    assert "hung up" in err
