"""What callers hand in and get back."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from recurd.arrays import Floats
from recurd.errors import InvalidInput
from recurd.v1 import recurd_pb2 as pb

# Which steps' outputs the server sends. "every_kth": steps k-1, 2k-1, ... of each sequence, with k = output_stride.
OutputsWanted = Literal["every_step", "last_of_chunk", "last_of_sequence", "every_kth"]

# A new session; one that exists; or a new one where there is none.
Mode = Literal["create", "attach", "attach_or_create"]

# A session's hidden state between two steps (recurd.v1.State): keep it, send it to any server with the same model.
State = pb.State


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """What a session is opened with, and how far its client goes to keep it.

    checkpoint_steps: a copy of the state comes after at least so many steps, more often where replay_bytes needs it.
    replay_bytes: bound of what is kept to be sent again: the inputs since the last copy, and 256 bytes a chunk.
    connect_timeout_s, resume_timeout_s: how long all servers of the list may fail, at the beginning and later on.
    answer_timeout_s: a server that owes an answer and is silent for so long counts as lost.
    session_id: what to call a new session (1 to 128 bytes of printable ASCII, not beginning with '@'), or which one to
      attach to. Private to who authenticates with the server; "": the server makes up a secret, opened.session_id.
    mode: "attach" looks for the session at all servers of the list; "attach_or_create" asks the first that answers.
      Both go on at the session's next step, or at that of `state`; whoever held the session gets Ended, TAKEN_OVER.
    """

    model: str
    version: str = ""
    outputs: OutputsWanted = "every_step"
    output_stride: int = 0
    state: State | None = None
    allow_profile_change: bool = False
    checkpoint_steps: int = 512
    replay_bytes: int = 16 << 20
    connect_timeout_s: float = 5.0
    resume_timeout_s: float = 60.0
    answer_timeout_s: float = 30.0
    session_id: str = ""
    mode: Mode = "create"

    def __post_init__(self) -> None:
        if not self.model:
            raise InvalidInput("model is '': name one; models() lists them")
        if self.outputs not in ("every_step", "last_of_chunk", "last_of_sequence", "every_kth"):
            raise InvalidInput(
                f"outputs={self.outputs!r}: known are every_step, last_of_chunk, last_of_sequence, every_kth"
            )
        if (self.outputs == "every_kth") != (1 <= self.output_stride <= 1 << 30):
            raise InvalidInput(
                f"output_stride={self.output_stride} with outputs={self.outputs!r}: "
                "every_kth takes 1 to 2^30, the others none"
            )
        if not 1 <= self.checkpoint_steps < 1 << 32:
            raise InvalidInput(f"checkpoint_steps={self.checkpoint_steps}: resuming needs 1 or more")
        if self.replay_bytes < 1 << 12:
            raise InvalidInput(f"replay_bytes={self.replay_bytes}: give at least 4096")
        self._check_session()

    def _check_session(self) -> None:
        name = self.session_id
        if self.mode not in ("create", "attach", "attach_or_create"):
            raise InvalidInput(f"mode={self.mode!r}: known are create, attach, attach_or_create")
        if self.mode == "attach" and not name:
            raise InvalidInput("mode='attach' needs the session_id of the session to attach to")
        if len(name) > 128 or name.startswith("@") or not all(" " <= c <= "~" for c in name):
            raise InvalidInput(
                f"session_id={name[:40]!r} is not 1 to 128 characters of printable ASCII that begin with another than "
                "'@'; a handle ('@17') names a session for sessions(), export_session() and close_session() only"
            )

    def steps_with_outputs(self, first_step: int, step_count: int, end: bool) -> range:
        """The steps of a chunk whose outputs the server sends."""
        after = first_step + step_count
        if self.outputs == "every_step":
            return range(first_step, after)
        if self.outputs == "every_kth":
            return range((first_step // self.output_stride + 1) * self.output_stride - 1, after, self.output_stride)
        return range(after - 1, after if self.outputs == "last_of_chunk" or end else after - 1)


@dataclass(frozen=True, slots=True)
class Outputs:
    """The answer to one chunk, given exactly once.

    outputs: [rows, output_size] float32; row i is the output of step steps[i].
    The session's next step is first_step + step_count.
    queue_ns, pipeline_ns: measured on the server. modelled_ns: out of its timing model; 0 where it has none.
    numerics_profile: of these steps. fallback: the pipeline that stood in for the server's own for some of them, or "".
    """

    first_step: int
    step_count: int
    outputs: Floats = field(repr=False)
    steps: range
    client_tag: int
    queue_ns: int
    pipeline_ns: int
    modelled_ns: int
    numerics_profile: str
    fallback: str
    server: str


@dataclass(frozen=True, slots=True)
class Inference:
    """A whole sequence's answer. outputs: [T or 1, output_size]; state: after the last step, if it was asked for."""

    outputs: Floats = field(repr=False)
    step_count: int
    state: State | None
    queue_ns: int
    pipeline_ns: int
    modelled_ns: int
    version: str
    fallback: str
    server: str
