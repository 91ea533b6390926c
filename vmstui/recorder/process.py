"""A process of ours as the kernel sees it: spawned so that it outlives us, found again, waited for, signalled.

Guarantees: a child never holds a pipe of ours (stdin is /dev/null, output goes to files opened for appending), runs in
a session of its own, and inherits exactly one more descriptor, the lock that makes a second one impossible. A process
is known by pid, start time and boot, pinned by a pidfd, so that a reused pid is never adopted and never signalled.

Used for workers and for the relay; knows nothing of cameras.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import os
import resource
import select
import signal
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from vmstui.light_dataclass import dataclass
from vmstui.recorder.bare_thread import BareThread
from vmstui.recorder.bounded_read import read_each
from vmstui.telemetry.procfs import parse_start_ticks, parse_stat

MARKER = "VMSTUI_PROCESS"
"""Environment variable every process of ours carries: `<installation>:<name>:<generation>`."""

LOCK_FD = 3
"""Where it holds its lock."""

USUAL_DESCRIPTORS = 1024
"""The soft limit a process has as a rule; the service raises its own."""

_bare_thread: BareThread | None = None
"""Where `spawn` starts processes, once there is one."""

_PIDFD_GET_INFO = 0xC040FF0B
"""_IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info) with a 64 byte struct; Linux 6.13."""
_PIDFD_INFO_EXIT = 1 << 3
"""Linux 6.15: the exit status of a process that is not our child."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Names one process for ever."""

    pid: int
    start_ticks: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: an exit code, a signal, or neither when nobody can tell any more."""

    code: int | None = None
    signal: int | None = None

    def __str__(self) -> str:
        if self.signal is not None:
            return f"killed by {signal_name(self.signal)}"
        return "exit status unknown" if self.code is None else f"exit code {self.code}"


class LockHeld(Exception):
    """Another process holds the lock of this camera."""


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; the number where there is no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@functools.cache
def boot_id() -> str:
    """Identifies this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def boot_time_s() -> float:
    """Seconds since the boot, on the clock that goes on while the machine is suspended and that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Process:
    """One live process, pinned by a pidfd. Made by `spawn` and `adopt`; `close` when it ended."""

    def __init__(self, identity: Identity, pidfd: int, *, own: bool, mark: str | None = None) -> None:
        """`mark`: its marker, where that was just read."""
        self.identity = identity
        self.pidfd = pidfd
        """Readable once the process ended: for `loop.add_reader`."""
        self.own = own
        """Our child; otherwise it was started by a service before us."""
        self._mark = mark

    @property
    def pid(self) -> int:
        return self.identity.pid

    @property
    def mark(self) -> str:
        """The marker in its environment; empty where it cannot be read."""
        return marker_of(self.pid) if self._mark is None else self._mark

    def age_s(self) -> float:
        """Since its start, by a clock that nobody sets; to a hundredth of a second. Includes time in suspension."""
        return max(0.0, boot_time_s() - self.identity.start_ticks / os.sysconf("SC_CLK_TCK"))

    def send(self, number: signal.Signals) -> None:
        """Signal the process; SIGKILL goes to its whole group, and a stopped one is woken to take the others.

        A process that ended meanwhile is no error.
        """
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL and self._leads_group():
                os.killpg(self.pid, number)
            signal.pidfd_send_signal(self.pidfd, number)
            if number is not signal.SIGKILL:
                signal.pidfd_send_signal(self.pidfd, signal.SIGCONT)

    def _leads_group(self) -> bool:
        # The pidfd pins the pid while the process lives, so its group can be trusted then.
        return os.getpgid(self.pid) == self.pid

    def reap(self) -> Exit | None:
        """How it ended; None when that is not told yet, and may be in a moment. Never waits. Call once the pidfd is
        readable."""
        return _exit_of_child(os.P_PIDFD, self.pidfd) if self.own else _exit_of_stranger(self.identity, self.pidfd)

    def close(self) -> None:
        """Give the pidfd back. May be called twice."""
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


def spawn(
    argv: Sequence[str],
    *,
    marker: str,
    environment: Mapping[str, str],
    stdout: Path,
    stderr: Path,
    lock_fd: int,
    descriptors: int | None = USUAL_DESCRIPTORS,
) -> Process:
    """Start a process that will outlive us.

    `lock_fd` (from `take_lock`) is inherited: the process holds the lock until it, and everything it forked, is gone.
    It is closed here, whatever happens. `descriptors` is how many it may have, None for as many as we. Raises OSError
    when a file or the program cannot be opened.
    """
    opened = [lock_fd]
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        for path in (stdout, stderr):
            opened.append(os.open(path, flags, 0o600))
        opened.append(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC))
        begin = partial(_begin, argv, {**environment, MARKER: marker})
        pid = begin(opened) if _bare_thread is None else _bare_thread.do(begin, opened)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    # Our own child cannot be reaped by anybody else, so the pid is ours until `reap`.
    unprotect(pid, _oom_score_adjustment())
    if descriptors is not None:
        _limit_descriptors(pid, descriptors)
    pidfd = os.pidfd_open(pid)
    return Process(Identity(pid, _start_ticks(pid), boot_id()), pidfd, own=True)


def _begin(argv: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]) -> int:
    lock, stdout, stderr, null = descriptors
    return os.posix_spawn(
        argv[0],
        list(argv),
        environment,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, null, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_DUP2, stderr, 2),
            (os.POSIX_SPAWN_DUP2, lock, LOCK_FD),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGXFSZ],
    )


def spawn_with_bare_hands() -> None:
    """From now on what `spawn` starts has never had a descriptor of ours that it is not given, so that none on a disk
    that hangs can hold it up, and us. Once, before anything on a disk is opened; without effect where the kernel does
    not have what it takes."""
    global _bare_thread
    with contextlib.suppress(OSError):
        _bare_thread = BareThread()


def unprotect(pid: int, inherited: int) -> None:
    """Let the kernel end this process for lack of memory like any other: a protection is for the service alone.

    `inherited` is the adjustment of the service, negative when it is protected (`OOMScoreAdjust=` of its unit).
    """
    if inherited < 0:
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/oom_score_adj").write_text("0")


def _oom_score_adjustment() -> int:
    try:
        return int(Path("/proc/self/oom_score_adj").read_text())
    except (OSError, ValueError):
        return 0


def _limit_descriptors(pid: int, most: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        if soft > most:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))


def seal_descriptors() -> None:
    """Keep what we inherited to ourselves: a descriptor of the shell or of sshd that a worker held on to would keep
    that session from closing. Python's own descriptors are not passed on anyway. Once, before the first `spawn`."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):
                os.set_inheritable(int(name), False)


