"""Client of recurd, a gRPC daemon for recurrent networks at batch one. Numpy in and out; sessions survive a server.

    import recurd
    with recurd.Client(["127.0.0.1:8001"], model="digits").stream() as session:
        y = session.step(x)

recurd.aio is the same in asyncio. The package's README tells what "exactly once" means here and what it doesn't.
"""
try:
    import recurd.v1.recurd_pb2  # noqa: F401
except ModuleNotFoundError as _missing:
    if _missing.name != "recurd.v1.recurd_pb2":
        raise
    raise ModuleNotFoundError(
        "recurd's API stubs are generated when the package is built, and this is its bare source tree: "
        "pip install --no-build-isolation --no-deps ./client/python, and run from another folder",
        name=_missing.name,
    ) from None

from recurd.client import Client
from recurd.errors import Diverged, Ended, InvalidInput, Lost, RecurdError, Refused, TimedOut
from recurd.servers import Backoff
from recurd.session import Session
from recurd.session_calls import ExportedSession, ImportedSession, SessionInfo
from recurd.types import Inference, Outputs, State, StreamOptions
from recurd.wire import Health

__all__ = [
    "Backoff",
    "Client",
    "Diverged",
    "Ended",
    "ExportedSession",
    "Health",
    "ImportedSession",
    "Inference",
    "InvalidInput",
    "Lost",
    "Outputs",
    "RecurdError",
    "Refused",
    "Session",
    "SessionInfo",
    "State",
    "StreamOptions",
    "TimedOut",
]
