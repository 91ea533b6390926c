"""`vmstui findings` and what people say of them, asked of a real recorder."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.integration.harness import PASSWORD, Recorder, wait_until
from vmstui.live.simulated import SimulatedCameras
from vmstui.triage.messages_file import read_messages

ODD = "an odd thing happened 17 times"


def test_what_a_worker_says_is_found_acknowledged_and_told_again(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    recorder.configure([("cam1", simulated().url("cam1"))])
    recorder.start()
    recorder.wait_recording()
    with open(recorder.details().log_path, "a") as log:  # where its worker writes, too
        log.write(f"[x @ 0x1] [error] {ODD} for {PASSWORD}\n")

    def found() -> bool:
        return ODD in recorder.command("findings", "cam1").stdout

    wait_until(found, "the line is found")
    told = recorder.command("findings")
    assert told.returncode == 1, told.stdout
    assert f"error   x1      cam1, process: {ODD} for ***" in told.stdout
    pasted = recorder.command("findings", "--unknown").stdout
    assert len(read_messages("messages.yaml", pasted.encode(), {})) == 1

    said = recorder.command("acknowledge", "an odd thing", "--for", "8h", "--note", f"not {PASSWORD}")
    assert said.returncode == 0, said.stderr
    assert recorder.command("findings", "cam1").returncode == 0
    (known,) = json.loads(recorder.command("findings", "--acknowledged", "--json").stdout)
    assert (known["camera"], known["note"]) == ("cam1", "not ***")

    assert recorder.command("unacknowledge", known["id"]).returncode == 0
    assert recorder.command("findings", "cam1").returncode == 1
    refused = recorder.command("acknowledge", "nobody said that")
    assert refused.returncode == 2
    assert ODD in refused.stderr
    assert not [path for path, content in recorder.all_files().items() if PASSWORD.encode() in content]
