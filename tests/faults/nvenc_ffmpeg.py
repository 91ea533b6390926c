"""Stands before ffmpeg as one with NVENC, on a machine whose driver allows as many sessions as $FAULTS/sessions says.

A worker that wants one too many is refused it in the words of ffmpeg and the driver ($FAULTS/refusal); any other one is
the real ffmpeg, with software encoders in the place of those of the GPU. No GPU is needed, and none is tried.
"""

import fcntl
import os
import sys

SOFTWARE = {"h264_nvenc": "libx264", "hevc_nvenc": "libx265"}
IN_TRIALS = "mpeg4"
"""Whether NVENC works is tried for ten seconds at most, in which a busy machine need not get x265 to its end."""
OF_NVENC = {"-preset", "-tune", "-rc", "-forced-idr"}


def main() -> None:
    real, arguments = os.environ["REAL_FFMPEG"], sys.argv[1:]
    wanted = [name for name in arguments if name in SOFTWARE]
    if wanted and "VMSTUI_PROCESS" in os.environ and not taken(len(wanted)):
        refuse(wanted[-1])
    os.execv(real, [real, *translated(arguments)])


def taken(count: int) -> bool:
    """Take so many sessions, which this process, whatever it executes, holds until it ends."""
    held = os.path.join(os.environ["FAULTS"], "held")
    os.makedirs(held, exist_ok=True)
    with open(os.path.join(os.environ["FAULTS"], "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        used = 0
        for pid in os.listdir(held):
            with open(os.path.join(held, pid)) as file:
                used += int(file.read()) if alive(pid) else 0
        with open(os.path.join(os.environ["FAULTS"], "sessions")) as file:
            if used + count > int(file.read()):
                return False
        with open(os.path.join(held, str(os.getpid())), "w") as file:
            file.write(str(count))
    return True


def alive(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def refuse(encoder: str) -> None:
    with open(os.path.join(os.environ["FAULTS"], "refusal")) as file:
        answer = file.read().strip()
    why = "Error while opening encoder - maybe incorrect parameters such as bit_rate, rate, width or height."
    print(f"[{encoder} @ 0x1] [error] {answer}", file=sys.stderr)
    print(f"[vost#0:0/{encoder} @ 0x2] [enc:{encoder} @ 0x3] [error] {why}", file=sys.stderr)
    print("[vf#0:0 @ 0x4] [error] Error sending frames to consumers: Operation not permitted", file=sys.stderr)
    print("[vf#0:0 @ 0x4] [error] Task finished with error code: -1 (Operation not permitted)", file=sys.stderr)
    sys.exit(234)


def translated(arguments: list[str]) -> list[str]:
    """Without what only NVENC understands."""
    found: list[str] = []
    of_nvenc = skip = False
    for argument in arguments:
        if skip:
            skip = False
            continue
        if argument in SOFTWARE:
            of_nvenc = True
            of_worker = (SOFTWARE[argument], "-preset", "ultrafast")
            found += of_worker if "VMSTUI_PROCESS" in os.environ else (IN_TRIALS,)
            continue
        if argument == "-map":
            of_nvenc = False
        if of_nvenc and argument in OF_NVENC:
            skip = True
            continue
        found.append(argument)
    return found


if __name__ == "__main__":
    main()
