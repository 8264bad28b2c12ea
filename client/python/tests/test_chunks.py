"""How runs are cut into chunks and put together again."""

import unittest

import numpy as np

from fake_network import FakeNetwork
from fake_server import INPUTS
from recurd import chunks
from recurd.arrays import to_wire
from recurd.errors import InvalidInput
from recurd.types import State


class ChunksTest(unittest.TestCase):
    def setUp(self):
        self.network = FakeNetwork(replay_bytes=8192)
        self.network.settle()
        self.core, self.opened = self.network.core, self.network.core.opened

    def split(self, steps, **options):
        rows = np.arange(steps * INPUTS).reshape(steps, INPUTS)
        options = {"begin": False, "end": False, "state": None, **options}
        pieces = list(chunks.split(self.core, self.opened, rows, **options))
        self.assertEqual(b"".join(p.inputs for p in pieces), to_wire(rows.astype(np.float32)))
        for piece in pieces:
            self.assertEqual(len(piece.inputs), piece.step_count * INPUTS * 4)
            chunks.check(self.core, self.opened, piece)
        return pieces

    def test_a_run_is_cut_at_the_servers_limit_and_begins_and_ends_once(self):
        pieces = self.split(150, begin=True, end=True, state=State(values=[1, 2]))
        self.assertEqual([p.step_count for p in pieces], [64, 64, 22])
        self.assertEqual([p.begin for p in pieces], [True, False, False])
        self.assertEqual([p.end for p in pieces], [False, False, True])
        self.assertEqual([p.state is None for p in pieces], [False, True, True])

    def test_a_run_is_cut_at_what_the_replay_memory_takes(self):
        self.opened.max_chunk_steps = 10000
        self.assertEqual([p.step_count for p in self.split(700)], [320, 320, 60])

    def test_a_run_is_cut_at_what_a_message_takes_here_and_back(self):
        self.opened.max_message_bytes = 128 + 50 * 4 * INPUTS
        self.assertEqual([p.step_count for p in self.split(120)], [50, 50, 20])
        pieces = self.split(120, begin=True, state=State(values=[1] * 20 * INPUTS))
        self.assertEqual([p.step_count for p in pieces], [30, 30, 30, 30])
        self.opened.output_size = 5 * INPUTS
        self.assertEqual([p.step_count for p in self.split(25)], [10, 10, 5])
        with self.assertRaisesRegex(InvalidInput, "612 bytes of floats; the server takes messages of 728"):
            chunks.check(self.core, self.opened, chunks.Piece.of(np.zeros((51, INPUTS)), INPUTS))

    def test_a_chunk_that_is_too_long_or_has_a_state_and_no_begin_is_named(self):
        with self.assertRaisesRegex(InvalidInput, "65 steps; the server takes 64"):
            chunks.check(self.core, self.opened, chunks.Piece.of(np.zeros((65, INPUTS)), INPUTS))
        with self.assertRaisesRegex(InvalidInput, "together with begin"):
            chunks.Piece.of(np.zeros(INPUTS), INPUTS, state=State())
        with self.assertRaisesRegex(InvalidInput, "deadline_us"):
            chunks.Piece.of(np.zeros(INPUTS), INPUTS, deadline_us=-1)


if __name__ == "__main__":
    unittest.main()
