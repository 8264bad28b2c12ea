"""The client with threads; recurd.aio has the same in asyncio."""
from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

import grpc
import numpy.typing as npt

from recurd import session_calls, wire
from recurd.errors import InvalidInput, Lost, RecurdError
from recurd.servers import Backoff, Servers
from recurd.session import Session
from recurd.session_calls import ExportedSession, ImportedSession, SessionInfo
from recurd.types import Inference, Mode, OutputsWanted, State, StreamOptions
from recurd.v1 import recurd_pb2 as pb
from recurd.v1.recurd_pb2_grpc import RecurrentStub

T = TypeVar("T")


class Client:
    """A list of recurd servers that serve the same models. Connects when something is asked for.

    servers: HOST:PORT or unix:PATH; unary calls and new sessions go to the first that answers, from where the last one
    did. model: what stream, infer and model mean unless they name another. call_timeout_s: of a unary call, all servers
    together. credentials: grpc.ChannelCredentials, such as grpc.ssl_channel_credentials(root_certificates); None: plain
    text. token: a bearer token, or a function that gives the newest one for each call; never sent over a network in
    plain text.

    Threads: any, at the same time. Sessions end with their client.
    Errors: RecurdError with the server's code; Lost when no server answers in time.
    """

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
        self._lock = threading.Lock()
        self._channels: dict[str, grpc.Channel] = {}
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
        """Opens a session; StreamOptions explains the options.

        Errors: Lost when no server takes it, with each one's reason.
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

    def infer(
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
        described = self._described(model or self._model, version)
        request = wire.infer_request(described, inputs, last_only, state, allow_profile_change, return_state)
        request.version = version
        return self._ask(
            lambda server, timeout_s: wire.inference_of(
                self._stub(server).Infer(request, timeout=timeout_s, metadata=self._metadata()),
                described.output_size,
                server,
            )
        )

    def models(self) -> list[pb.ListModelsResponse.Entry]:
        """What is served: name, version, state of each."""

        def ask(server: str, timeout_s: float) -> pb.ListModelsResponse:
            response: pb.ListModelsResponse = self._stub(server).ListModels(
                pb.ListModelsRequest(), timeout=timeout_s, metadata=self._metadata()
            )
            return response

        return list(self._ask(ask).models)

    def model(self, name: str = "", version: str = "") -> pb.GetModelResponse:
        """Shapes, layers, step time and placement of a model; version "": the newest."""
        request = pb.GetModelRequest(model=name or self._model, version=version)

        def ask(server: str, timeout_s: float) -> pb.GetModelResponse:
            response: pb.GetModelResponse = self._stub(server).GetModel(
                request, timeout=timeout_s, metadata=self._metadata()
            )
            return response

        return self._ask(ask)

    def info(self) -> pb.GetServerInfoResponse:
        """Version, pipeline, numerics profile and limits of a server."""

        def ask(server: str, timeout_s: float) -> pb.GetServerInfoResponse:
            response: pb.GetServerInfoResponse = self._stub(server).GetServerInfo(
                pb.GetServerInfoRequest(), timeout=timeout_s, metadata=self._metadata()
            )
            return response

        return self._ask(ask)

    def sessions(self, model: str = "") -> list[SessionInfo]:
        """All sessions, or a model's, at each server of the list that answers, oldest first; for administrators.

        Errors: Lost when none answers.
        """
        found: list[SessionInfo] = []
        failed: dict[str, RecurdError] = {}
        for server in self._addresses:
            try:
                found += self._sessions_at(server, model)
            except grpc.RpcError as raised:
                failed[server] = wire.to_error(raised, server)
                if failed[server].code not in wire.TRY_NEXT | {grpc.StatusCode.DEADLINE_EXCEEDED}:
                    raise failed[server] from None
                self._hang_up(server)
        if len(failed) == len(self._addresses):
            raise Lost("none of the servers answered", grpc.StatusCode.UNAVAILABLE, failed)
        return found

    def export_session(self, session: str, *, server: str = "") -> ExportedSession:
        """The state of a session, which goes on. `session`: its id, or, for administrators, its handle.

        server: one of the list; "": all are asked. Errors: FAILED_PRECONDITION when it is between two sequences; Lost
        when no server knows it, with each one's word of how it ended.
        """
        request = pb.ExportSessionRequest(session_id=session)

        def ask(server: str, timeout_s: float) -> ExportedSession:
            call = self._stub(server).ExportSession
            return ExportedSession.of(call(request, timeout=timeout_s, metadata=self._metadata()), server)

        return self._ask(ask, session_calls.servers_for(session, server, self._addresses), session_calls.ELSEWHERE)

    def import_session(
        self, state: State, model: str = "", *, version: str = "", allow_profile_change: bool = False, server: str = ""
    ) -> ImportedSession:
        """A new session at `state` that lingers on a server until somebody attaches to it: stream(mode="attach").

        server: one of the list; "": the first that answers. Asked again after a lost answer, it may leave a second one
        behind, which expires.
        """
        request = session_calls.import_request(state, model or self._model, version, allow_profile_change)

        def ask(server: str, timeout_s: float) -> ImportedSession:
            call = self._stub(server).ImportSession
            return ImportedSession.of(call(request, timeout=timeout_s, metadata=self._metadata()), server)

        return self._ask(ask, session_calls.servers_for("", server, self._addresses))

    def close_session(self, session: str, *, server: str = "") -> int:
        """Ends a session, whoever holds it; gives the step that would have come next. Else as export_session.

        Its holder gets Ended, CLOSED, or EVICTED where a handle was given.
        """
        request = pb.CloseSessionRequest(session_id=session)

        def ask(server: str, timeout_s: float) -> int:
            call = self._stub(server).CloseSession
            response: pb.CloseSessionResponse = call(request, timeout=timeout_s, metadata=self._metadata())
            return int(response.next_step)

        return self._ask(ask, session_calls.servers_for(session, server, self._addresses), session_calls.ELSEWHERE)

    def health(self, service: str = "") -> dict[str, wire.Health]:
        """Each server of the list -> its health, or a model's there. UNKNOWN where nobody answers, or knows it."""
        request = wire.health_request(service)
        return {address: self._health(address, request) for address in self._addresses}

    def close(self) -> None:
        """Cancels the sessions that are still open, and closes the connections."""
        for session in list(self._sessions):
            session.cancel()
        with self._lock:
            channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _servers(self, addresses: Sequence[str] = ()) -> Servers:
        return Servers(addresses or self._addresses, self._backoff)

    def _described(self, name: str, version: str) -> pb.GetModelResponse:
        """A model's description; asked for once."""
        if not name:
            raise InvalidInput("model is '': name one; models() lists them")
        if (name, version) not in self._models:
            self._models[name, version] = self.model(name, version)
        return self._models[name, version]

    def _dial(self, server: str) -> grpc.Channel:
        """A channel of the caller's own."""
        if self._credentials is None:
            return grpc.insecure_channel(server, wire.CHANNEL_OPTIONS)
        return grpc.secure_channel(server, self._credentials, wire.CHANNEL_OPTIONS)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return wire.metadata_of(self._token)

    def _channel(self, server: str) -> grpc.Channel:
        """The channel that unary calls share."""
        with self._lock:
            if server not in self._channels:
                self._channels[server] = self._dial(server)
            return self._channels[server]

    def _hang_up(self, server: str) -> None:
        """The next unary call dials anew."""
        with self._lock:
            channel = self._channels.pop(server, None)
        if channel is not None:
            channel.close()

    def _stub(self, server: str) -> Any:
        return RecurrentStub(self._channel(server))  # type: ignore[no-untyped-call]

    def _health(self, address: str, request: bytes) -> wire.Health:
        try:
            call = self._channel(address).unary_unary(wire.HEALTH_METHOD)
            return wire.health_of(call(request, timeout=min(5.0, self._timeout_s)))
        except grpc.RpcError:
            self._hang_up(address)
            return wire.Health.UNKNOWN

    def _sessions_at(self, server: str, model: str) -> list[SessionInfo]:
        found: list[SessionInfo] = []
        timeout_s = min(session_calls.LIST_S, self._timeout_s)
        token = ""
        while True:
            request = session_calls.list_request(model, token)
            page: pb.ListSessionsResponse = self._stub(server).ListSessions(
                request, timeout=timeout_s, metadata=self._metadata()
            )
            found += [SessionInfo.of(info, server) for info in page.sessions]
            token = page.next_page_token
            if not token:
                return found

    def _ask(
        self,
        call: Callable[[str, float], T],
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
            time.sleep(max(0.0, attempt.at_s - time.monotonic()))
            try:
                return call(attempt.server, max(session_calls.LAST_S, give_up_s - time.monotonic()))
            except grpc.RpcError as raised:
                error: RecurdError = wire.to_error(raised, attempt.server)
            if error.code not in wire.TRY_NEXT | left_out:
                raise error
            if error.code not in left_out:
                self._hang_up(attempt.server)
            servers.failed(error, time.monotonic(), unfit=error.code in left_out)
