"""`vmstui bench` where nothing has to be measured for it: what becomes of a result, and what is wrong use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.bench_examples import result
from vmstui.bench.kept import last
from vmstui.cli import main
from vmstui.cli.bench import BenchOptions, finish
from vmstui.codec import to_json

OPTIONS = BenchOptions(
    config=None,
    cameras=(),
    simulated=2,
    size=None,
    fps=None,
    codec=None,
    profile=None,
    rounds=3,
    seconds=10,
    as_json=False,
    markdown=False,
)

# -- a result ---------------------------------------------------------------------------------------------------------


def test_a_result_that_cannot_be_kept_is_printed_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    state.write_text("a file where a folder should be")
    assert finish(OPTIONS, result(), state) == 1
    out, err = capsys.readouterr()
    assert "one process instead of 2: -41.8 % CPU" in out
    assert err == f"not kept in {state}/bench.json: Not a directory\n"

    assert finish(replace(OPTIONS, as_json=True), result(), state) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == {"result": to_json(result())}
    assert err.startswith("not kept in ")


def test_a_result_that_is_kept_is_printed_and_it_is_said_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finish(OPTIONS, result(), tmp_path) == 0
    out, err = capsys.readouterr()
    assert "one process instead of 2: -41.8 % CPU" in out
    assert err == f"kept in {tmp_path}/bench.json\n"
    assert last(tmp_path) == result()


# -- wrong use --------------------------------------------------------------------------------------------------------


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with one camera, and no recorder; gives the folder."""
    config = tmp_path / "vmstui.yaml"
    config.write_text(f"recordings: {tmp_path}/recordings\ncameras:\n  - {{id: gate, url: 'rtsp://127.0.0.1:1/s'}}\n")
    for name, where in {"CONFIG": config, "RUNTIME": tmp_path / "run", "STATE": tmp_path / "state"}.items():
        monkeypatch.setenv(f"VMSTUI_{name}", str(where))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("yard",), "not measured: camera: found yard; accepted: gate\n"),
        (("gate", "--profile", "nonesuch"), "not measured: --profile: found nonesuch; accepted: "),
    ],
)
def test_a_camera_or_profile_that_there_is_not_is_wrong_use(
    configured: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert main(["bench", *arguments]) == 2
    assert capsys.readouterr().err.startswith(said)
    assert main(["bench", *arguments, "--json"]) == 2
    assert said.removeprefix("not measured: ").strip() in json.loads(capsys.readouterr().out)["refused"][0]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--size", "640x360"), "--size"),
        (("gate", "--fps", "15"), "--fps"),
        (("--codec", "h264", "--size", "1280x720"), "--size, --codec"),
    ],
)
def test_what_is_said_of_simulated_cameras_alone_is_wrong_use_without_them(
    configured: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], found: str
) -> None:
    assert main(["bench", *arguments]) == 2
    assert capsys.readouterr().err == f"found {found} without --simulated, accepted only with it\n"
