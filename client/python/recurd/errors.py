"""What can go wrong, as exceptions. All are RecurdError and carry the server's gRPC code, or the fitting one.

    RecurdError            a call failed: NOT_FOUND, RESOURCE_EXHAUSTED, ...
      InvalidInput         the caller's arguments, found before anything was sent (also a ValueError)
      Refused              one chunk was not applied; the session is as it was and goes on
      Ended                the session is over, by the server's word or the caller's
      Lost                 no server took the session over in time
      Diverged             a replayed step gave other bits than the first time
      TimedOut             the caller's own limit passed; the session goes on (also a TimeoutError)
"""
from __future__ import annotations

from collections.abc import Mapping

import grpc


class RecurdError(Exception):
    """A call to recurd failed. `code` is a grpc.StatusCode, `message` says what, `server` where ("" if nowhere)."""

    def __init__(self, message: str, code: grpc.StatusCode = grpc.StatusCode.INTERNAL, server: str = "") -> None:
        super().__init__(f"recurd at {server}: {message} ({code.name})" if server else message)
        self.message = message
        self.code = code
        self.server = server


class InvalidInput(RecurdError, ValueError):
    """An argument that can't be sent; nothing was."""

    def __init__(self, message: str, code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT) -> None:
        super().__init__(message, code)


class Refused(RecurdError):
    """A chunk that was not applied. The session's next chunk begins at step `expected_step`.

    `first_step`: of the refused chunk. `retry_after_ms`: when trying again makes sense; 0: no advice.
    """

    def __init__(
        self,
        message: str,
        code: grpc.StatusCode,
        server: str,
        first_step: int,
        expected_step: int,
        retry_after_ms: int = 0,
    ) -> None:
        super().__init__(f"{message}; refused at step {first_step}, next is step {expected_step}", code, server)
        self.first_step = first_step
        self.expected_step = expected_step
        self.retry_after_ms = retry_after_ms


class Ended(RecurdError):
    """The session is over. `reason` is the API's word for it (CLOSED, EVICTED, FAILED, ...)."""

    def __init__(self, message: str, code: grpc.StatusCode, server: str, reason: str, next_step: int) -> None:
        super().__init__(message, code, server)
        self.reason = reason
        self.next_step = next_step


class Lost(RecurdError):
    """No server of the list took the session. `attempts`: address -> what the last attempt there met."""

    def __init__(self, message: str, code: grpc.StatusCode, attempts: Mapping[str, RecurdError]) -> None:
        told = "; ".join(f"{address}: {error.message} ({error.code.name})" for address, error in attempts.items())
        super().__init__(f"{message}: {told}" if told else message, code)
        self.attempts = dict(attempts)


class Diverged(RecurdError):
    """A replay under the same numerics profile gave other bits than the caller already has."""


class TimedOut(RecurdError, TimeoutError):
    """The time that the caller gave has passed. What was sent stays sent, and its answer still comes."""

    def __init__(self, message: str) -> None:
        super().__init__(message, grpc.StatusCode.DEADLINE_EXCEEDED)
