"""OpenSSL only where somebody needs it: its libraries take 5 MB of a process, most of them to start with.

A recorder needs it for cameras at `rtsps://` alone. But Python's `asyncio` and `hashlib` load it wherever it is there;
both do without where it is not, which is what they are told here. Of hashes only the implementation is another one.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_LOADERS = ("asyncio", "hashlib", "hmac")
_LOADED = ("ssl", "_hashlib")
_OWN_HASHES = (("_md5",), ("_sha1",), ("_sha2", "_sha256"), ("_sha2", "_sha512"))
"""Python's own implementations of what is needed, one of each; some builds of it (FIPS) leave them to OpenSSL."""


def leave_out() -> None:
    """Load what would load it now, without it. To be called before anything else does; afterwards, and where `ssl` is
    loaded already, without effect. Everybody can import `ssl` as ever."""
    hidden: list[str] = [name for name in _LOADED if name not in sys.modules]
    if not all(any(map(importlib.util.find_spec, names)) for names in _OWN_HASHES):
        hidden = [name for name in hidden if name != "_hashlib"]
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules.update(dict.fromkeys(hidden))  # a module that is None there is one that cannot be imported
    try:
        for name in _LOADERS:
            importlib.import_module(name)
    finally:
        for name in hidden:
            del modules[name]


def new_context() -> ssl.SSLContext:
    """For a client of TLS. From here on `asyncio` can make such connections, too."""
    import ssl
    from asyncio import base_events, selector_events, sslproto

    if getattr(sslproto, "ssl", None) is None:  # loaded without
        importlib.reload(sslproto)  # what it is made of depends on it
        for module in (base_events, selector_events):
            module.ssl = ssl  # type: ignore[attr-defined]
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def reason_of(error: OSError) -> str | None:
    """Why TLS failed; None for an error that is none of TLS."""
    ssl = sys.modules.get("ssl")
    kind = getattr(ssl, "SSLError", None)  # not there yet while another thread loads the module
    if kind is None or not isinstance(error, kind):
        return None
    return str(error.reason or error)
