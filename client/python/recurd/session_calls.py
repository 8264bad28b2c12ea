"""The unary calls about sessions: what they are asked with, and what callers get. For both kinds of client."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grpc import StatusCode as Code

from recurd.errors import InvalidInput
from recurd.types import State
from recurd.v1 import recurd_pb2 as pb

# A session is at one server of the list: after this the next one is asked.
ELSEWHERE = frozenset({Code.NOT_FOUND})
NOWHERE: frozenset[Code] = frozenset()

PAGE_SIZE = 1000
LIST_S = 5.0  # for one server to answer
LAST_S = 0.5  # for an attempt that begins as the time for all of them ends


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session as its server sees it. The handle ('@17') is the server's own, and of no use to attach.

    attached: whether a client holds it. idle_ms: since its last message, or since its client went away. identity: whose
    it is; "" where clients don't authenticate. kind: "" or "kserve".
    """

    handle: str
    model: str
    version: str
    next_step: int
    epoch: int
    attached: bool
    idle_ms: int
    age_ms: int
    identity: str
    kind: str
    server: str

    @classmethod
    def of(cls, info: pb.SessionInfo, server: str) -> SessionInfo:
        return cls(
            handle=info.handle,
            model=info.model,
            version=info.version,
            next_step=info.next_step,
            epoch=info.epoch,
            attached=info.attached,
            idle_ms=info.idle_ms,
            age_ms=info.age_ms,
            identity=info.identity,
            kind=info.kind,
            server=server,
        )


@dataclass(frozen=True, slots=True)
class ExportedSession:
    """A session's state after its last whole chunk, and the model that it is of."""

    state: State = field(repr=False)
    model: str
    version: str
    server: str

    @classmethod
    def of(cls, response: pb.ExportSessionResponse, server: str) -> ExportedSession:
        return cls(response.state, response.model, response.version, server)


@dataclass(frozen=True, slots=True)
class ImportedSession:
    """A session that waits to be attached to. Its id is a secret: whoever knows it may use the session."""

    session_id: str = field(repr=False)
    next_step: int
    server: str

    @classmethod
    def of(cls, response: pb.ImportSessionResponse, server: str) -> ImportedSession:
        return cls(response.session_id, response.next_step, server)


def list_request(model: str, page_token: str) -> pb.ListSessionsRequest:
    return pb.ListSessionsRequest(model=model, page_size=PAGE_SIZE, page_token=page_token)


def import_request(state: State, model: str, version: str, allow_profile_change: bool) -> pb.ImportSessionRequest:
    if not model:
        raise InvalidInput("model is '': name the one that the state is of")
    return pb.ImportSessionRequest(model=model, version=version, state=state, allow_profile_change=allow_profile_change)


def servers_for(session: str, server: str, addresses: Sequence[str]) -> Sequence[str]:
    """Where to look for `session`, an id or a handle; with "", for any.   Errors: InvalidInput."""
    if server and server not in addresses:
        raise InvalidInput(f"server={server!r} is none of this client's: {', '.join(addresses)}")
    if session.startswith("@") and not server and len(addresses) > 1:
        raise InvalidInput(
            f"the handle {session!r} names another session at each of {len(addresses)} servers: say which by server="
        )
    return [server] if server else addresses
