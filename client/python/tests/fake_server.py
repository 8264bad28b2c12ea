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
    """What streams of one server have in common. Its sessions outlive them; attaches: as far as it knows of that."""

    def __init__(self, profile="exact", version="1", fingerprint="f", max_chunks_ahead=4, attaches=True):
        self.profile, self.version, self.fingerprint = profile, version, fingerprint
        self.max_chunks_ahead, self.attaches = max_chunks_ahead, attaches
        self.draining = False
        self.opens = []
        self.sessions = {}
        self.created = 0

    def stream(self):
        return FakeStream(self)

    def restart(self):
        """As after kill -9."""
        self.sessions.clear()


class FakeSession:
    """What a server keeps between two streams."""

    def __init__(self):
        self.step, self.in_sequence = 0, True
        self.state = np.zeros(OUTPUTS, np.float32)
        self.epoch, self.stream = 0, None


class FakeStream:
    """One stream: requests in, a list of responses out. `status`: how gRPC ended it, if it did."""

    def __init__(self, server):
        self.server = server
        self.open = None
        self.status = None
        self.id, self.session, self.since = "", None, 0
        self.last_words = []

    @property
    def step(self):
        return self.session.step

    def handle(self, request):
        if self.last_words:
            return [self.last_words.pop()]
        if self.status:
            return []
        if request.HasField("open"):
            return self._open(request.open)
        if request.HasField("close"):
            return self._end(pb.Ended.CLOSED)
        return self._chunk(request.chunk)

    def drain(self):
        """The last words of a server that goes away."""
        if self.status or self.open is None:
            return []
        last = [self._checkpoint()] if self.session.in_sequence else []
        return last + self._end(pb.Ended.DRAINED)

    def taken_over(self):
        self.last_words = self._ended(pb.Ended.TAKEN_OVER)

    def _end(self, reason):
        self.server.sessions.pop(self.id, None)
        return self._ended(reason)

    def _ended(self, reason):
        self.status = ("OK", "")
        return [pb.StreamResponse(ended=pb.Ended(reason=reason, next_step=self.step))]

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
        elif message.mode == pb.Open.ATTACH and message.session_id not in server.sessions:
            self.status = ("NOT_FOUND", f"session {message.session_id} is not known to this server")
        elif message.mode == pb.Open.CREATE and message.session_id in server.sessions:
            self.status = ("ALREADY_EXISTS", f"session {message.session_id} exists")
        if self.status:
            return []
        self.open = message
        session = self._attach(message)
        return [
            pb.StreamResponse(
                opened=pb.Opened(
                    session_id=self.id,
                    epoch=session.epoch,
                    next_step=session.step,
                    must_begin=not session.in_sequence,
                    model_fingerprint=server.fingerprint,
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

    def _attach(self, message):
        server = self.server
        self.id = message.session_id or f"{id(server):x}-{server.created}"
        if self.id not in server.sessions:
            server.created += 1
            server.sessions[self.id] = FakeSession()
        self.session = session = server.sessions[self.id]
        if session.stream is not None:
            session.stream.taken_over()
        session.stream = self
        session.epoch += 1
        if message.HasField("state"):
            session.step, session.in_sequence = message.state.step, True
            session.state = floats_of(message.state, OUTPUTS)[0]
        return session

    def _chunk(self, chunk):
        session = self.session
        rows = floats_of(chunk, INPUTS)
        in_order = chunk.first_step == 0 if chunk.begin else session.in_sequence and chunk.first_step == session.step
        if self.server.draining:
            return [self._refused(chunk, 14, "draining")]
        if not in_order:
            return [self._refused(chunk, 10, "out of order")]
        if not np.isfinite(rows).all():
            answer = self._refused(chunk, 3, "holds a NaN")
            if chunk.begin:
                session.in_sequence, session.step = False, 0
            return [answer]
        if chunk.begin:
            session.step = 0
            session.state = (
                floats_of(chunk.state, OUTPUTS)[0] if chunk.HasField("state") else np.zeros(OUTPUTS, np.float32)
            )
        return self._apply(chunk, rows)

    def _apply(self, chunk, rows):
        session, out = self.session, []
        for row in rows:
            session.state = advance(session.state, row)
            out.append(session.state if self.server.profile == "exact" else session.state * np.float32(1 + 1e-6))
        session.in_sequence, session.step = not chunk.end, 0 if chunk.end else session.step + len(rows)
        answer = pb.Outputs(first_step=chunk.first_step, step_count=len(rows), client_tag=chunk.client_tag)
        put_packed(answer, 3, np.concatenate(out).tobytes())
        self.since += len(rows)
        if not session.in_sequence or (self.since < self.open.checkpoint_steps and not chunk.checkpoint):
            return [pb.StreamResponse(outputs=answer)]
        self.since = 0
        return [pb.StreamResponse(outputs=answer), self._checkpoint()]

    def _checkpoint(self):
        state = pb.State(
            format=1,
            model_fingerprint=self.server.fingerprint,
            numerics_profile=self.server.profile,
            step=self.step,
            values=self.session.state.tolist(),
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
