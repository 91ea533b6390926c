"""The password check of one connection to the relay: challenges, counts wrong answers, remembers a right one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

from vmstui.live import auth
from vmstui.live.messages import Headers, Request, Response

REALM = "vmstui"
MAX_WRONG_PASSWORDS = 3
_NONCE_LIFE_S = 300.0


class Gate:
    """State of the log-in of one connection. A password proved once holds for the connection."""

    def __init__(self) -> None:
        self.wrong_passwords = 0
        self._proven: auth.Credentials | None = None
        self._nonce = ""
        self._nonce_at_s = 0.0

    @property
    def passed(self) -> bool:
        """Some password was proved on this connection."""
        return self._proven is not None

    def check(self, request: Request, needed: auth.Credentials | None, schemes: Sequence[str]) -> Response | None:
        """None: the request may go on. Else the 401 to answer, asking by `schemes` (`digest`, `basic`)."""
        if needed is None or needed == self._proven:
            return None
        authorization = request.headers.get("Authorization")
        now_s = time.monotonic()
        verdict = auth.Verdict.MISSING
        if authorization.partition(" ")[0].lower() in schemes:
            expired = now_s - self._nonce_at_s > _NONCE_LIFE_S
            verdict = auth.verify(authorization, needed, request.method, REALM, self._nonce, nonce_expired=expired)
        if verdict is auth.Verdict.GOOD:
            self._proven = needed
            return None
        return self.challenge(schemes, wrong=verdict is auth.Verdict.WRONG, stale=verdict is auth.Verdict.STALE)

    def challenge(self, schemes: Sequence[str], *, wrong: bool = False, stale: bool = False) -> Response:
        """A 401 with a fresh nonce."""
        self.wrong_passwords += wrong
        self._nonce, self._nonce_at_s = secrets.token_hex(16), time.monotonic()
        lines = {
            "digest": auth.digest_challenge(REALM, self._nonce, stale=stale),
            "basic": auth.basic_challenge(REALM),
        }
        return Response(401, Headers(tuple(("WWW-Authenticate", lines[scheme]) for scheme in schemes)))
