"""The client in asyncio; recurd.client has the same with threads."""
from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

import grpc
import grpc.aio
import numpy.typing as npt

from recurd import session_calls, wire
from recurd.aio.session import Session
from recurd.errors import InvalidInput, Lost, RecurdError
from recurd.servers import Backoff, Servers
from recurd.session_calls import ExportedSession, ImportedSession, SessionInfo
from recurd.types import Inference, Mode, OutputsWanted, State, StreamOptions
from recurd.v1 import recurd_pb2 as pb
from recurd.v1.recurd_pb2_grpc import RecurrentStub

T = TypeVar("T")


class Client:
    """As recurd.Client, in one event loop."""

    def __init__(
        self,
        servers: Sequence[str] = ("127.0.0.1:8001",),
        model: str = "",
        *,
        call_timeout_s: float = 30.0,
        backoff: Backoff = Backoff(),
        credentials: grpc.ChannelCredentials | None = None,
        token: wire.Token = "",
    ) -> None:
        self._addresses = [wire.check_address(a) for a in ([servers] if isinstance(servers, str) else servers)]
        self._model = model
        self._timeout_s = call_timeout_s
        self._backoff = backoff
        self._credentials = credentials
        self._token = wire.check_token(token, self._addresses, credentials)
        self._channels: dict[str, Any] = {}
        self._models: dict[tuple[str, str], pb.GetModelResponse] = {}
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self._servers()

    def stream(
        self,
        model: str = "",
        *,
        version: str = "",
        outputs: OutputsWanted = "every_step",
        output_stride: int = 0,
        state: State | None = None,
        allow_profile_change: bool = False,
        checkpoint_steps: int = 512,
        replay_bytes: int = 16 << 20,
        connect_timeout_s: float = 5.0,
        resume_timeout_s: float = 60.0,
        answer_timeout_s: float = 30.0,
        session_id: str = "",
        mode: Mode = "create",
    ) -> Session:
        """A session, opened by `async with`; StreamOptions explains the options.

        Errors, on entering: Lost when no server takes it, with each one's reason.
        """
        options = StreamOptions(
            model or self._model,
            version,
            outputs,
            output_stride,
            state,
            allow_profile_change,
            checkpoint_steps,
            replay_bytes,
            connect_timeout_s,
            resume_timeout_s,
            answer_timeout_s,
            session_id,
            mode,
        )
        session = Session(self._dial, self._metadata, self._servers(), options)
        self._sessions.add(session)
        return session

    async def infer(
        self,
        inputs: npt.ArrayLike,
        model: str = "",
        *,
        version: str = "",
        last_only: bool = False,
        state: State | None = None,
        allow_profile_change: bool = False,
        return_state: bool = False,
    ) -> Inference:
        """A whole sequence in one call: [T, input_size] -> outputs [T, output_size]; last_only: [1, output_size]."""
        described = await self._described(model or self._model, version)
        request = wire.infer_request(described, inputs, last_only, state, allow_profile_change, return_state)
        request.version = version

        async def infer(server: str, timeout_s: float) -> Inference:
            response = await self._stub(server).Infer(request, timeout=timeout_s, metadata=self._metadata())
            return wire.inference_of(response, described.output_size, server)

        return await self._ask(infer)

    async def models(self) -> list[pb.ListModelsResponse.Entry]:
        """What is served: name, version, state of each."""

        async def ask(server: str, timeout_s: float) -> pb.ListModelsResponse:
            response: pb.ListModelsResponse = await self._stub(server).ListModels(
                pb.ListModelsRequest(), timeout=timeout_s, metadata=self._metadata()
            )
            return response

        return list((await self._ask(ask)).models)

    async def model(self, name: str = "", version: str = "") -> pb.GetModelResponse:
        """Shapes, layers, step time and placement of a model; version "": the newest."""
        request = pb.GetModelRequest(model=name or self._model, version=version)

        async def ask(server: str, timeout_s: float) -> pb.GetModelResponse:
            response: pb.GetModelResponse = await self._stub(server).GetModel(
                request, timeout=timeout_s, metadata=self._metadata()
            )
            return response

        return await self._ask(ask)

    async def info(self) -> pb.GetServerInfoResponse:
        """Version, pipeline, numerics profile and limits of a server."""

        async def ask(server: str, timeout_s: float) -> pb.GetServerInfoResponse:
            request = pb.GetServerInfoRequest()
            response: pb.GetServerInfoResponse = await self._stub(server).GetServerInfo(
                request, timeout=timeout_s, metadata=self._metadata()
            )
            return response

        return await self._ask(ask)

    async def sessions(self, model: str = "") -> list[SessionInfo]:
        """All sessions, or a model's, at each server of the list that answers, oldest first; for administrators.

        Errors: Lost when none answers.
        """
        found: list[SessionInfo] = []
        failed: dict[str, RecurdError] = {}
        for server in self._addresses:
            try:
                found += await self._sessions_at(server, model)
            except grpc.RpcError as raised:
                failed[server] = wire.to_error(raised, server)
                if failed[server].code not in wire.TRY_NEXT | {grpc.StatusCode.DEADLINE_EXCEEDED}:
                    raise failed[server] from None
                await self._hang_up(server)
        if len(failed) == len(self._addresses):
            raise Lost("none of the servers answered", grpc.StatusCode.UNAVAILABLE, failed)
        return found

    async def export_session(self, session: str, *, server: str = "") -> ExportedSession:
        """The state of a session, which goes on. `session`: its id, or, for administrators, its handle.

        server: one of the list; "": all are asked. Errors: FAILED_PRECONDITION when it is between two sequences; Lost
        when no server knows it, with each one's word of how it ended.
        """
        request = pb.ExportSessionRequest(session_id=session)

        async def ask(server: str, timeout_s: float) -> ExportedSession:
            call = self._stub(server).ExportSession
            return ExportedSession.of(await call(request, timeout=timeout_s, metadata=self._metadata()), server)

        return await self._ask(
            ask, session_calls.servers_for(session, server, self._addresses), session_calls.ELSEWHERE
        )

    async def import_session(
        self, state: State, model: str = "", *, version: str = "", allow_profile_change: bool = False, server: str = ""
    ) -> ImportedSession:
        """A new session at `state` that lingers on a server until somebody attaches to it: stream(mode="attach").

        server: one of the list; "": the first that answers. Asked again after a lost answer, it may leave a second one
        behind, which expires.
        """
        request = session_calls.import_request(state, model or self._model, version, allow_profile_change)

        async def ask(server: str, timeout_s: float) -> ImportedSession:
            call = self._stub(server).ImportSession
            return ImportedSession.of(await call(request, timeout=timeout_s, metadata=self._metadata()), server)

        return await self._ask(ask, session_calls.servers_for("", server, self._addresses))

    async def close_session(self, session: str, *, server: str = "") -> int:
        """Ends a session, whoever holds it; gives the step that would have come next. Else as export_session.

        Its holder gets Ended, CLOSED, or EVICTED where a handle was given.
        """
        request = pb.CloseSessionRequest(session_id=session)

        async def ask(server: str, timeout_s: float) -> int:
            call = self._stub(server).CloseSession
            response: pb.CloseSessionResponse = await call(request, timeout=timeout_s, metadata=self._metadata())
            return int(response.next_step)

        return await self._ask(
            ask, session_calls.servers_for(session, server, self._addresses), session_calls.ELSEWHERE
        )

    async def health(self, service: str = "") -> dict[str, wire.Health]:
        """Each server of the list -> its health, or a model's there. UNKNOWN where nobody answers, or knows it."""
        request = wire.health_request(service)
        return {address: await self._health(address, request) for address in self._addresses}

    async def close(self) -> None:
        """Cancels the sessions that are still open, and closes the connections."""
        for session in list(self._sessions):
            await session.cancel()
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            await channel.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _servers(self, addresses: Sequence[str] = ()) -> Servers:
        return Servers(addresses or self._addresses, self._backoff)

    async def _described(self, name: str, version: str) -> pb.GetModelResponse:
        """A model's description; asked for once."""
        if not name:
            raise InvalidInput("model is '': name one; models() lists them")
        if (name, version) not in self._models:
            self._models[name, version] = await self.model(name, version)
        return self._models[name, version]

    def _dial(self, server: str) -> Any:
        """A channel of the caller's own."""
        if self._credentials is None:
            return grpc.aio.insecure_channel(server, wire.CHANNEL_OPTIONS)
        return grpc.aio.secure_channel(server, self._credentials, wire.CHANNEL_OPTIONS)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return wire.metadata_of(self._token)

    def _channel(self, server: str) -> Any:
        """The channel that unary calls share."""
        if server not in self._channels:
            self._channels[server] = self._dial(server)
        return self._channels[server]

    async def _hang_up(self, server: str) -> None:
        """The next unary call dials anew."""
        if server in self._channels:
            await self._channels.pop(server).close()

    def _stub(self, server: str) -> Any:
        return RecurrentStub(self._channel(server))  # type: ignore[no-untyped-call]

    async def _health(self, address: str, request: bytes) -> wire.Health:
        try:
            call = self._channel(address).unary_unary(wire.HEALTH_METHOD)
            return wire.health_of(await call(request, timeout=min(5.0, self._timeout_s)))
        except grpc.RpcError:
            await self._hang_up(address)
            return wire.Health.UNKNOWN

    async def _sessions_at(self, server: str, model: str) -> list[SessionInfo]:
        found: list[SessionInfo] = []
        timeout_s = min(session_calls.LIST_S, self._timeout_s)
        token = ""
        while True:
            request = session_calls.list_request(model, token)
            page: pb.ListSessionsResponse = await self._stub(server).ListSessions(
                request, timeout=timeout_s, metadata=self._metadata()
            )
            found += [SessionInfo.of(info, server) for info in page.sessions]
            token = page.next_page_token
            if not token:
                return found

    async def _ask(
        self,
        call: Callable[[str, float], Awaitable[T]],
        addresses: Sequence[str] = (),
        left_out: frozenset[grpc.StatusCode] = session_calls.NOWHERE,
    ) -> T:
        """A unary call, call(server, timeout_s), at the first of the servers that can answer it.

        left_out: codes after which a server isn't asked again.
        """
        servers = self._servers(addresses)
        give_up_s = time.monotonic() + self._timeout_s
        servers.begin(time.monotonic(), self._timeout_s)
        while True:
            attempt = servers.plan(time.monotonic())
            await asyncio.sleep(max(0.0, attempt.at_s - time.monotonic()))
            try:
                return await call(attempt.server, max(session_calls.LAST_S, give_up_s - time.monotonic()))
            except grpc.RpcError as raised:
                error: RecurdError = wire.to_error(raised, attempt.server)
            if error.code not in wire.TRY_NEXT | left_out:
                raise error
            if error.code not in left_out:
                await self._hang_up(attempt.server)
            servers.failed(error, time.monotonic(), unfit=error.code in left_out)
