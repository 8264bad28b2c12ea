"""The messages that the core sends and takes apart."""

from __future__ import annotations

from grpc import StatusCode as Code

from recurd.arrays import Floats, put_packed
from recurd.replay import LoggedChunk
from recurd.types import Outputs, State, StreamOptions
from recurd.v1 import recurd_pb2 as pb

_CODES: dict[int, Code] = {code.value[0]: code for code in Code}
_INPUTS_FIELD = pb.Chunk.INPUTS_FIELD_NUMBER


def open_request(
    options: StreamOptions, version: str, state: State | None, mode: pb.Open.Mode, session_id: str
) -> pb.StreamRequest:
    """Asks for a session."""
    return pb.StreamRequest(
        open=pb.Open(
            model=options.model,
            version=version,
            mode=mode,
            session_id=session_id,
            state=state,
            allow_profile_change=options.allow_profile_change,
            checkpoint_steps=options.checkpoint_steps,
            outputs=options.outputs.upper(),
            output_stride=options.output_stride,
        )
    )


def chunk_request(chunk: LoggedChunk) -> pb.StreamRequest:
    """A chunk; without its deadline if it was answered in time before."""
    request = pb.StreamRequest(
        chunk=pb.Chunk(
            first_step=chunk.first_step,
            begin=chunk.begin,
            end=chunk.end,
            deadline_us=0 if chunk.answered else chunk.deadline_us,
            client_tag=chunk.client_tag,
            state=chunk.state,
            checkpoint=chunk.checkpoint,
        )
    )
    put_packed(request.chunk, _INPUTS_FIELD, chunk.inputs)
    return request


def answer_of(outputs: pb.Outputs, rows: Floats, steps: range, profile: str, server: str) -> Outputs:
    """What the caller gets for a chunk."""
    return Outputs(
        first_step=outputs.first_step,
        step_count=outputs.step_count,
        outputs=rows,
        steps=steps,
        client_tag=outputs.client_tag,
        queue_ns=outputs.queue_ns,
        pipeline_ns=outputs.pipeline_ns,
        modelled_ns=outputs.modelled_ns,
        numerics_profile=profile,
        fallback=outputs.fallback,
        server=server,
    )


def code_of(number: int) -> Code:
    """A code that calls itself OK, or an unknown one, is none of this API's."""
    return _CODES.get(number, Code.INTERNAL) if number else Code.INTERNAL
