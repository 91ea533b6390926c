"""What options of a worker's command line cost and give, at equal outputs. Not run by pytest.

    python -m tests.bench.bench_tuning [--rounds 5] [--seconds 10] [--size 1280x720] [--fps 15] [--only NAME …]
        [--profile reencode] [--codec h264] [--unpaced] [--quality] [--json FILE]

A clip that is made once (a still scene, something that moves through it, noise of a sensor) goes through the product's
own command line, changed by one option at a time. Nothing but the source and the end of the live output is other than
in service: files instead of RTSP, at the pace of a camera, so that every variant encodes the very same frames.

On shared cores the same work takes a quarter more CPU time in one second than in the next. So a variant always runs
*beside* the defaults, both at once, and what counts is the ratio of the two; every variant has its turn in each round,
forwards and backwards. The defaults against themselves show what of a ratio is noise. So is the layout `separate`
compared, in which the recording and the live stream are made by a process each.

Told of each variant: that ratio (median and quartiles over the rounds), and what came of it: frames, keyframes, sizes,
and with `--quality` PSNR and SSIM of luma against the clip, of the recording and of the live stream.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from vmstui.configured import Camera, Encoder, OutputSettings, Profile, VideoCodec
from vmstui.ffmpeg.abilities import Abilities, choose
from vmstui.ffmpeg.command import WorkerFiles, separate_argvs, worker_argv
from vmstui.ffmpeg.plan import Plan, plans

DEFAULT = "as it is"
SEPARATE = "two processes"
Argv = tuple[str, ...]
Change = Callable[[Argv], Argv]
Commands = Callable[[Path], tuple[Argv, ...]]
"""Of what runs as one variant, by the folder for what comes of it."""

PROFILES = {
    "reencode": Profile(
        "reencode",
        OutputSettings(VideoCodec.H265, Encoder.SOFTWARE, bitrate_bps=1_500_000),
        OutputSettings(VideoCodec.H264, Encoder.SOFTWARE, size=(1920, 1080), bitrate_bps=3_000_000),
    ),
    "same-size": Profile(
        "same-size",
        OutputSettings(VideoCodec.H265, Encoder.SOFTWARE, bitrate_bps=1_500_000),
        OutputSettings(VideoCodec.H264, Encoder.SOFTWARE, bitrate_bps=2_000_000),
    ),
    "reencode, half": Profile(
        "reencode, half",
        OutputSettings(VideoCodec.H265, Encoder.SOFTWARE, bitrate_bps=500_000),
        OutputSettings(VideoCodec.H264, Encoder.SOFTWARE, size=(960, 540), bitrate_bps=1_000_000),
    ),
    "smaller": Profile(
        "smaller",
        OutputSettings(VideoCodec.H265, Encoder.SOFTWARE),
        OutputSettings(VideoCodec.H264, Encoder.SOFTWARE, size=(640, 360), bitrate_bps=800_000),
    ),
}


def after(option: str, value: str, occurrence: int = 0) -> Change:
    """Another value of an option that is there."""

    def change(argv: Argv) -> Argv:
        places = [index for index, argument in enumerate(argv) if argument == option]
        place = places[occurrence] + 1
        return (*argv[:place], value, *argv[place + 1 :])

    return change


def before_input(*arguments: str) -> Change:
    """Options of the decoder and the demuxer."""
    return lambda argv: (*argv[: argv.index("-f")], *arguments, *argv[argv.index("-f") :])


def with_output(occurrence: int, *arguments: str) -> Change:
    """Options of one output: 0 the recording, 1 the live stream."""

    def change(argv: Argv) -> Argv:
        place = [index for index, argument in enumerate(argv) if argument == "-c:v"][occurrence] + 2
        return (*argv[:place], *arguments, *argv[place:])

    return change


def globally(*arguments: str) -> Change:
    """Options for all."""
    return lambda argv: (argv[0], *arguments, *argv[1:])


def x265(parameters: str) -> Change:
    """More parameters of x265."""

    def change(argv: Argv) -> Argv:
        place = argv.index("-x265-params") + 1
        return (*argv[:place], f"{argv[place]}:{parameters}", *argv[place + 1 :])

    return change


def without(option: str) -> Change:
    """Neither the option nor its values, wherever."""

    def change(argv: Argv) -> Argv:
        kept: list[str] = []
        skip = False
        for argument in argv:
            if skip or argument == option:
                skip = argument == option and not skip
                continue
            kept.append(argument)
        return tuple(kept)

    return change


def all_of(*changes: Change) -> Change:
    """One after the other."""

    def change(argv: Argv) -> Argv:
        for each in changes:
            argv = each(argv)
        return argv

    return change


def split(argv: Argv) -> Argv:
    """One filter graph that feeds both outputs."""
    chains = [argv[index + 1] for index, argument in enumerate(argv) if argument == "-vf"]
    argv = without("-vf")(argv)
    graph = f"[0:v:0]split[a][b];[a]{chains[0]}[r];[b]{chains[1]}[l]"
    places = [index for index, argument in enumerate(argv) if argument == "-map"]
    mapped = list(argv)
    mapped[places[0] + 1], mapped[places[1] + 1] = "[r]", "[l]"
    return (*mapped[: places[0]], "-filter_complex", graph, *mapped[places[0] :])


def scaler(flags: str) -> Change:
    """How the live stream is scaled."""

    def change(argv: Argv) -> Argv:
        return tuple(re.sub(r"(scale=\d+:\d+)", rf"\1:flags={flags}", argument) for argument in argv)

    return change


VARIANTS: dict[str, Change] = {
    DEFAULT: lambda argv: argv,
    "decoder: 1 thread": before_input("-threads", "1"),
    "decoder: slices": before_input("-thread_type", "slice"),
    "one filter graph, split": split,
    "filters: own threads": without("-filter_threads"),
    "scaler: bilinear": scaler("bilinear"),
    "scaler: fast_bilinear": scaler("fast_bilinear"),
    "fps_mode passthrough": all_of(after("-fps_mode", "passthrough", 0), after("-fps_mode", "passthrough", 1)),
    "x264: 1 thread": with_output(1, "-threads", "1"),
    "x264: frame threads": with_output(1, "-x264-params", "sliced-threads=0:threads=2"),
    "x264: weightp=0": with_output(1, "-x264-params", "weightp=0"),
    "x264: me=dia": with_output(1, "-x264-params", "me=dia"),
    "x264: veryfast": after("-preset", "veryfast", 1),
    "x264: ultrafast": after("-preset", "ultrafast", 1),
    "x265: frame-threads=1": x265("frame-threads=1"),
    "x265: no wpp": x265("no-wpp=1"),
    "x265: pools=none": x265("pools=none"),
    "x265: lookahead-slices=0": x265("lookahead-slices=0"),
    "x265: superfast": after("-preset", "superfast", 0),
    "x265: bframes=0": x265("bframes=0"),
    "x265: zerolatency": with_output(0, "-tune", "zerolatency"),
    "x265: ctu=64": x265("ctu=64"),
    "x264: 1 thread; x265: pools=none": all_of(with_output(1, "-threads", "1"), x265("pools=none")),
}


@dataclass(frozen=True)
class Run:
    """One worker over the clip, or two in its place."""

    cpu_s: float
    frames: int
    recording_bytes: int
    live_bytes: int


@dataclass(frozen=True)
class Outcome:
    """Of a variant over all rounds; ratios by the defaults of the same round."""

    name: str
    ratio: float
    lower: float
    upper: float
    """The quartiles."""
    cpu_s: float
    frames: int
    keyframes: tuple[int, int]
    recording_bytes: int
    live_bytes: int
    recording_likeness: tuple[float, float]
    """PSNR in dB and SSIM of luma."""
    live_likeness: tuple[float, float]


def make_clip(ffmpeg: str, path: Path, size: tuple[int, int], fps: int, seconds: float, codec: str) -> None:
    """A scene as a camera sends it: a background full of detail that stands still, things that move, noise."""
    width, height = size
    scene = (
        f"mandelbrot=size={width}x{height}:rate=1:maxiter=400:end_scale=0.02:start_scale=0.02,trim=end_frame=1,"
        f"loop=loop=-1:size=1,setpts=N/({fps}*TB),fps={fps}[still];"
        f"testsrc2=size={width // 6}x{height // 4}:rate={fps}[thing];"
        f"smptebars=size={width // 12}x{height // 5}:rate={fps}[other];"
        f"[still][thing]overlay=x='(W-w)/2+(W-w)/2*sin(t*0.8)':y='H/2+h*sin(t*1.7)/2'[a];"
        f"[a][other]overlay=x='mod(t*90,W)':y='H*0.7',noise=alls=5:allf=t,format=yuv420p"
    )
    argv = [ffmpeg, "-v", "error", "-nostdin", "-y", "-filter_complex", scene, "-t", f"{seconds:g}"]
    if codec == "h265":
        argv += ["-c:v", "libx265", "-x265-params", f"log-level=error:keyint={2 * fps}:bframes=0", "-tag:v", "hvc1"]
    else:
        argv += ["-c:v", "libx264", "-g", str(2 * fps), "-bf", "0", "-profile:v", "main"]
    subprocess.run([*argv, "-preset", "medium", "-crf", "24", str(path)], check=True)


def command(abilities: Abilities, profile: Profile, codec: str, script: Path, folder: Path) -> Argv:
    """The product's own, but that the live stream goes to a file."""
    return _to_file(worker_argv(abilities, *_asked(abilities, profile, codec, script, folder)))


