"""What is asked and said of findings over the control socket: checked, bounded, made harmless, and noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.test_triager import MISSED, UNKNOWN
from tests.unit.test_triager import Service as Triaging
from vmstui.codec import Json, from_json
from vmstui.control.explaining import Explaining
from vmstui.control.protocol import INVALID_PARAMS, REFUSED, ProtocolError
from vmstui.findings import Acknowledgement, FindingsPage, Incident, Severity
from vmstui.logged import LogPage
from vmstui.model import EventKind
from vmstui.recorder.fleet import UnknownCamera
from vmstui.recorder.service import Service
from vmstui.triage.masking import Masker

MOMENT = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Asked:
    """The methods, over a triager with a finding that is known and one that is not."""

    def __init__(self, folder: Path) -> None:
        self.service = Triaging(folder)
        self.read: list[str | None] = []
        """Cameras whose log lines were asked for."""
        self.incidents = SimpleNamespace(going_on=(), all=(), of=lambda camera, key: "")
        self.notes: list[tuple[EventKind, str]] = []
        worker = SimpleNamespace(note=lambda kind, text: self.notes.append((kind, text)))
        cameras = {"cam": worker}

        def select(ids: tuple[str, ...]) -> None:
            if set(ids) - set(cameras):
                raise UnknownCamera(f"no camera {ids[0]!r}; configured: cam")

        async def asked_for(camera: str | None) -> None:
            self.read.append(camera)

        parts = SimpleNamespace(
            triager=self.service.triager,
            incidents=self.incidents,
            fleet=SimpleNamespace(cameras=cameras, select=select, log_lines_asked_for=asked_for),
            logbook=self.service.log._context.logbook,
            context=SimpleNamespace(masker=Masker(["hunter2-hunter2"])),
            say=lambda level, text: self.service.said.append(text),
        )
        self.methods = Explaining(cast(Service, parts)).methods

    async def begin(self) -> None:
        self.service.follow()
        self.service.write(MISSED * 3 + UNKNOWN)
        await self.service.until(lambda: len(self.service.counts()) == 2, "two findings")

    async def ask(self, method: str, params: Mapping[str, Any]) -> Json:
        return await self.methods[method](params)

    async def acknowledge(self, **params: Any) -> Acknowledgement:
        said = {"camera": "cam", "fingerprint": "packets_missed", "by": "ops", **params}
        return from_json(Acknowledgement, await self.ask("acknowledge", said))

    async def page(self, camera: str | None = None) -> FindingsPage:
        return from_json(FindingsPage, await self.ask("findings", {"camera": camera}))


@pytest.fixture
async def asked(tmp_path: Path) -> Asked:
    made = Asked(tmp_path)
    await made.begin()
    return made


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"camera": None}, "camera must be"),
        ({"fingerprint": ""}, "fingerprint must be"),
        ({"fingerprint": "x" * 10_000}, "fingerprint must be"),
        ({"fingerprint": 7}, "fingerprint must be"),
        ({"origin": "moon"}, "origin must be null or one of: input, recording, live, process"),
        ({"for_s": 0}, "for_s must be more than 0"),
        ({"for_s": 1e300}, "for_s must be a number from 0 to"),
        ({"for_s": float("nan")}, "for_s must be a number or null"),
        ({"for_s": True}, "for_s must be a number or null"),
        ({"ceiling_per_min": -1}, "ceiling_per_min must be a number from 0 to"),
        ({"ceiling_per_min": "many"}, "ceiling_per_min must be a number or null"),
        ({"note": "x" * 1000}, "note must be a text of at most 300 characters"),
        ({"by": 7}, "by must be a text"),
    ],
)
async def test_what_is_no_acknowledgement_is_refused_with_a_sentence(
    asked: Asked, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ProtocolError, match=sentence) as refused:
        await asked.acknowledge(**wrong)
    assert refused.value.code == INVALID_PARAMS
    assert not (await asked.page()).acknowledgements


async def test_what_is_not_there_is_refused(asked: Asked) -> None:
    with pytest.raises(UnknownCamera):
        await asked.acknowledge(camera="nowhere")
    with pytest.raises(UnknownCamera):
        await asked.page("nowhere")
    with pytest.raises(ProtocolError, match="no finding 'packets_missed' about live on cam") as refused:
        await asked.acknowledge(origin="live")
    assert refused.value.code == REFUSED
    with pytest.raises(ProtocolError, match="no acknowledgement 'a99'; there are: none") as refused:
        await asked.ask("unacknowledge", {"id": "a99"})
    assert refused.value.code == REFUSED
    with pytest.raises(ProtocolError, match="explain and newest must be true or false"):
        await asked.ask("logs", {"explain": 1})


async def test_each_is_noted_in_the_history_of_its_camera_and_what_is_said_is_harmless(asked: Asked) -> None:
    made = await asked.acknowledge(
        by="\x1b[31mops", note="cable \x1b]0;x\x07of \u202ehunter2-hunter2", for_s=60, ceiling_per_min=12.5
    )
    assert (made.by, made.note) == ("ops", "cable of ***")
    ((kind, text),) = asked.notes
    assert kind is EventKind.COMMAND
    assert text.startswith("finding 'packets_missed' acknowledged by ops until ")
    assert text.endswith(", unless more than 12.5 a minute (a1): cable of ***")
    gone = from_json(Acknowledgement, await asked.ask("unacknowledge", {"id": made.id}))
    assert gone == made
    assert asked.notes[1] == (EventKind.COMMAND, "acknowledgement a1 of 'packets_missed' taken back by an operator")


async def test_what_is_said_of_all_cameras_is_in_the_log_of_the_recorder(asked: Asked) -> None:
    await asked.acknowledge(camera="", fingerprint="nobody knows what this is", origin="process")
    assert not asked.notes
    assert asked.service.said[-1] == (
        "finding 'nobody knows what this is' about process on all cameras acknowledged by ops (a1)"
    )


async def test_a_page_has_what_a_person_needs_the_worst_first(asked: Asked) -> None:
    page = await asked.page("cam")
    unknown, missed = page.rows
    assert (unknown.finding.severity, unknown.cause, unknown.active) == (None, "", True)
    assert missed.finding.count == 3
    assert missed.cause
    assert missed.action
    assert missed.source
    assert page.more == 0


async def test_a_page_tells_of_incidents_and_what_is_part_of_them(asked: Asked) -> None:
    incident = Incident(
        "i1", "packets_missed", "lost: 2 cameras", "wait", Severity.DEGRADED, ("cam", "yard"), MOMENT, MOMENT
    )
    asked.incidents.going_on = asked.incidents.all = (incident,)
    asked.incidents.of = lambda camera, key: "i1"
    page = await asked.page("cam")
    assert page.incidents == (incident,)
    assert [row.incident for row in page.rows] == ["i1", ""], "noise is part of none"
    later = replace(incident, since=datetime.now(UTC) + timedelta(minutes=5))
    asked.incidents.going_on = asked.incidents.all = (later,)
    assert [row.incident for row in (await asked.page("cam")).rows] == ["", ""], "nor what was over before"


async def test_log_lines_are_explained_where_that_is_asked_for(asked: Asked) -> None:
    for explain, messages in ((False, ["", "", "", ""]), (True, ["packets_missed"] * 3 + [""])):
        page = from_json(LogPage, await asked.ask("logs", {"camera": "cam", "explain": explain}))
        assert asked.read[-1] == "cam", "what it logged just now is in it"
        assert [line.message for line in page.lines] == messages