def take_lock(path: Path) -> int:
    """A descriptor that holds an exclusive `flock` on the file. Raises LockHeld naming the file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Keep clear of 0-3: `spawn` puts these in place in the child one after the other.
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    except BlockingIOError:
        raise LockHeld(str(path)) from None
    finally:
        os.close(descriptor)  # also when there is no second descriptor to be had: it would hold the lock for ever


def adopt(identity: Identity) -> Process | None:
    """The process of that identity if it still lives, whoever started it."""
    found = _pinned(identity.pid) if identity.boot_id == boot_id() else None
    if found is not None and found.identity != identity:
        found.close()
        return None
    return found


def _pinned(pid: int, mark: str | None = None) -> Process | None:
    """The live process with that pid. `mark`: its marker, where that was just read."""
    try:
        # The pidfd first: from then on the pid cannot come to mean another process.
        pidfd = os.pidfd_open(pid)
    except (OSError, ValueError):
        return None
    try:
        raw = Path(f"/proc/{pid}/stat").read_bytes()
        if not _ended(pidfd):
            identity = Identity(pid, parse_start_ticks(raw), boot_id())
            return Process(identity, pidfd, own=_parent(raw) == os.getpid(), mark=mark)
    except OSError:
        pass
    os.close(pidfd)
    return None


def reap_dead(identity: Identity) -> Exit | None:
    """How the process of that identity ended if nobody waited for it yet; None for all others.

    So it is with whoever died between two versions of the service in one process, and with a child of an init that
    does not wait for orphans.
    """
    if identity.boot_id != boot_id():
        return None
    raw = _stat_of(identity)
    if raw is None or parse_stat(raw)[0] != "Z":
        return None
    if _parent(raw) == os.getpid():
        # The pid of a dead child stays taken until we wait for it, so that it cannot come to mean another one here.
        return _exit_of_child(os.P_PID, identity.pid)
    try:
        pidfd = os.pidfd_open(identity.pid)
    except OSError:
        return None
    try:
        return _exit_in_stat(identity) if _ended(pidfd) else None
    finally:
        os.close(pidfd)


def children() -> list[int]:
    """Pids of all our children, dead ones that nobody waited for included."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if _parent(Path(entry.path, "stat").read_bytes()) == os.getpid():
                    found.append(int(entry.name))
    return found


def find_marked(prefix: str) -> Process | None:
    """A live process whose marker begins with the prefix: found again although nothing was written down about it.

    Covers a service that died between starting a process and noting its pid. Finds only processes of our own user.
    """
    return next(all_marked(prefix), None)


