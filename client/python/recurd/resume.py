"""Exactly once, without I/O: what a session sends on each connection, and which answers its caller gets.

A driver (recurd.session, recurd.aio.session) owns the clock and the network and tells the core what happened:

    plan -> connect -> (next_request | on_response)* -> on_lost -> plan -> ...

Every connection takes the session up at the last copy of the state and sends what came after it; answers that the
caller already has are compared and dropped. Where the session lives on, that rewinds it, and fences off an older
connection that the server still believes in; elsewhere it is created under the same id. One connection at a time: the
driver brings nothing of an older one.
"""
from __future__ import annotations

import enum
import zlib
from collections import deque

from grpc import StatusCode as Code

from recurd import messages
from recurd.arrays import outputs_of
from recurd.errors import Diverged, Ended, InvalidInput, RecurdError, Refused
from recurd.replay import OVERHEAD_BYTES, Replay
from recurd.servers import Attempt, Servers
from recurd.types import Outputs, State, StreamOptions
from recurd.v1 import recurd_pb2 as pb

# What another attempt at the same server can't mend: asked to open, it is left out; later on, the session is over.
_PERMANENT = {
    Code.NOT_FOUND,
    Code.ALREADY_EXISTS,
    Code.FAILED_PRECONDITION,
    Code.INVALID_ARGUMENT,
    Code.UNIMPLEMENTED,
    Code.OUT_OF_RANGE,
    Code.PERMISSION_DENIED,
    Code.UNAUTHENTICATED,
}
_RESUMABLE = {pb.Ended.DRAINED, pb.Ended.RESTARTED, pb.Ended.EXPIRED, pb.Ended.MODEL_UNLOADED}
_STEADY_S = 10.0  # a connection that held for so long ends an outage, even if nothing was sent on it
_OPEN_S = 5.0  # for one attempt to open
_LEAVE_S = 1.0  # for the last words of a server that refuses because it, or the session, goes away
_MODES: dict[str, pb.Open.Mode] = {
    "create": pb.Open.CREATE,
    "attach": pb.Open.ATTACH,
    "attach_or_create": pb.Open.ATTACH_OR_CREATE,
}


class Phase(enum.Enum):
    IDLE = "not connected"
    OPENING = "connected, waiting for Opened"
    OPEN = "in session"
    LEAVING = "refused, waiting for the server's last words"
    OVER = "over; failure says why"


