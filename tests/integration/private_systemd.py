"""A systemd of its own for one test, as a user manager: in a mount namespace, below a cgroup of its own.

Needs root and a kernel that lets it mount; `start` skips by name where that is not so. Nothing of the machine's own
systemd, if there is one, is touched: /run and the view of the cgroups are private to the namespace.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

SYSTEMD = "/lib/systemd/systemd"
USER_UNITS = Path("/usr/lib/systemd/user")
NEEDED_UNITS = ("basic.target", "shutdown.target", "exit.target", "systemd-exit.service")
PATIENCE_S = 60.0
# It runs below user@UID.service, as the user managers that the system's systemd starts. `read` waits for `close`.
SCRIPT = """
set -eu
mount --make-rprivate /
mount -t tmpfs vmstui-test /run
mkdir -p /run/systemd/system
mount -t cgroup2 vmstui-test /sys/fs/cgroup
top=/sys/fs/cgroup/vmstui-test-$$
mkdir -p "$top/user@0.service"
sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$top/user@0.service" "$@" >&2 &
echo $!
wait $! || true
read -r _ || true
find "$top" -depth -type d -exec rmdir {} +
"""


class PrivateSystemd:
    """One user manager, running one unit of ours at a time."""

    def __init__(self, folder: Path) -> None:
        self.units = folder / "units"
        self.units.mkdir(parents=True)
        self._complaints = folder / "complaints"
        runtime = folder / "xdg"
        runtime.mkdir(mode=0o700)
        self._environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(runtime),
            "SYSTEMD_UNIT_PATH": str(self.units),
        }
        self._namespace: subprocess.Popen[bytes] | None = None
        self._pidfd = -1

    def start(self) -> None:
        """Start it, or skip the test saying why it cannot be had."""
        if not os.access(SYSTEMD, os.X_OK) or shutil.which("systemctl") is None:
            pytest.skip("systemd is not installed")
        if os.geteuid() != 0:
            pytest.skip("a private systemd needs root: it mounts")
        for name in NEEDED_UNITS:
            (self.units / name).symlink_to(USER_UNITS / name)
        with self._complaints.open("wb") as complaints:
            self._namespace = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", SCRIPT, "sh", SYSTEMD, "--user", "--unit=basic.target"],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
            )
        assert self._namespace.stdout is not None
        first = self._namespace.stdout.readline().strip()
        if not first:
            self._namespace.wait(PATIENCE_S)
            pytest.skip(f"no private systemd here: {self._complaints.read_text().strip()}")
        self._pidfd = os.pidfd_open(int(first))
        deadline = time.monotonic() + PATIENCE_S
        while (state := self.systemctl("is-system-running").stdout.strip()) != "running":
            if self._ended(0.1) or time.monotonic() > deadline:
                pytest.skip(f"the private systemd does not come up: {state}; {self._complaints.read_text().strip()}")

    def systemctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Ask the manager, from within its namespace."""
        assert self._namespace is not None
        return subprocess.run(
            ["nsenter", f"--target={self._namespace.pid}", "--mount", "systemctl", "--user", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.systemctl("show", "--value", f"--property={name}", unit).stdout.strip()

    def stop(self) -> None:
        """End it as a shutdown does, all its units first. What `KillMode=process` spares lives on."""
        if self._pidfd >= 0 and not self._ended(0):
            signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)
            if not self._ended(PATIENCE_S):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                pytest.fail("systemd did not end")

    def close(self) -> None:
        """Stop it and give back its namespace and cgroups; what ran in them has to be gone by now."""
        try:
            self.stop()
        finally:
            if self._pidfd >= 0:
                os.close(self._pidfd)
                self._pidfd = -1
            if self._namespace is not None:
                self._namespace.communicate(timeout=PATIENCE_S)
                self._namespace = None

    def _ended(self, limit_s: float) -> bool:
        return bool(select.select([self._pidfd], [], [], limit_s)[0])
