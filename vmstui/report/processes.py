"""The section about processes: which there are, what each makes, and the exact command of each worker. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from vmstui.configured import OutputKind
from vmstui.model import CameraSnapshot, CameraState, OutputHealth, OutputState
from vmstui.report.document import Block, Inline, Listing, Section, Table, Tone, Verdict, said
from vmstui.report.gathered import Gathered
from vmstui.report.names import called, megabytes, minute, percent
from vmstui.spoken import codec_name, plural

COLUMNS = 96


def processes_section(gathered: Gathered) -> Section:
    """Processes and commands."""
    workers = [one for one in gathered.cameras if one.camera.pid is not None]
    beside = sum(one.camera.beside_pid is not None for one in workers)
    more = f", and {beside} beside them while they are replaced" if beside else ""
    blocks: list[Block] = [
        said(
            f"{plural(len(workers), 'ffmpeg process', 'ffmpeg processes')} for "
            f"{plural(len(gathered.cameras), 'camera')}{more}: one a camera makes the recording and the live stream "
            "from a single connection to it."
        ),
        _table(gathered),
    ]
    commands: list[Block | Section] = []
    for one in gathered.cameras:
        if one.details is None or not one.details.command:
            continue
        of = f"process {one.camera.pid}" if one.camera.pid is not None else "of its last worker"
        about: list[Block] = [said(f"Input: {one.details.source}"), *_outputs(one.camera)]
        about.append(Listing(tuple(command_lines(one.details.command)), "sh"))
        commands.append(Section(f"{called(one.camera)}, {of}", tuple(about)))
    return Section("Processes and commands", (*blocks, *commands))


def command_lines(argv: Sequence[str]) -> list[str]:
    """A command as a shell takes it, an option with its value on one line each as far as they fit."""
    words: list[str] = []
    for argument in argv:
        quoted = shlex.quote(argument)
        value = bool(words) and words[-1].startswith("-") and " " not in words[-1] and not argument.startswith("-")
        if value:
            words[-1] += f" {quoted}"
        else:
            words.append(quoted)
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= COLUMNS and not word.startswith("-map "):
            lines[-1] += f" {word}"
        else:
            lines.append(word if not lines else f"  {word}")
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _table(gathered: Gathered) -> Table:
    rows: list[tuple[Inline, ...]] = []
    for one in gathered.cameras:
        camera = one.camera
        sample, since = camera.sample, camera.started_at
        rows.append(
            (
                called(camera),
                Verdict(camera.state.value, Tone.GOOD if camera.state is CameraState.RECORDING else Tone.WARN),
                str(camera.pid or "–"),
                minute(since, gathered.zone) if since is not None else "–",
                percent(sample.cpu_percent) if sample is not None else "–",
                megabytes(sample.rss_bytes) if sample is not None else "–",
                str(sample.threads) if sample is not None else "–",
                camera.profile,
            )
        )
    for process in gathered.processes:
        own = gathered.snapshot.service if process.name == "service" else gathered.snapshot.relay
        of_it = own.sample
        rows.append(
            (
                process.name,
                Verdict(own.state, Tone.GOOD if own.state in ("running", "external") else Tone.WARN),
                str(process.pid),
                minute(process.started_at, gathered.zone) if process.started_at is not None else "–",
                percent(of_it.cpu_percent) if of_it is not None else "–",
                megabytes(of_it.rss_bytes) if of_it is not None else "–",
                str(of_it.threads) if of_it is not None else "–",
                "",
            )
        )
    header = ("process", "state", "pid", "since", "CPU", "memory", "threads", "profile")
    return Table(header, tuple(rows), frozenset((2, 4, 5, 6)))


def _outputs(camera: CameraSnapshot) -> list[Block]:
    """`Output 1: recording, H.265 by hevc_nvenc → MP4 segments in …`."""
    return [said(f"Output {number}: {_output(output)}") for number, output in enumerate(camera.outputs, 1)]


def _output(output: OutputHealth) -> str:
    codec = codec_name(output.codec, "codec not known")
    made = "copied" if output.encoder == "copy" else f"by {output.encoder}" if output.encoder else "not made"
    what = "MP4 segments" if output.kind is OutputKind.RECORDING else "RTSP stream"
    where = f" → {what}, {output.address}" if output.address else ""
    state = "" if output.state is OutputState.UP else f" ({output.state.value}: {output.reason or 'no reason known'})"
    return f"{output.kind.value}, {codec} {made}{where}{state}"
