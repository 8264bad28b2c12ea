"""The callers' chunks: checked, cut where they are too long, and put together again. For both kinds of session."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recurd.arrays import Floats, to_rows, to_wire
from recurd.errors import InvalidInput
from recurd.replay import OVERHEAD_BYTES, Replay
from recurd.resume import ResumeCore
from recurd.types import Outputs, State, StreamOptions
from recurd.v1 import recurd_pb2 as pb

NO_ROOM = "there was no room for another chunk"
_HEAD_BYTES = 128  # of a message, over and above its floats


@dataclass(frozen=True, slots=True)
class Piece:
    """One chunk to send."""

    inputs: bytes
    step_count: int
    begin: bool = False
    end: bool = False
    state: State | None = None
    deadline_us: int = 0
    client_tag: int = 0
    checkpoint: bool = False

    @classmethod
    def of(
        cls,
        inputs: npt.ArrayLike,
        width: int,
        begin: bool = False,
        end: bool = False,
        state: State | None = None,
        deadline_us: int = 0,
        client_tag: int = 0,
        checkpoint: bool = False,
    ) -> Piece:
        """inputs: [T, width] or [width].   Errors: InvalidInput."""
        rows = to_rows(inputs, width)
        if state is not None and not begin:
            raise InvalidInput("a chunk takes a state only together with begin")
        if not 0 <= deadline_us < 1 << 32:
            raise InvalidInput(f"deadline_us={deadline_us}: give microseconds, 0 (none) to 2^32 - 1")
        return cls(to_wire(rows), len(rows), begin, end, state, deadline_us, client_tag, checkpoint)

    def add_to(self, replay: Replay) -> None:
        replay.add(
            self.inputs,
            self.step_count,
            begin=self.begin,
            end=self.end,
            deadline_us=self.deadline_us,
            client_tag=self.client_tag,
            state=self.state,
            checkpoint=self.checkpoint,
        )


def check(core: ResumeCore, opened: pb.Opened, piece: Piece) -> int:
    """What the piece costs of the replay memory.   Errors: InvalidInput if it is too long."""
    if piece.step_count > opened.max_chunk_steps:
        raise InvalidInput(
            f"a chunk of {piece.step_count} steps; the server takes {opened.max_chunk_steps} "
            "(--max_chunk_steps): send it in pieces, or use run()"
        )
    byte_count = len(piece.inputs) + _state_bytes(piece.state)
    if byte_count > (limit := _limit_bytes(opened)):
        raise InvalidInput(
            f"a chunk of {byte_count} bytes of floats; the server takes messages of {opened.max_message_bytes}, "
            f"which is {limit} besides its head: send it in pieces, or use run()"
        )
    return core.cost(byte_count)


def _state_bytes(state: State | None) -> int:
    return 4 * len(state.values) if state is not None else 0


def _limit_bytes(opened: pb.Opened) -> int:
    """Of a message's floats."""
    return max(1, opened.max_message_bytes - _HEAD_BYTES) if opened.max_message_bytes else 1 << 31


def split(
    core: ResumeCore, opened: pb.Opened, inputs: npt.ArrayLike, *, begin: bool, end: bool, state: State | None
) -> Iterator[Piece]:
    """[T, input_size] in the fewest chunks that the server and the replay memory take."""
    whole = Piece.of(inputs, opened.input_size, begin, end, state)
    row_bytes = 4 * opened.input_size
    room = min(core.replay.chunk_limit_bytes - OVERHEAD_BYTES, _limit_bytes(opened)) - _state_bytes(state)
    answers = _limit_bytes(opened) // (4 * opened.output_size)
    most = max(1, min(opened.max_chunk_steps, room // row_bytes, answers))
    for at in range(0, whole.step_count, most):
        count = min(most, whole.step_count - at)
        first, last = at == 0, at + count == whole.step_count
        yield Piece(
            whole.inputs[at * row_bytes : (at + count) * row_bytes],
            count,
            begin and first,
            end and last,
            state if first else None,
        )


def join(options: StreamOptions, opened: pb.Opened, answers: Sequence[Outputs]) -> Floats:
    """The rows of all answers, as of one chunk."""
    if options.outputs == "last_of_chunk":
        answers = answers[-1:]
    if len(answers) == 1:
        return answers[0].outputs
    return np.concatenate([np.empty((0, opened.output_size), np.float32), *(a.outputs for a in answers)])


def row_of(answer: Outputs) -> Floats:
    """The only row of a one-step answer, [output_size]; empty if there is none."""
    return answer.outputs.reshape(-1)


def situation(core: ResumeCore) -> str:
    """For error messages: what a session that makes its caller wait is waiting for."""
    untaken = core.outstanding - core.replay.unanswered
    if untaken:
        return (
            f"{untaken} answers wait to be received: receive() or iterate, in another thread or task if the sender "
            "is never to wait for them"
        )
    return (
        f"{core.replay.unanswered} chunks are unanswered, {core.replay.used_bytes} of {core.replay.limit_bytes} "
        f"bytes of replay memory are full, and the session is {core.phase.value} ({core.server})"
    )
