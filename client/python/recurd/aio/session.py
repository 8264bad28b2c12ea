"""A session over gRPC in asyncio: one task keeps the connection, another sends on it."""
from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Any

import grpc
import grpc.aio
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
    """One session with a model, as recurd.Session, in one event loop.

    Made by Client.stream(), entered with `async with`. One task may send while another receives. Cancelling a task that
    waits in a call leaves the session as it is; a chunk that was sent stays sent.
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
        self._news: asyncio.Future[None] | None = None
        self._call: Any = None
        self._pump: asyncio.Task[None] | None = None

    @property
    def opened(self) -> pb.Opened:
        """What the newest connection granted."""
        assert self._core.opened is not None, "enter the session first: async with client.stream() as session"
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
        return self._core.replay.next_step

    @property
    def outstanding(self) -> int:
        """Chunks sent whose answer was not received."""
        return self._core.outstanding

    @property
    def checkpoint(self) -> State | None:
        """The newest copy of the state; None at the beginning of a sequence. May be ahead of what was received."""
        return self._core.replay.base

    async def step(
        self,
        inputs: npt.ArrayLike,
        *,
        begin: bool = False,
        end: bool = False,
        deadline_us: int = 0,
        timeout: float | None = None,
    ) -> Floats:
        """One step: [input_size] -> [output_size]; empty where the session's `outputs` leave this step out."""
        self._nothing_outstanding()
        row = to_row(inputs, self.opened.input_size)
        await self._send(chunks.Piece.of(row, row.shape[1], begin, end, None, deadline_us), timeout)
        return chunks.row_of(await self.receive(timeout))

    async def run(
        self, inputs: npt.ArrayLike, *, begin: bool = False, end: bool = False, state: State | None = None
    ) -> Floats:
        """T steps, [T, input_size] -> [rows, output_size], in as many chunks as it takes.

        Refused: the steps before expected_step are applied, and their outputs are lost to the caller.
        """
        self._nothing_outstanding()
        pieces = chunks.split(self._core, self.opened, inputs, begin=begin, end=end, state=state)
        return chunks.join(self._core.options, self.opened, [answer async for answer in self._pipelined(_each(pieces))])

    async def map(self, source: AsyncIterable[npt.ArrayLike] | Iterable[npt.ArrayLike]) -> AsyncIterator[Outputs]:
        """Sends each chunk of a source, and gives the answers as they come, in order."""
        self._nothing_outstanding()
        width = self.opened.input_size
        arrays = source if isinstance(source, AsyncIterable) else _each(source)
        async for answer in self._pipelined(chunks.Piece.of(array, width) async for array in arrays):
            yield answer

    async def send(
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
        """
        piece = chunks.Piece.of(inputs, self.opened.input_size, begin, end, state, deadline_us, client_tag, checkpoint)
        await self._send(piece, timeout)

    async def receive(self, timeout: float | None = None) -> Outputs:
        """The next answer, in the order of the chunks. Waits, also when nothing was sent."""
        await self._wait(lambda: self._core.has_answer, timeout, "no answer came")
        answer = self._core.take_answer()
        self._notify()
        if isinstance(answer, Refused):
            raise answer
        assert answer is not None
        return answer

    async def __aiter__(self) -> AsyncIterator[Outputs]:
        """The answers to all that was sent, until none is outstanding."""
        while self.outstanding:
            yield await self.receive()

    async def close(self, timeout: float = _CLOSE_S) -> None:
        """Ends the session on the server. Answers that have not come by then are dropped. Never raises."""
        self._core.close()
        self._notify()
        give_up_s = time.monotonic() + timeout
        while self._core.phase is not Phase.OVER and (left_s := give_up_s - time.monotonic()) > 0:
            await self._sleep(left_s)
        await self.cancel()

    async def cancel(self) -> None:
        """Leaves at once; whatever waits gets Ended. The server keeps the session for a while (--session_linger)."""
        self._core.cancel()
        self._notify()
        if self._call is not None:
            self._call.cancel()
        if self._pump is not None:
            await asyncio.wait({self._pump})

    async def __aenter__(self) -> Session:
        self._news = asyncio.get_running_loop().create_future()
        self._pump = asyncio.create_task(self._run_pump(), name="recurd-session")
        try:
            await self._wait(lambda: self._core.opened is not None, None, "no session was opened")
        except BaseException:
            await self.cancel()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.close()
        else:
            await self.cancel()

    # ---- sending and waiting

    def _nothing_outstanding(self) -> None:
        if self.outstanding and self._core.failure is None:
            raise InvalidInput(
                f"{self.outstanding} chunks were sent and their answers not received: receive() them first",
                grpc.StatusCode.FAILED_PRECONDITION,
            )

    async def _pipelined(self, pieces: AsyncIterable[chunks.Piece]) -> AsyncIterator[Outputs]:
        async for piece in pieces:
            while self._core.has_answer or self.outstanding >= self.opened.max_chunks_ahead:
                yield await self._received_of_many()
            await self._send(piece, None)
        while self.outstanding:
            yield await self._received_of_many()

    async def _received_of_many(self) -> Outputs:
        """An answer; a refusal is raised only after the answers that were built on it have come, too."""
        try:
            return await self.receive()
        except Refused:
            while self.outstanding:
                try:
                    await self.receive()
                except Refused:
                    pass
            raise

    async def _send(self, piece: chunks.Piece, timeout: float | None) -> None:
        cost = chunks.check(self._core, self.opened, piece)
        limit_s = self._core.options.answer_timeout_s if timeout is None else timeout
        await self._wait(lambda: self._core.has_room(cost), limit_s, chunks.NO_ROOM)
        piece.add_to(self._core.replay)
        self._notify()

    async def _wait(self, ready: Callable[[], bool], timeout_s: float | None, what: str) -> None:
        """Waits until ready(); raises the session's end if that comes first. Watches the connection."""
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
            await self._sleep(max(0.0, min(until) - now_s))

    async def _sleep(self, timeout_s: float | None) -> None:
        """Until the core has news."""
        assert self._news is not None
        await asyncio.wait({self._news}, timeout=timeout_s)

    def _notify(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
            self._news = asyncio.get_running_loop().create_future()

    # ---- the tasks that keep the connection

    async def _run_pump(self) -> None:
        try:
            while await self._connect():
                await self._read()
        except BaseException as error:
            self._core.fail(RecurdError(f"the connection's task failed: {error!r}"))
            raise
        finally:
            self._notify()

    async def _connect(self) -> bool:
        """Makes the next connection as soon as one is wanted. False once the session is over."""
        while not self._core.wants_connection and self._core.phase is not Phase.OVER:
            await self._sleep(None)
        attempt = self._core.plan(time.monotonic()) if self._core.phase is not Phase.OVER else None
        while attempt and self._core.phase is not Phase.OVER and (wait_s := attempt.at_s - time.monotonic()) > 0:
            await self._sleep(wait_s)
        if attempt is None or self._core.phase is Phase.OVER:
            return False
        opening = self._core.connect(attempt, time.monotonic())
        self._channel = self._dial(attempt.server)
        stub = RecurrentStub(self._channel)  # type: ignore[no-untyped-call]
        self._call = stub.Stream(metadata=(*self._metadata(), self._route))
        await self._write(self._call, opening)
        self._notify()
        return True

    async def _read(self) -> None:
        """Brings the core what the server says, until the connection is of no more use."""
        code, text = grpc.StatusCode.UNAVAILABLE, "the server ended the stream without a reason"
        call, channel = self._call, self._channel
        sender = asyncio.create_task(self._send_on(call), name="recurd-sender")
        try:
            while self._core.phase not in (Phase.IDLE, Phase.OVER):
                response = await call.read()
                if response is grpc.aio.EOF:
                    code, text = await _status(call, code, text)
                    break
                self._core.on_response(response, time.monotonic())
                self._notify()
        except asyncio.CancelledError:
            if _cancelling():
                raise
            code, text = grpc.StatusCode.CANCELLED, "gave no sign of life"
        except grpc.RpcError:
            code, text = await _status(call, code, text)
        finally:
            sender.cancel()
            await channel.close()
        self._core.on_lost(code, text, time.monotonic())
        self._notify()

    async def _send_on(self, call: Any) -> None:
        """What one connection sends after its first message."""
        while self._core.phase not in (Phase.IDLE, Phase.OVER):
            request = self._core.next_request(time.monotonic())
            if request is None:
                await self._sleep(None)
            elif not await self._write(call, request):
                return

    async def _write(self, call: Any, request: pb.StreamRequest) -> bool:
        """False if the connection is gone; reading from it says why."""
        try:
            await call.write(request)
            return True
        except (grpc.RpcError, asyncio.InvalidStateError):
            return False
        except asyncio.CancelledError:
            if call.cancelled() and not _cancelling():
                return False
            raise


def _cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _status(call: Any, code: grpc.StatusCode, text: str) -> tuple[grpc.StatusCode, str]:
    """How a finished call ended; OK means that the server left without a word."""
    ended = await call.code()
    return (code, text) if ended is grpc.StatusCode.OK else (ended, await call.details() or "")


async def _each(source: Iterable[Any]) -> AsyncIterator[Any]:
    for item in source:
        yield item
