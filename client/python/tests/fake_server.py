"""A recurd without a network: the API's rules for one stream, over a small recurrent function in float32."""
from __future__ import annotations

import numpy as np

from recurd.arrays import outputs_of, put_packed
from recurd.v1 import recurd_pb2 as pb

INPUTS, OUTPUTS = 3, 2
_W = np.array([[0.5, -0.25, 1.5], [1.25, 0.75, -0.5]], np.float32)


def advance(state, row):
    """One step: [OUTPUTS], [INPUTS] -> [OUTPUTS]; the output is the state. Forgets slowly: errors stay visible."""
    return np.tanh(np.float32(0.9) * state + _W @ row).astype(np.float32)


def floats_of(message, width):
    """A chunk's or a state's floats."""
    outputs = pb.Outputs(outputs=message.inputs if isinstance(message, pb.Chunk) else message.values)
    return outputs_of(outputs, width)


class FakeServer:
    """What streams of one server have in common."""

    def __init__(self, profile="exact", version="1", fingerprint="f", max_chunks_ahead=4, attaches=False):
        self.profile, self.version, self.fingerprint = profile, version, fingerprint
        self.max_chunks_ahead, self.attaches = max_chunks_ahead, attaches
        self.draining = False
        self.opens = []

    def stream(self):
        return FakeStream(self)


class FakeStream:
    """One stream: requests in, a list of responses out. `status`: how gRPC ended it, if it did."""

    def __init__(self, server):
        self.server = server
        self.open = None
        self.status = None
        self.step, self.in_sequence, self.since = 0, True, 0
        self.state = np.zeros(OUTPUTS, np.float32)

    def handle(self, request):
        if self.status:
            return []
        if request.HasField("open"):
            return self._open(request.open)
        if request.HasField("close"):
            self.status = ("OK", "")
            return [pb.StreamResponse(ended=pb.Ended(reason=pb.Ended.CLOSED, next_step=self.step))]
        return self._chunk(request.chunk)

    def drain(self):
        """The last words of a server that goes away."""
        if self.status or self.open is None:
            return []
        self.status = ("OK", "")
        last = [self._checkpoint()] if self.in_sequence else []
        return last + [pb.StreamResponse(ended=pb.Ended(reason=pb.Ended.DRAINED, next_step=self.step))]

    def _open(self, message):
        server = self.server
        server.opens.append(message)
        if message.mode != pb.Open.CREATE and not server.attaches:
            self.status = ("UNIMPLEMENTED", "this server creates sessions only")
        elif server.draining:
            self.status = ("UNAVAILABLE", "draining")
        elif message.version not in ("", server.version):
            self.status = ("NOT_FOUND", f"no version {message.version}")
        elif message.HasField("state") and message.state.model_fingerprint != server.fingerprint:
            self.status = ("FAILED_PRECONDITION", "fingerprint")
        elif (
            message.HasField("state")
            and message.state.numerics_profile != server.profile
            and not message.allow_profile_change
        ):
            self.status = ("FAILED_PRECONDITION", f"profile {server.profile}")
        if self.status:
            return []
        self.open = message
        if message.HasField("state"):
            self.step, self.state = message.state.step, floats_of(message.state, OUTPUTS)[0]
        return [
            pb.StreamResponse(
                opened=pb.Opened(
                    session_id="secret",
                    epoch=1,
                    next_step=self.step,
                    version=server.version,
                    input_size=INPUTS,
                    output_size=OUTPUTS,
                    state_size=OUTPUTS,
                    numerics_profile=server.profile,
                    max_chunk_steps=64,
                    max_chunks_ahead=server.max_chunks_ahead,
                )
            )
        ]

    def _chunk(self, chunk):
        rows = floats_of(chunk, INPUTS)
        in_order = chunk.first_step == 0 if chunk.begin else self.in_sequence and chunk.first_step == self.step
        if self.server.draining:
            return [self._refused(chunk, 14, "draining")]
        if not in_order:
            return [self._refused(chunk, 10, "out of order")]
        if not np.isfinite(rows).all():
            answer = self._refused(chunk, 3, "holds a NaN")
            if chunk.begin:
                self.in_sequence, self.step = False, 0
            return [answer]
        if chunk.begin:
            self.step = 0
            self.state = (
                floats_of(chunk.state, OUTPUTS)[0] if chunk.HasField("state") else np.zeros(OUTPUTS, np.float32)
            )
        return self._apply(chunk, rows)

    def _apply(self, chunk, rows):
        out = []
        for row in rows:
            self.state = advance(self.state, row)
            out.append(self.state if self.server.profile == "exact" else self.state * np.float32(1 + 1e-6))
        self.in_sequence, self.step = not chunk.end, 0 if chunk.end else self.step + len(rows)
        answer = pb.Outputs(first_step=chunk.first_step, step_count=len(rows), client_tag=chunk.client_tag)
        put_packed(answer, 3, np.concatenate(out).tobytes())
        self.since += len(rows)
        if not self.in_sequence or self.since < self.open.checkpoint_steps:
            return [pb.StreamResponse(outputs=answer)]
        self.since = 0
        return [pb.StreamResponse(outputs=answer), self._checkpoint()]

    def _checkpoint(self):
        state = pb.State(
            format=1,
            model_fingerprint=self.server.fingerprint,
            numerics_profile=self.server.profile,
            step=self.step,
            values=self.state.tolist(),
        )
        return pb.StreamResponse(checkpoint=pb.Checkpoint(state=state))

    def _refused(self, chunk, code, message):
        return pb.StreamResponse(
            refused=pb.Refused(
                first_step=chunk.first_step,
                code=code,
                message=message,
                expected_step=self.step,
                client_tag=chunk.client_tag,
            )
        )