def all_marked(prefix: str) -> Iterator[Process]:
    """All live processes whose marker begins with the prefix, in one look at `/proc`; see `find_marked`. Those that
    hang so that they do not even tell their environment are passed over; the locks they hold stay theirs."""
    wanted = f"{MARKER}={prefix}".encode()
    leaders = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _may_be_ours(pid)]
    environments = read_each([f"/proc/{pid}/environ" for pid in leaders])
    for pid, environment in zip(leaders, environments, strict=True):
        items = environment.split(b"\0") if environment is not None and wanted in environment else []
        mark = next((item for item in items if item.startswith(wanted)), None)
        if mark is None:
            continue
        told = mark.decode(errors="replace").removeprefix(f"{MARKER}=")
        found = _pinned(pid, told)
        if found is not None and _may_be_ours(pid):  # again: now the pid cannot come to mean another one any more
            yield found
        elif found is not None:
            found.close()


def _may_be_ours(pid: int) -> bool:
    """Whether it leads a session and is of our user, as all are that we start."""
    try:
        return os.getsid(pid) == pid and _is_of_our_user(pid)
    except OSError:
        return False


def marker_of(pid: int) -> str:
    """The marker in a process's environment, or an empty string."""
    with contextlib.suppress(OSError):
        for item in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if item.startswith(MARKER.encode() + b"="):
                return item.split(b"=", 1)[1].decode(errors="replace")
    return ""


def holders(folder: Path) -> Iterator[str]:
    """Markers of live processes of ours that hold a lock below this folder, whatever their markers are."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                lock = Path(os.readlink(Path(entry.path, "fd", str(LOCK_FD))))
                if folder in lock.parents and (marker := marker_of(int(entry.name))):
                    yield marker


def _ended(pidfd: int) -> bool:
    """Whether all threads are gone. The state in `/proc` is Z as soon as the first one is, which of a worker with many
    that was killed just now says too much: how it ended is told only when the last one is gone, too."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def _is_of_our_user(pid: int) -> bool:
    """Root can read the environment of everybody, who may have put there what they liked; also before they ran a
    program that is root's (set-user-ID), so that all four ids count."""
    _, _, rest = Path(f"/proc/{pid}/status").read_bytes().partition(b"\nUid:")
    return set(map(int, rest.partition(b"\n")[0].split())) == {os.getuid()}


def _stat_of(identity: Identity) -> bytes | None:
    """`/proc/PID/stat`, None where the pid is that of nobody or of another process by now."""
    try:
        raw = Path(f"/proc/{identity.pid}/stat").read_bytes()
    except OSError:
        return None
    return raw if parse_start_ticks(raw) == identity.start_ticks else None


def _exit_of_stranger(identity: Identity, pidfd: int) -> Exit | None:
    """How a process ended that is not our child, all of whose threads are gone.

    Until its parent, often init, has waited for it, `/proc` tells; from then on the kernel does (Linux 6.15) by the
    pidfd. None where neither is so at this instant.
    """
    told = _exit_in_stat(identity)
    if told is not None:
        return told
    buffer = bytearray(64)
    struct.pack_into("<Q", buffer, 0, _PIDFD_INFO_EXIT)
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, buffer)
    except OSError as error:
        # ESRCH: it is being waited for just now. Anything else comes from a kernel that will never tell.
        return None if error.errno == errno.ESRCH else Exit()
    if struct.unpack_from("<Q", buffer, 0)[0] & _PIDFD_INFO_EXIT:
        return _exit_of_status(struct.unpack_from("<i", buffer, 60)[0])
    return None


def _exit_in_stat(identity: Identity) -> Exit | None:
    """By field 52 of `/proc/PID/stat` (proc(5)) of a process that ended and nobody has waited for."""
    raw = _stat_of(identity)
    if raw is None:
        return None
    fields = raw[raw.rindex(b")") + 2 :].split()
    if fields[0] not in (b"Z", b"X") or len(fields) < 50:
        return None
    status = int(fields[49])
    if status == 0 and not _may_look_into(identity.pid):
        return None
    return _exit_of_status(status)


def _may_look_into(pid: int) -> bool:
    """Whether we are told the fields that are not for everybody (fs/proc/array.c shows them as 0 to others): the link
    to its program wants the same right, and of a process that ended leads nowhere."""
    try:
        os.readlink(f"/proc/{pid}/exe")
    except PermissionError:
        return False
    except OSError:
        return True
    return True


def _exit_of_status(status: int) -> Exit:
    """Of what wait(2) gives."""
    return Exit(signal=os.WTERMSIG(status)) if os.WIFSIGNALED(status) else Exit(code=os.WEXITSTATUS(status))


def _exit_of_child(kind: int, id_: int) -> Exit:
    try:
        result = os.waitid(kind, id_, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return Exit()
    if result is None:
        return Exit()
    if result.si_code == os.CLD_EXITED:
        return Exit(code=result.si_status)
    return Exit(signal=result.si_status)


def _parent(raw: bytes) -> int:
    """Field 4 of `/proc/PID/stat`."""
    return int(raw[raw.rindex(b")") + 2 :].split()[1])


def _start_ticks(pid: int) -> int:
    return parse_start_ticks(Path(f"/proc/{pid}/stat").read_bytes())
