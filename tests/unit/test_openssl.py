"""OpenSSL is left out only where Python can do without it."""

from __future__ import annotations

import subprocess
import sys

_CODE = """
import importlib.util, sys
from vmstui import openssl
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in sys.argv[1:] else found(name, package)
openssl.leave_out()
import hashlib
print('_hashlib' in sys.modules, 'ssl' in sys.modules, hashlib.sha256(b'').hexdigest()[:8])
"""


def _loaded(*missing: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", _CODE, *missing], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_what_nobody_needs_is_left_out() -> None:
    assert _loaded() == ["False", "False", "e3b0c442"]


def test_a_python_that_leaves_hashes_to_openssl_keeps_them() -> None:
    assert _loaded("_md5") == ["True", "False", "e3b0c442"]
    assert _loaded("_sha2", "_sha256") == ["True", "False", "e3b0c442"]
