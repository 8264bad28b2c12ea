"""Which server to try next, and when: rotation, backoff with full jitter, and when to give up. No I/O, no clock."""
from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from recurd.errors import InvalidInput, Lost, RecurdError


@dataclass(frozen=True)
class Backoff:
    """Before attempt n of an outage the wait is uniform in 0 .. min(max_s, base_s * 2^n): full jitter."""

    base_s: float = 0.05
    max_s: float = 5.0

    def delay_s(self, attempt: int, rng: random.Random) -> float:
        return rng.uniform(0, min(self.max_s, self.base_s * 2.0 ** min(attempt, 32)))


@dataclass(frozen=True)
class Attempt:
    """Where to connect, and not before which time (on the caller's clock, in seconds)."""

    server: str
    at_s: float


class Servers:
    """A list of servers through an outage: it begins with the first failure and ends with settle().

    A server that can't ever serve this session (no such model, another profile) is left out for the rest of the outage.
    Times are seconds of any one monotonic clock.   Threads: one at a time.
    """

    def __init__(
        self, addresses: Sequence[str], backoff: Backoff = Backoff(), rng: random.Random | None = None
    ) -> None:
        if isinstance(addresses, str) or not addresses or not all(addresses):
            raise InvalidInput(f"servers={addresses!r}: give a list of at least one address, as ['127.0.0.1:8001']")
        self._addresses = list(dict.fromkeys(addresses))
        self._backoff = backoff
        self._rng = rng or random.Random()
        self._at = 0
        self._failures = 0
        self._give_up_s = 0.0
        self._limit_s = 0.0
        self._not_before: dict[str, float] = {}
        self._unfit: set[str] = set()
        self._errors: dict[str, RecurdError] = {}

    @property
    def current(self) -> str:
        return self._addresses[self._at]

    def begin(self, now_s: float, limit_s: float) -> None:
        """An outage begins, unless one is on already; it may last limit_s."""
        if self._limit_s == 0.0:
            self._give_up_s, self._limit_s = now_s + limit_s, limit_s

    def settle(self) -> None:
        """The outage is over: the current server does its work."""
        self._failures, self._limit_s = 0, 0.0
        self._not_before.clear()
        self._unfit.clear()
        self._errors.clear()

    def failed(self, error: RecurdError, now_s: float, *, unfit: bool = False, retry_after_s: float = 0.0) -> None:
        """The current server failed with `error`; the turn goes to the next one."""
        self._errors[self.current] = error
        self._not_before[self.current] = now_s + retry_after_s
        if unfit:
            self._unfit.add(self.current)
        self._failures += 1
        self._at = (self._at + 1) % len(self._addresses)

    def plan(self, now_s: float) -> Attempt:
        """The next attempt.   Errors: Lost when no server is fit, or the outage's limit would be passed."""
        fit = [a for a in self._addresses[self._at :] + self._addresses[: self._at] if a not in self._unfit]
        if not fit:
            raise Lost(self._nobody("can serve this"), self._errors[self.current].code, self._errors)
        at_s = now_s if self._failures == 0 else now_s + self._backoff.delay_s(self._failures - 1, self._rng)
        server = min(fit, key=lambda a: max(0.0, self._not_before.get(a, 0.0) - at_s))
        at_s = max(at_s, self._not_before.get(server, 0.0))
        if self._limit_s and at_s > self._give_up_s > now_s and self._not_before.get(server, 0.0) <= self._give_up_s:
            at_s = self._give_up_s  # the last attempt
        if self._limit_s and at_s > self._give_up_s:
            raise Lost(
                self._nobody(f"took the session within {self._limit_s:g} s"), grpc.StatusCode.UNAVAILABLE, self._errors
            )
        self._at = self._addresses.index(server)
        return Attempt(server, at_s)

    def _nobody(self, did: str) -> str:
        return f"none of the {len(self._addresses)} servers {did}"