def separate(abilities: Abilities, profile: Profile, codec: str, script: Path, folder: Path) -> tuple[Argv, ...]:
    """The same outputs by a process each, as `vmstui bench` measures them."""
    recording, live = separate_argvs(abilities, *_asked(abilities, profile, codec, script, folder))
    return recording, _to_file(live)


def _asked(
    abilities: Abilities, profile: Profile, codec: str, script: Path, folder: Path
) -> tuple[Plan, Camera, WorkerFiles, int, str]:
    camera, files = Camera("bench", "Bench", "rtsp://bench", profile), WorkerFiles(str(script), str(folder))
    return plans(profile, codec, abilities)[0], camera, files, 3600, f"{folder}/live.mkv"


def _to_file(argv: Argv) -> Argv:
    argv = after("-fifo_format", "matroska")(argv)
    place = argv.index("-format_opts")
    return (*argv[:place], *argv[place + 2 :])


def pair(first: tuple[Commands, Path], second: tuple[Commands, Path]) -> tuple[Run, Run]:
    """Two variants beside each other: what they took, by the kernel's account of the ended processes."""
    begun = [_begin(commands(folder), folder) for commands, folder in (first, second)]
    return _end(begun[0], first[1]), _end(begun[1], second[1])


def _begin(argvs: tuple[Argv, ...], folder: Path) -> list[subprocess.Popen[bytes]]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begun = []
    for number, argv in enumerate(argvs):
        with (folder / f"progress{number}").open("wb") as progress, (folder / f"log{number}").open("wb") as log:
            begun.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=progress, stderr=log))
    return begun


