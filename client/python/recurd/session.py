"""A session over gRPC with threads: one of its own that keeps the connection, and the caller's."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

import grpc
import numpy.typing as npt

from recurd import chunks
from recurd.arrays import Floats, to_row
from recurd.errors import InvalidInput, RecurdError, Refused, TimedOut
from recurd.resume import Phase, ResumeCore
from recurd.servers import Servers
from recurd.types import Outputs, State, StreamOptions
from recurd.v1 import recurd_pb2 as pb
from recurd.v1.recurd_pb2_grpc import RecurrentStub
from recurd.wire import new_route

_CLOSE_S = 5.0  # for the server's word that the session is closed


class Session:
    """One session with a model: a hidden state that a server keeps from message to message, and that survives it.

    Made by Client.stream(); a context manager. The session numbers chunks itself and begins a sequence at its first
    chunk and after each `end`. Inputs are [T, input_size], or [input_size] for one step; outputs [rows, output_size].

    Threads: one may send while another receives, and close or cancel may be called from any. step, run and map do both.
    Errors of all calls: Refused (this chunk was not applied, the session goes on), and once the session is over, for
    every call, what ended it: Ended, Lost, Diverged, RecurdError. InvalidInput: nothing was sent.
    `timeout` in seconds; TimedOut leaves the session and what was sent as they are.
    """

    def __init__(
        self,
        dial: Callable[[str], Any],
        metadata: Callable[[], tuple[tuple[str, str], ...]],
        servers: Servers,
        options: StreamOptions,
    ) -> None:
        self._dial = dial
        self._metadata = metadata
        self._route = new_route()
        self._channel: Any = None
        self._core = ResumeCore(options, servers)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)  # for callers and the pump: the core has news
        self._to_send = threading.Condition(self._lock)  # for the request stream
        self._call: Any = None
        self._dropped = 0  # the last connection that is cancelled
        self._pump = threading.Thread(target=self._run_pump, name="recurd-session", daemon=True)
        self._pump.start()
        try:
            with self._lock:
                self._wait(lambda: self._core.opened is not None, None, "no session was opened")
        except BaseException:
            self.cancel()
            raise

    # ---- what callers see

    @property
    def opened(self) -> pb.Opened:
        """What the newest connection granted: sizes, version, numerics profile, limits, session id (a secret)."""
        with self._lock:
            assert self._core.opened is not None
            return self._core.opened

    @property
    def server(self) -> str:
        """The address of the newest connection."""
        return self._core.server

    @property
    def connections(self) -> int:
        """How many connections were attempted so far."""
        return self._core.connections

    @property
    def next_step(self) -> int:
        """The step that the next chunk begins with."""
        with self._lock:
            return self._core.replay.next_step

    @property
    def outstanding(self) -> int:
        """Chunks sent whose answer was not received."""
        with self._lock:
            return self._core.outstanding

    @property
    def checkpoint(self) -> State | None:
        """The newest copy of the state; None at the beginning of a sequence. May be ahead of what was received."""
        with self._lock:
            return self._core.replay.base

    def step(
        self,
        inputs: npt.ArrayLike,
        *,
        begin: bool = False,
        end: bool = False,
        deadline_us: int = 0,
        timeout: float | None = None,
    ) -> Floats:
        """One step: [input_size] -> [output_size]; empty where the session's `outputs` leave this step out."""
        row = to_row(inputs, self.opened.input_size)
        outputs = self._exchange(row, begin, end, deadline_us, timeout)
        return chunks.row_of(outputs)

    def run(
        self, inputs: npt.ArrayLike, *, begin: bool = False, end: bool = False, state: State | None = None
    ) -> Floats:
        """T steps, [T, input_size] -> [rows, output_size], in as many chunks as it takes.

        Refused: the steps before expected_step are applied, and their outputs are lost to the caller.
        """
        self._nothing_outstanding()
        pieces = chunks.split(self._core, self.opened, inputs, begin=begin, end=end, state=state)
        return chunks.join(self._core.options, self.opened, list(self._pipelined(pieces)))

    def map(self, source: Iterable[npt.ArrayLike]) -> Iterator[Outputs]:
        """Sends each chunk of a source, and gives the answers as they come, in order."""
        self._nothing_outstanding()
        width = self.opened.input_size
        return self._pipelined(chunks.Piece.of(array, width) for array in source)

    def send(
        self,
        inputs: npt.ArrayLike,
        *,
        begin: bool = False,
        end: bool = False,
        state: State | None = None,
        deadline_us: int = 0,
        client_tag: int = 0,
        checkpoint: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Sends a chunk; receive() or iteration has its answer. The inputs are copied.

        Waits while max_chunks_ahead chunks are out or the replay memory is full; by default for answer_timeout_s.
        begin: a new sequence, from `state` or the model's initial one. end: the sequence is over after this chunk.
        deadline_us: time from receipt within which the first step must have started; 0: no limit.
        checkpoint: a copy of the state comes behind the answer, for `checkpoint`, whether one is due or not.
        """
        piece = chunks.Piece.of(inputs, self.opened.input_size, begin, end, state, deadline_us, client_tag, checkpoint)
        self._send(piece, timeout)

    def receive(self, timeout: float | None = None) -> Outputs:
        """The next answer, in the order of the chunks. Waits, also when nothing was sent."""
        with self._lock:
            self._wait(lambda: self._core.has_answer, timeout, "no answer came")
            answer = self._core.take_answer()
            self._changed.notify_all()
        if isinstance(answer, Refused):
            raise answer
        assert answer is not None
        return answer

    def __iter__(self) -> Iterator[Outputs]:
        """The answers to all that was sent, until none is outstanding."""
        while self.outstanding:
            yield self.receive()

    def close(self, timeout: float = _CLOSE_S) -> None:
        """Ends the session on the server. Answers that have not come by then are dropped. Never raises."""
        with self._lock:
            self._core.close()
            self._to_send.notify_all()
            self._changed.wait_for(lambda: self._core.phase is Phase.OVER, timeout)
        self.cancel()

    def cancel(self) -> None:
        """Leaves at once; whatever waits gets Ended. The server keeps the session for a while (--session_linger)."""
        with self._lock:
            self._core.cancel()
            call = self._call
            self._notify()
        if call is not None:
            call.cancel()
        if threading.current_thread() is not self._pump:
            self._pump.join()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.cancel()

    # ---- sending and waiting

    def _nothing_outstanding(self) -> None:
        if self.outstanding and self._core.failure is None:
            raise InvalidInput(
                f"{self.outstanding} chunks were sent and their answers not received: receive() them first",
                grpc.StatusCode.FAILED_PRECONDITION,
            )

    def _exchange(self, rows: Floats, begin: bool, end: bool, deadline_us: int, timeout: float | None) -> Outputs:
        self._nothing_outstanding()
        self._send(chunks.Piece.of(rows, rows.shape[1], begin, end, None, deadline_us), timeout)
        return self.receive(timeout)

    def _pipelined(self, pieces: Iterable[chunks.Piece]) -> Iterator[Outputs]:
        for piece in pieces:
            while self._core.has_answer or self.outstanding >= self.opened.max_chunks_ahead:
                yield self._received_of_many()
            self._send(piece, None)
        while self.outstanding:
            yield self._received_of_many()

    def _received_of_many(self) -> Outputs:
        """An answer; a refusal is raised only after the answers that were built on it have come, too."""
        try:
            return self.receive()
        except Refused:
            while self.outstanding:
                try:
                    self.receive()
                except Refused:
                    pass
            raise

    def _send(self, piece: chunks.Piece, timeout: float | None) -> None:
        cost = chunks.check(self._core, self.opened, piece)
        limit_s = self._core.options.answer_timeout_s if timeout is None else timeout
        with self._lock:
            self._wait(lambda: self._core.has_room(cost), limit_s, chunks.NO_ROOM)
            piece.add_to(self._core.replay)
            self._to_send.notify()
            if self._core.phase is Phase.IDLE:
                self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool], timeout_s: float | None, what: str) -> None:
        """Waits under the lock until ready(); raises the session's end if that comes first. Watches the connection."""
        give_up_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not ready():
            if self._core.failure is not None:
                raise self._core.failure
            now_s = time.monotonic()
            if give_up_s is not None and now_s >= give_up_s:
                raise TimedOut(f"{what} within {timeout_s:g} s; {chunks.situation(self._core)}")
            overdue_s = self._core.overdue_s
            if overdue_s is not None and now_s >= overdue_s and self._call is not None:
                self._call.cancel()
                overdue_s = None
            # What is sent while this waits makes the connection overdue, and doesn't tell: hence the last of the three.
            until = [s for s in (give_up_s, overdue_s) if s is not None] + [now_s + self._core.options.answer_timeout_s]
            self._changed.wait(max(0.0, min(until) - now_s))

    def _notify(self) -> None:
        self._changed.notify_all()
        self._to_send.notify_all()

    # ---- the thread that keeps the connection

    def _run_pump(self) -> None:
        try:
            while self._connect():
                self._read()
        except BaseException as error:
            with self._lock:
                self._core.fail(RecurdError(f"the connection's thread failed: {error!r}"))
                self._notify()
            raise

    def _connect(self) -> bool:
        """Makes the next connection as soon as one is wanted. False once the session is over."""
        with self._lock:
            self._changed.wait_for(lambda: self._core.wants_connection or self._core.phase is Phase.OVER)
            attempt = self._core.plan(time.monotonic()) if self._core.phase is not Phase.OVER else None
            while attempt and self._core.phase is not Phase.OVER and (wait_s := attempt.at_s - time.monotonic()) > 0:
                self._changed.wait(wait_s)
            if attempt is None or self._core.phase is Phase.OVER:
                self._notify()
                return False
            opening = self._core.connect(attempt, time.monotonic())
            self._channel = self._dial(attempt.server)
            stub = RecurrentStub(self._channel)  # type: ignore[no-untyped-call]
            requests = self._requests(opening, self._core.connections)
            self._call = stub.Stream(requests, metadata=(*self._metadata(), self._route))
            self._changed.notify_all()
            return True

    def _requests(self, opening: pb.StreamRequest, connection: int) -> Iterator[pb.StreamRequest]:
        """What one connection sends. Runs in a thread of gRPC's.

        Ends when the connection has been cancelled, not before: the end of the requests would close the session.
        """
        yield opening
        while True:
            with self._lock:
                while (request := self._next_request(connection)) is None:
                    if self._dropped >= connection:
                        return
                    self._to_send.wait()
            yield request

    def _next_request(self, connection: int) -> pb.StreamRequest | None:
        return self._core.next_request(time.monotonic()) if self._core.connections == connection else None

    def _read(self) -> None:
        """Brings the core what the server says, until the connection is of no more use."""
        code, text = grpc.StatusCode.UNAVAILABLE, "the server ended the stream without a reason"
        call, channel, connection = self._call, self._channel, self._core.connections
        try:
            for response in call:
                with self._lock:
                    was = self._core.phase
                    self._core.on_response(response, time.monotonic())
                    self._changed.notify_all()
                    if self._core.phase is not was:
                        self._to_send.notify_all()
                    if self._core.phase in (Phase.IDLE, Phase.OVER):
                        break
        except grpc.RpcError:
            code, text = call.code(), call.details() or ""
        finally:
            call.cancel()
            channel.close()
            with self._lock:
                self._dropped = connection
        with self._lock:
            self._core.on_lost(code, text, time.monotonic())
            self._notify()
