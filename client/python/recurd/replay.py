"""The chunks of a session that may have to be sent again: their numbers, bounded memory, what answers make of them.

The log begins at `base` (a state, or None: the initial one) and holds every chunk since: first those that are answered,
then those that are not. On a connection two positions move through it: what was sent, and whose answer is due. A new
connection rewinds both. Answers to chunks that were answered before are for nobody.

A log that begins at a state rewinds a session which lives on by that state; one that begins with a sequence does it by
the `begin` of its first chunk. A session that was attached to in mid-sequence has neither, until a state of it comes.
"""
from __future__ import annotations

from dataclasses import dataclass

from recurd.types import State

OVERHEAD_BYTES = 256  # of a logged chunk, over and above its inputs


@dataclass(slots=True)
class LoggedChunk:
    """T steps. inputs: T x input_size packed floats. checksum: of the outputs that the caller has, or None."""

    first_step: int
    step_count: int
    inputs: bytes
    begin: bool
    end: bool
    deadline_us: int
    client_tag: int
    state: State | None
    round: int
    checkpoint: bool = False
    answered: bool = False
    checksum: int | None = None

    @property
    def cost(self) -> int:
        return OVERHEAD_BYTES + len(self.inputs) + (4 * len(self.state.values) if self.state is not None else 0)


class Replay:
    """See above.   Threads: one at a time."""

    def __init__(self, limit_bytes: int, base: State | None) -> None:
        self.limit_bytes = limit_bytes
        self.base = base
        self._chunks: list[LoggedChunk] = []
        self._used_bytes = 0
        self._sent = 0
        self._due = 0
        self._answered = 0
        self._skip = 0
        self._next_step = base.step if base is not None else 0
        self._begin_next = base is None
        self._mid_sequence = False  # attached to there, and no state of it has come yet
        self._unmarked_bytes = 0  # since a checkpoint was asked for
        self._round = 0

    def start_at(self, next_step: int, begin_next: bool) -> None:
        """Goes on with a session that was attached to; nothing has been sent."""
        self._next_step, self._begin_next, self._mid_sequence = next_step, begin_next, not begin_next

    # ---- the caller's side

    @property
    def next_step(self) -> int:
        """The step that the next chunk begins with."""
        return 0 if self._begin_next else self._next_step

    @property
    def unanswered(self) -> int:
        """Chunks whose answer the caller has not got."""
        return len(self._chunks) - self._answered

    @property
    def used_bytes(self) -> int:
        return self._used_bytes

    @property
    def chunk_limit_bytes(self) -> int:
        """The largest cost of one chunk: half, because a copy of the state comes before the other half is full."""
        return self.limit_bytes // 2

    def fits(self, cost: int) -> bool:
        return self._used_bytes + cost <= self.limit_bytes

    def add(
        self,
        inputs: bytes,
        step_count: int,
        *,
        begin: bool = False,
        end: bool = False,
        deadline_us: int = 0,
        client_tag: int = 0,
        state: State | None = None,
        checkpoint: bool = False,
    ) -> LoggedChunk:
        """Numbers a chunk and logs it. It begins a sequence where the caller says so, or where the last one ended.

        Asks for a checkpoint with it before a quarter of the memory is full of chunks without.
        """
        begin = begin or self._begin_next
        if begin:
            self._round += 1
        chunk = LoggedChunk(
            0 if begin else self._next_step, step_count, inputs, begin, end, deadline_us, client_tag, state, self._round
        )
        self._chunks.append(chunk)
        self._used_bytes += chunk.cost
        self._unmarked_bytes += chunk.cost
        needed = self._unmarked_bytes >= self.limit_bytes // 4 or (self._mid_sequence and not begin)
        if not end and (checkpoint or needed):
            chunk.checkpoint, self._unmarked_bytes = True, 0
        self._next_step, self._begin_next = chunk.first_step + step_count, end
        return chunk

    # ---- the connection's side

    @property
    def restorable(self) -> bool:
        """Whether the base and the log are enough to go on from, wherever the session is."""
        return self.base is not None or not self._mid_sequence or bool(self._chunks and self._chunks[0].begin)

    @property
    def first_step(self) -> int:
        """With restorable False: the step that a session expects which has applied nothing of the log."""
        return self._chunks[0].first_step if self._chunks else self.next_step

    def rewind(self) -> None:
        """A new connection: everything is to be sent, from `base` on."""
        self._sent = self._due = self._skip = 0

    @property
    def has_unsent(self) -> bool:
        return self._sent < len(self._chunks)

    def take_unsent(self) -> LoggedChunk:
        self._sent += 1
        return self._chunks[self._sent - 1]

    @property
    def due(self) -> LoggedChunk | None:
        """The chunk that the next answer is for; None if no answer is due."""
        return self._chunks[self._due] if self._due < self._sent else None

    def answer(self, checksum: int | None) -> None:
        """The due chunk was applied."""
        chunk = self._chunks[self._due]
        self._due += 1
        if chunk.answered:
            return
        chunk.answered, chunk.checksum = True, checksum
        self._answered += 1
        if chunk.begin or chunk.end:
            self._mid_sequence = False
        if chunk.end:
            self._drop(self._due, None)
        elif chunk.begin:
            self._drop(self._due - 1, None)

    def refuse(self) -> list[LoggedChunk]:
        """The due chunk was refused. Takes it out, and those built on it, which are refused as well; returns them."""
        at = self._due
        chunk = self._chunks[at]
        last = at + 1
        while last < len(self._chunks) and self._chunks[last].round == chunk.round:
            last += 1
        given_up = self._chunks[at:last]
        sent = min(last, self._sent)
        self._skip += sent - at - 1
        self._sent -= sent - at
        self._used_bytes -= sum(c.cost for c in given_up)
        self._unmarked_bytes = self._used_bytes  # the one that was to bring a checkpoint may be among them
        del self._chunks[at:last]
        if chunk.round == self._round:
            self._next_step, self._begin_next = chunk.first_step, chunk.begin
        if chunk.begin:
            self._mid_sequence = False
            self._drop(at, None)  # the old sequence is over all the same
        return given_up

    def skip_refusal(self) -> bool:
        """Whether a refusal belongs to a chunk that refuse() has given up already; counts it."""
        if self._skip == 0:
            return False
        self._skip -= 1
        return True

    def checkpoint(self, state: State) -> bool:
        """Takes `state` for the new base, and drops the chunks before it, if it stands behind one of their answers.

        Or if it is the state that an attached session stood at, before its first chunk.
        """
        if not self.restorable and state.step == self.first_step:
            self.base = state
            return True
        for count in range(self._due, 0, -1):
            chunk = self._chunks[count - 1]
            if chunk.first_step + chunk.step_count == state.step:
                self._drop(count, state)
                return True
        return False

    def _drop(self, count: int, base: State | None) -> None:
        self._used_bytes -= sum(chunk.cost for chunk in self._chunks[:count])
        del self._chunks[:count]
        self._sent -= count
        self._due -= count
        self._answered -= count
        self.base = base