def _end(processes: list[subprocess.Popen[bytes]], folder: Path) -> Run:
    cpu_s, frames = 0.0, []
    for number, process in enumerate(processes):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{process.args!r}\n{(folder / f'log{number}').read_text()}")
        cpu_s += usage.ru_utime + usage.ru_stime
        told = (folder / f"progress{number}").read_text()
        frames.append([int(found) for found in re.findall(r"frame=\s*(\d+)", told)][-1])
    if len(set(frames)) > 1:
        raise RuntimeError(f"{frames} frames were encoded: not the same work")
    recording = sum(file.stat().st_size for file in folder.glob("*.mp4"))
    return Run(cpu_s, frames[0], recording, (folder / "live.mkv").stat().st_size)


def keyframes(ffmpeg: str, file: Path) -> int:
    """How many a file has."""
    argv = [
        ffmpeg,
        "-v",
        "error",
        "-skip_frame",
        "nokey",
        "-i",
        str(file),
        "-fps_mode",
        "passthrough",
        "-f",
        "framecrc",
    ]
    lines = subprocess.run([*argv, "-"], capture_output=True, text=True, check=True).stdout.splitlines()
    return sum(not line.startswith("#") for line in lines)


def likeness(ffmpeg: str, file: Path, clip: Path, size: tuple[int, int]) -> tuple[float, float]:
    """PSNR in dB and SSIM of luma against the clip, scaled to the size of the file as the product scales it. Frames are
    numbered, as the time bases of two containers do not meet."""
    graph = f"[1:v]scale={size[0]}:{size[1]},settb=1/1000,setpts=N*40,split[r][s];"
    graph += "[0:v]settb=1/1000,setpts=N*40,split[d][e];[d][r]psnr;[e][s]ssim"
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-i", str(file), "-i", str(clip), "-lavfi", graph, "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    return float(re.findall(r"PSNR y:([0-9.]+)", said)[-1]), float(re.findall(r"SSIM Y:([0-9.]+)", said)[-1])


