"""The core against fake servers, one event at a time on a clock of its own: what a driver does, without threads."""
from __future__ import annotations

import random
from collections import deque

import grpc

from recurd.resume import Phase, ResumeCore
from recurd.servers import Servers
from recurd.types import StreamOptions
from fake_server import FakeServer


class FakeNetwork:
    """Servers by name; messages travel one by one when told to, and are lost when a connection is cut."""

    def __init__(self, servers=None, rng=None, **options):
        self.servers = servers or {"a": FakeServer(), "b": FakeServer()}
        self.down = set()
        self.now = 0.0
        self.core = ResumeCore(StreamOptions("m", **options), Servers(list(self.servers), rng=rng or random.Random(1)))
        self.up_wire, self.down_wire = deque(), deque()
        self.stream = None

    def connect(self):
        """Connects if the core wants that. False if it doesn't."""
        if not self.core.wants_connection:
            return False
        attempt = self.core.plan(self.now)
        if attempt is None:
            return False
        self.now = max(self.now, attempt.at_s)
        self.up_wire, self.down_wire = deque([self.core.connect(attempt, self.now)]), deque()
        self.stream = self.servers[attempt.server].stream()
        if attempt.server in self.down:
            self.cut("connection refused")
        return True

    def cut(self, text="connection reset", code=grpc.StatusCode.UNAVAILABLE):
        """Everything under way is lost."""
        self.up_wire.clear()
        self.down_wire.clear()
        if self.stream is not None and self.stream.session is not None and text != "gave no sign of life":
            self.stream.session.stream = None
        self.stream = None
        self.core.on_lost(code, text, self.now)

    def stall(self):
        """The client gives the connection up; the server holds the session for it. Returns the server's stream."""
        stream = self.stream
        self.cut("gave no sign of life", grpc.StatusCode.CANCELLED)
        return stream

    def client_sends(self):
        request = self.core.next_request(self.now) if self.stream else None
        if request is not None:
            self.up_wire.append(request)
        return request is not None

    def server_reads(self):
        if not self.up_wire:
            return False
        self.down_wire.extend(self.stream.handle(self.up_wire.popleft()))
        return True

    def client_reads(self):
        if not self.down_wire:
            return self._status()
        self.core.on_response(self.down_wire.popleft(), self.now)
        if self.core.phase in (Phase.IDLE, Phase.OVER):
            self.up_wire.clear()
            self.down_wire.clear()
            self.stream = None
        return True

    def drain(self):
        """The connected server refuses what waits, says its last words, and never serves again."""
        self.stream.server.draining = True
        while self.up_wire:
            self.server_reads()
        self.down_wire.extend(self.stream.drain())

    def _status(self):
        if self.stream is None or self.stream.status is None:
            return False
        code, text = self.stream.status
        self.cut(
            text or "ended without a reason", grpc.StatusCode.UNAVAILABLE if code == "OK" else grpc.StatusCode[code]
        )
        return True

    def settle(self, limit=100000):
        """Until nothing more happens by itself."""
        for _ in range(limit):
            if not (self.connect() or self.client_sends() or self.server_reads() or self.client_reads()):
                return
        raise AssertionError("it never comes to rest")

    def answers(self):
        taken = []
        while (answer := self.core.take_answer()) is not None:
            taken.append(answer)
        return taken
