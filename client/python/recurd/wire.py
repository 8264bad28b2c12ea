"""Requests and answers of the unary calls, channel options, and health: what the sync and the asyncio client share."""
from __future__ import annotations

import enum
import ipaddress
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import grpc
import numpy.typing as npt

from recurd.arrays import outputs_of, put_packed, to_rows, to_wire
from recurd.errors import InvalidInput, RecurdError
from recurd.types import Inference, State
from recurd.v1 import recurd_pb2 as pb

# As the C++ library's: no proxy, and pings that find a server lost behind a dead network. A gRPC channel that failed to
# connect answers for its own backoff without trying, and gets on only while a call waits; so each attempt has a new
# channel that shares nothing with the last one, and the backoff is the session's.
CHANNEL_OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", 20000),
    ("grpc.keepalive_timeout_ms", 5000),
]

# Unary calls may be asked twice: after these another server is asked.
# (CANCELLED: the channel was closed because another call found it dead.)
TRY_NEXT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED}

HEALTH_METHOD = "/grpc.health.v1.Health/Check"


class Health(enum.Enum):
    """The standard health service's words."""

    UNKNOWN = 0
    SERVING = 1
    NOT_SERVING = 2


def check_address(address: str) -> str:
    """HOST:PORT or unix:PATH.   Errors: InvalidInput."""
    host, _, port = address.rpartition(":")
    if (
        address.startswith("unix:")
        and len(address) > 5
        or host
        and port.isascii()
        and port.isdigit()
        and 0 < int(port) < 65536
    ):
        return address
    raise InvalidInput(f"server address {address!r} is not HOST:PORT (as 127.0.0.1:8001; port 1 to 65535) or unix:PATH")


# A bearer token, or what gives the newest one for each call; "": none.
Token = str | Callable[[], str]


def check_token(token: Token, addresses: Sequence[str], credentials: grpc.ChannelCredentials | None) -> Token:
    """Errors: InvalidInput where the token would cross a network in plain text."""
    if not token or credentials is not None:
        return token
    far = [address for address in addresses if not _is_local(address)]
    if not far:
        return token
    raise InvalidInput(
        f"a token would cross the network to {far[0]} in plain text; give credentials="
        "grpc.ssl_channel_credentials(root_certificates), or reach the server by 127.0.0.1, [::1] or unix:PATH"
    )


def _is_local(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    if address.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def metadata_of(token: Token) -> tuple[tuple[str, str], ...]:
    """What a call carries. A token may end in a newline, as a file's does.

    Errors: InvalidInput for one that no header can carry; gRPC's own message would show it.
    """
    text = token() if callable(token) else token
    if not isinstance(text, str):
        raise InvalidInput(f"the token is {type(text).__name__}, and must be a str; \"\" is none")
    text = text.strip()
    if not all("!" <= character <= "~" for character in text):
        raise InvalidInput("the token has a character that is not printable ASCII, or a space")
    return (("authorization", f"Bearer {text}"),) if text else ()


def new_route() -> tuple[str, str]:
    """A header that is the same for all connections of a session, so that a balancer can keep it on one server.

    It tells the session from others, and nothing else: it is no secret.
    """
    return "recurd-route", secrets.token_hex(8)


def to_error(error: grpc.RpcError, server: str) -> RecurdError:
    """What gRPC raised, as this package's own."""
    call: Any = error
    return RecurdError(call.details() or "", call.code(), server)


def infer_request(
    model: pb.GetModelResponse,
    inputs: npt.ArrayLike,
    last_only: bool,
    state: State | None,
    allow_profile_change: bool,
    return_state: bool,
) -> pb.InferRequest:
    """inputs: [T, input_size].   Errors: InvalidInput."""
    request = pb.InferRequest(
        model=model.name,
        version=model.version,
        last_only=last_only,
        state=state,
        allow_profile_change=allow_profile_change,
        return_state=return_state,
    )
    put_packed(request, pb.InferRequest.INPUTS_FIELD_NUMBER, to_wire(to_rows(inputs, model.input_size)))
    return request


def inference_of(response: pb.InferResponse, width: int, server: str) -> Inference:
    return Inference(
        outputs=outputs_of(response, width),
        step_count=response.step_count,
        state=response.state if response.HasField("state") else None,
        queue_ns=response.queue_ns,
        pipeline_ns=response.pipeline_ns,
        modelled_ns=response.modelled_ns,
        version=response.version,
        fallback=response.fallback,
        server=server,
    )


# The health service's two messages have one field each; with generated ones this package would stand in the way of
# grpcio-health-checking, which registers the same names.


def health_request(service: str) -> bytes:
    name = service.encode()
    if len(name) > 127:
        raise InvalidInput(f"service name of {len(name)} bytes; this client asks for up to 127")
    return b"\x0a" + bytes([len(name)]) + name if name else b""


def health_of(response: bytes) -> Health:
    known = len(response) >= 2 and response[0] == 8 and response[1] in (1, 2)
    return Health(response[1]) if known else Health.UNKNOWN