def measure(folder: Path, variants: dict[str, Commands], rounds: int) -> dict[str, list[tuple[Run, Run]]]:
    """Of each variant the pairs: the defaults and itself, which ran beside each other."""
    pairs: dict[str, list[tuple[Run, Run]]] = {name: [] for name in variants}
    base = folder / "base"
    for number in range(rounds):
        for place, name in enumerate(variants if number % 2 == 0 else reversed(variants)):
            own = folder / f"kept{list(variants).index(name)}" if number == 0 else folder / "again"
            defaults, changed = (variants[DEFAULT], base), (variants[name], own)
            if (number + place) % 2:
                mine, its = pair(defaults, changed)
            else:
                its, mine = pair(changed, defaults)
            pairs[name].append((mine, its))
            print(f"{number + 1} {name:<34} {its.cpu_s / mine.cpu_s:.3f}", file=sys.stderr, flush=True)
    return pairs


def judged(
    folder: Path,
    ffmpeg: str,
    clip: Path,
    sizes: tuple[tuple[int, int], tuple[int, int]],
    pairs: dict[str, list[tuple[Run, Run]]],
    *,
    quality: bool,
) -> list[Outcome]:
    """What came of each variant; with `quality` also by decoding what it made."""
    found = []
    for number, (name, runs) in enumerate(pairs.items()):
        ratios = [its.cpu_s / mine.cpu_s for mine, its in runs]
        counted, seen = (0, 0), ((0.0, 0.0), (0.0, 0.0))
        if quality:
            kept = folder / f"kept{number}"
            recording, live = next(kept.glob("*.mp4")), kept / "live.mkv"
            counted = keyframes(ffmpeg, recording), keyframes(ffmpeg, live)
            seen = likeness(ffmpeg, recording, clip, sizes[0]), likeness(ffmpeg, live, clip, sizes[1])
        first = runs[0][1]
        found.append(
            Outcome(
                name,
                statistics.median(ratios),
                *_quartiles(ratios),
                statistics.median(its.cpu_s for _, its in runs),
                first.frames,
                counted,
                first.recording_bytes,
                first.live_bytes,
                *seen,
            )
        )
    return found


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of the clip")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--codec", choices=("h264", "h265"), default="h264", help="of the camera")
    parser.add_argument("--profile", choices=PROFILES, default="reencode")
    parser.add_argument("--only", nargs="+", help="beginnings of the names of variants")
    parser.add_argument("--unpaced", action="store_true", help="as fast as it goes, not as a camera sends")
    parser.add_argument("--clip", type=Path, help="another clip than the one that is made")
    parser.add_argument(
        "--quality", action="store_true", help="decode what came of the first round: keyframes, likeness"
    )
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    width, height = (int(part) for part in options.size.split("x"))
    names = [*VARIANTS, SEPARATE]
    if options.only:
        names = [name for name in names if name == DEFAULT or name.startswith(tuple(options.only))]
    with tempfile.TemporaryDirectory(prefix="vmstui-tuning-") as name:
        folder = Path(name)
        abilities = choose("auto", Path(tempfile.gettempdir()) / "vmstui-tuning-cache")
        clip = options.clip or folder / "clip.mp4"
        if options.clip is None:
            make_clip(abilities.binary.path, clip, (width, height), options.fps, options.seconds, options.codec)
        script = folder / "input.ffconcat"
        script.write_text(f"ffconcat version 1.0\nfile '{clip}'\n")
        begun_s = time.monotonic()

        def made_as(name: str) -> Commands:
            pace = VARIANTS[DEFAULT] if options.unpaced else before_input("-readrate", "1")
            asked = abilities, PROFILES[options.profile], options.codec, script
            if name == SEPARATE:
                return lambda place: tuple(pace(argv) for argv in separate(*asked, place))
            return lambda place: (pace(VARIANTS[name](command(*asked, place))),)

        pairs = measure(folder, {name: made_as(name) for name in names}, options.rounds)
        live = PROFILES[options.profile].live
        sizes = (width, height), (live.size if live is not None and live.size is not None else (width, height))
        found = judged(folder, abilities.binary.path, clip, sizes, pairs, quality=options.quality)
        print(f"clip of {clip.stat().st_size / 1e6:.1f} MB; {time.monotonic() - begun_s:.0f} s", file=sys.stderr)
    for one in found:
        print(
            f"{one.name:<34}{one.ratio:6.3f} ({one.lower:.3f}–{one.upper:.3f}) {one.cpu_s:6.2f} s "
            f"{one.frames:5} {one.keyframes[0]:3} {one.keyframes[1]:3} "
            f"{one.recording_bytes / 1e3:8.0f} {one.live_bytes / 1e3:8.0f} kB  "
            f"{one.recording_likeness[0]:.2f} dB {one.recording_likeness[1]:.4f}  "
            f"{one.live_likeness[0]:.2f} dB {one.live_likeness[1]:.4f}"
        )
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(one) for one in found], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