class ResumeCore:
    """One session. Times are seconds of one monotonic clock.   Threads: one at a time."""

    def __init__(self, options: StreamOptions, servers: Servers) -> None:
        self.options = options
        self.replay = Replay(options.replay_bytes, options.state)
        self.phase = Phase.IDLE
        self.opened: pb.Opened | None = None
        self.server = ""
        self.failure: RecurdError | None = None
        self.connections = 0
        self._servers = servers
        self._answers: deque[Outputs | Refused] = deque()
        self._checkpoint_due = False  # behind the last of them, on this connection
        self._mode: pb.Open.Mode = pb.Open.CREATE  # of this connection
        self._create_only: set[str] = set()  # servers that don't know of attaching
        self._profile = ""  # of the session's first connection
        self._comparable = True  # nothing was computed under another one
        self._dormant = False
        self._closing = False
        self._close_sent = False
        self._since_s = 0.0  # of the phase, or the last sign of life
        self._opened_s = 0.0
        self._retry_after_s = 0.0

    # ---- the caller's side

    @property
    def outstanding(self) -> int:
        """Chunks sent whose answer was not taken."""
        return self.replay.unanswered + len(self._answers)

    @property
    def has_answer(self) -> bool:
        """The last answer waits for the checkpoint that was asked for with its chunk."""
        return len(self._answers) > int(self._checkpoint_due)

    def take_answer(self) -> Outputs | Refused | None:
        """The next answer in the order of the chunks, if it is there."""
        return self._answers.popleft() if self._answers else None

    def cost(self, byte_count: int) -> int:
        """What a chunk of so many bytes counts against replay_bytes.   Errors: InvalidInput if it never fits."""
        cost = byte_count + OVERHEAD_BYTES
        if cost > self.replay.chunk_limit_bytes:
            raise InvalidInput(
                f"a chunk of {byte_count} bytes of inputs; with replay_bytes={self.options.replay_bytes} "
                f"it may have {self.replay.chunk_limit_bytes - OVERHEAD_BYTES}: send smaller chunks, "
                "use run(), or raise replay_bytes"
            )
        return cost

    def has_room(self, cost: int) -> bool:
        """Whether a chunk may be added now: memory for its replay, and a place among those under way."""
        assert self.opened is not None
        has_place = self.outstanding < max(1, self.opened.max_chunks_ahead)
        return self.failure is None and has_place and self.replay.fits(cost)

    # ---- connecting

    @property
    def wants_connection(self) -> bool:
        return self.phase is Phase.IDLE and not (self._dormant and self.replay.unanswered == 0)

    def plan(self, now_s: float) -> Attempt | None:
        """Where to connect next, and when; None if no server is left to try: the session is over."""
        if self.opened is None:
            self._servers.begin(now_s, self.options.connect_timeout_s)
        try:
            return self._servers.plan(now_s)
        except RecurdError as error:
            self.fail(error)
            return None

    def connect(self, attempt: Attempt, now_s: float) -> pb.StreamRequest:
        """A connection to attempt.server is being made; what to send first on it."""
        self.server = attempt.server
        self.phase = Phase.OPENING
        self.connections += 1
        self._since_s = now_s
        self._retry_after_s = 0.0
        self._dormant = False
        self.replay.rewind()
        return self._open_request()

    def _open_request(self) -> pb.StreamRequest:
        version = self.opened.version if self.opened else self.options.version
        session_id = self.options.session_id or (self.opened.session_id if self.opened else "")
        self._mode = _MODES[self.options.mode]
        if self.opened:
            self._mode = pb.Open.ATTACH_OR_CREATE if self.replay.restorable else pb.Open.ATTACH
        if self._mode == pb.Open.ATTACH_OR_CREATE and (self.server in self._create_only or not session_id):
            self._mode, session_id = pb.Open.CREATE, ""
        return messages.open_request(self.options, version, self.replay.base, self._mode, session_id)

    def next_request(self, now_s: float) -> pb.StreamRequest | None:
        """What to send now on this connection, if anything."""
        if self.phase is not Phase.OPEN or self._close_sent:
            return None
        if self.replay.has_unsent:
            if self.replay.due is None:
                self._since_s = now_s
            return messages.chunk_request(self.replay.take_unsent())
        self._close_sent = self._closing
        return pb.StreamRequest(close=pb.Close()) if self._closing else None

    @property
    def overdue_s(self) -> float | None:
        """When this connection is to be given up (cancelled, then on_lost) unless it gives a sign of life."""
        if self.phase is Phase.OPENING:
            return self._since_s + _OPEN_S
        if self.phase is Phase.LEAVING:
            return self._since_s + _LEAVE_S
        if self.phase is Phase.OPEN and self.replay.due is not None:
            return self._since_s + self.options.answer_timeout_s
        return None

    # ---- what the server says

    def on_response(self, response: pb.StreamResponse, now_s: float) -> None:
        """A message came. Afterwards the phase tells: IDLE or OVER, and the connection is to be dropped."""
        if self.phase is not Phase.LEAVING:
            self._since_s = now_s
        if response.HasField("ended"):
            self._on_ended(response.ended, now_s)
        elif response.HasField("checkpoint"):
            self._on_checkpoint(response.checkpoint.state)
        elif self.phase is Phase.OPENING:
            self._on_first(response, now_s)
        elif self.phase is Phase.OPEN and response.HasField("outputs"):
            self._on_outputs(response.outputs, now_s)
        elif self.phase is Phase.OPEN and response.HasField("refused"):
            self._on_refused(response.refused, now_s)

    def _on_first(self, response: pb.StreamResponse, now_s: float) -> None:
        if response.HasField("refused"):
            return self.on_lost(messages.code_of(response.refused.code), response.refused.message, now_s)
        if not response.HasField("opened") or not response.opened.input_size or not response.opened.output_size:
            return self.on_lost(
                Code.FAILED_PRECONDITION,
                "the answer to Open is none of Opened, Refused and Ended; is it a recurd?",
                now_s,
            )
        unfit = self._unfit(response.opened)
        if unfit:
            return self.on_lost(Code.FAILED_PRECONDITION, unfit, now_s)
        if self.opened is None:
            self._servers.settle()
            self._begin_with(response.opened)
        self.opened = response.opened
        self._opened_s = now_s
        self.phase = Phase.OPEN

    def _begin_with(self, opened: pb.Opened) -> None:
        """A session that was there before goes on where it stands, also at step 0: its state may be an imported one."""
        self._profile = opened.numerics_profile
        if self._mode == pb.Open.CREATE or self.replay.base is not None:
            return
        is_new = self._mode == pb.Open.ATTACH_OR_CREATE and opened.epoch <= 1 and opened.next_step == 0
        self.replay.start_at(opened.next_step, opened.must_begin or is_new)

    def _unfit(self, opened: pb.Opened) -> str:
        """Why the session can't go on where it was opened; "" if it can."""
        base = self.replay.base
        if base is not None and opened.next_step != base.step:
            return f"it goes on at step {opened.next_step} from a state of step {base.step}"
        if self.opened is None:
            return ""
        if not self.replay.restorable and (opened.must_begin or opened.next_step != self.replay.first_step):
            return (
                f"the session is at step {opened.next_step}, its client at step {self.replay.first_step}, and no copy "
                "of the state has come since it was attached to: what is between is lost"
            )
        for what in ("version", "input_size", "output_size", "state_size", "model_fingerprint"):
            old, new = getattr(self.opened, what), getattr(opened, what)
            if old and new and old != new:
                return f"model '{self.options.model}' has {what} {new} there, and {old} where the session began"
        return self._other_profile(opened.numerics_profile) if self._changes_profile(opened.numerics_profile) else ""

    def _on_outputs(self, outputs: pb.Outputs, now_s: float) -> None:
        assert self.opened is not None
        chunk, width = self.replay.due, self.opened.output_size
        steps = self.options.steps_with_outputs(chunk.first_step, chunk.step_count, chunk.end) if chunk else range(0)
        expected = (chunk.first_step, chunk.step_count, len(steps) * width) if chunk else None
        told = (outputs.first_step, outputs.step_count, len(outputs.outputs))
        if chunk is None or told != expected:
            text = f"an answer of (first step, steps, floats) {told} came where {expected} was due"
            return self.on_lost(Code.INTERNAL, text, now_s)
        profile = outputs.numerics_profile or self.opened.numerics_profile
        if self._changes_profile(profile):
            return self.on_lost(Code.FAILED_PRECONDITION, self._other_profile(profile), now_s, unfit=True)
        rows = outputs_of(outputs, width)
        checksum = zlib.crc32(rows.data) if self._comparable else None
        if not chunk.answered:
            self._servers.settle()
            self._answers.append(messages.answer_of(outputs, rows, steps, profile, self.server))
            self._checkpoint_due = chunk.checkpoint
        elif checksum is not None and checksum != chunk.checksum:
            return self.fail(
                Diverged(
                    f"{chunk.step_count} steps from {chunk.first_step} gave other bits when they were "
                    "replayed under the same numerics profile",
                    Code.DATA_LOSS,
                    self.server,
                )
            )
        self.replay.answer(checksum)

    def _changes_profile(self, profile: str) -> bool:
        """Whether bits under `profile` need a consent that was not given. With it, bits are not compared any more."""
        if profile == self._profile:
            return False
        self._comparable = False
        return not self.options.allow_profile_change

    def _other_profile(self, profile: str) -> str:
        return (
            f"it computes under numerics profile '{profile}', the session began under '{self._profile}': set "
            "allow_profile_change to accept outputs that may differ in their last bits"
        )

    def _on_refused(self, refused: pb.Refused, now_s: float) -> None:
        if self.replay.skip_refusal():
            return
        chunk, code = self.replay.due, messages.code_of(refused.code)
        if code is Code.UNAVAILABLE and refused.retry_after_ms:  # the server stays, and the state came before
            self._retry_after_s = refused.retry_after_ms / 1000
            self.on_lost(code, refused.message, now_s)
        elif code is Code.UNAVAILABLE or (code is Code.FAILED_PRECONDITION and not (chunk and chunk.state)):
            # The server goes away, or the session is over: which, comes next.
            self.phase, self._since_s = Phase.LEAVING, now_s
        elif chunk is None or refused.first_step != chunk.first_step or code is Code.ABORTED:
            self.on_lost(Code.ABORTED, f"steps are counted apart: {refused.message}", now_s)
        elif chunk.answered:
            text = f"it refuses a replayed chunk: {refused.message}"
            self.on_lost(Code.FAILED_PRECONDITION, text, now_s, unfit=True)
        else:
            self._servers.settle()
            self._refuse(refused, code)

    def _refuse(self, refused: pb.Refused, code: Code) -> None:
        """The caller is told, for the chunk itself and for each that was built on it."""
        text, self._checkpoint_due = refused.message, False
        for given_up in self.replay.refuse():
            self._answers.append(
                Refused(text, code, self.server, given_up.first_step, self.replay.next_step, refused.retry_after_ms)
            )
            text, code = f"it builds on a chunk that was refused: {refused.message}", Code.ABORTED

    def _on_checkpoint(self, state: State) -> None:
        self._checkpoint_due = False
        if self.opened is not None and len(state.values) == self.opened.state_size:
            self.replay.checkpoint(state)

    def _on_ended(self, ended: pb.Ended, now_s: float) -> None:
        reason = pb.Ended.Reason.Name(ended.reason) if ended.reason in pb.Ended.Reason.values() else str(ended.reason)
        text = f"the session ended before step {ended.next_step}: {reason}" + (ended.message and f", {ended.message}")
        if self._closing or ended.reason not in _RESUMABLE:
            code = {pb.Ended.CLOSED: Code.CANCELLED, pb.Ended.FAILED: Code.INTERNAL}.get(ended.reason, Code.ABORTED)
            return self.fail(Ended(text, code, self.server, reason, ended.next_step))
        self._dormant = ended.reason == pb.Ended.EXPIRED
        self.on_lost(Code.UNAVAILABLE, text, now_s, unfit=ended.reason == pb.Ended.MODEL_UNLOADED)

    # ---- ends

    def on_lost(self, code: Code, text: str, now_s: float, *, unfit: bool = False) -> None:
        """The connection is gone, or of no use. Does nothing if the core knows that already."""
        if self.phase in (Phase.IDLE, Phase.OVER):
            return
        self._checkpoint_due = False
        if self._closing:
            return self.cancel()
        error = RecurdError(text, code, self.server)
        opening, self.phase = self.phase is Phase.OPENING, Phase.IDLE
        if opening and self._mode == pb.Open.ATTACH_OR_CREATE and code is Code.UNIMPLEMENTED:
            self._create_only.add(self.server)
            return
        if not opening and code in _PERMANENT | {Code.RESOURCE_EXHAUSTED} and not unfit:
            return self.fail(error)
        if not opening and now_s - self._opened_s > _STEADY_S:
            self._servers.settle()
        if self.opened is not None:
            self._servers.begin(now_s, self.options.resume_timeout_s)
        self._servers.failed(
            error, now_s, unfit=unfit or (opening and code in _PERMANENT), retry_after_s=self._retry_after_s
        )

    def fail(self, error: RecurdError) -> None:
        """The session is over, because of `error`. Answers that are here can still be taken."""
        self._checkpoint_due = False
        if self.phase is not Phase.OVER:
            self.phase, self.failure = Phase.OVER, error

    def close(self) -> None:
        """Ends the session in order: Close is sent after the chunks. At once if there is no session to send it to."""
        self._closing = True
        if self.phase in (Phase.IDLE, Phase.OPENING, Phase.LEAVING):
            self.cancel()

    def cancel(self) -> None:
        """Ends the session for its caller, here and now. The server keeps it for a while, and its id attaches to it."""
        self.fail(Ended("the session was closed by its caller", Code.CANCELLED, "", "CLOSED", self.replay.next_step))
