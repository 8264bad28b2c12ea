"""Sessions cut at random points give their caller every answer once, with the bits of a session that was never cut."""
import random
import unittest

import grpc
import numpy as np

from fake_network import FakeNetwork
from fake_server import INPUTS, OUTPUTS, FakeServer, advance
from recurd.arrays import to_wire
from recurd.errors import Refused
from recurd.resume import Phase

SEEDS = 200
CHUNKS = 40


class Story:
    """One session with a random script and random events; what it added, and what it was answered."""

    def __init__(self, seed, bad_chunks):
        self.rng = random.Random(seed)
        self.data = np.random.default_rng(seed)
        self.bad_chunks = bad_chunks
        self.network = FakeNetwork(
            {
                name: FakeServer(max_chunks_ahead=self.rng.randint(1, 8), attaches=self.rng.random() < 0.8)
                for name in "abc"
            },
            self.rng,
            checkpoint_steps=self.rng.choice([1, 2, 5, 17, 1000]),
            connect_timeout_s=1e6,
            resume_timeout_s=1e6,
        )
        self.added, self.answers = [], []
        self.drains = 2
        self.cuts = 0

    def add(self):
        core = self.network.core
        rows = self.data.normal(size=(self.rng.randint(1, 6), INPUTS)).astype(np.float32)
        if self.rng.random() < self.bad_chunks:
            rows[-1, 0] = np.nan
        inputs = to_wire(rows)
        if core.opened is None or len(self.added) == CHUNKS or not core.has_room(core.cost(len(inputs))):
            return False
        chunk = core.replay.add(
            inputs, len(rows), begin=self.rng.random() < 0.1, end=self.rng.random() < 0.1, client_tag=len(self.added)
        )
        self.added.append((chunk, rows))
        return True

    def take(self):
        answer = self.network.core.take_answer()
        if answer is not None:
            self.answers.append(answer)
        return answer is not None

    def cut(self):
        if self.network.stream is None:
            return False
        self.cuts += 1
        self.rng.choice([self.network.cut, self.network.stall])()
        for name, server in self.network.servers.items():  # some come back, another may be gone for now
            self.network.down.discard(name)
            if self.rng.random() < 0.3:
                self.network.down.add(name)
            if self.rng.random() < 0.3:
                server.restart()
        return True

    def come_back(self):
        self.network.down.clear()

    def drain(self):
        if self.network.stream is None or self.network.stream.open is None or self.drains == 0:
            return False
        self.drains -= 1
        self.network.drain()
        return True

    def run(self):
        network = self.network
        common = [
            self.add,
            self.take,
            network.connect,
            network.client_sends,
            network.server_reads,
            network.client_reads,
        ]
        for _ in range(50000):
            self.rng.choices(common + [self.cut, self.drain, self.come_back], [6, 6, 6, 6, 6, 6, 0.7, 0.05, 0.1])[0]()
            if len(self.answers) == CHUNKS:
                return self
        raise AssertionError(
            f"{len(self.answers)} of {CHUNKS} chunks answered; the session is {network.core.phase}, "
            f"{network.core.failure}"
        )


class RandomKillsTest(unittest.TestCase):
    def check(self, story):
        state, step = np.zeros(OUTPUTS, np.float32), 0
        behind_a_refusal = False
        for (chunk, rows), answer in zip(story.added, story.answers, strict=True):
            if isinstance(answer, Refused):
                built_on_refused = answer.code is grpc.StatusCode.ABORTED and behind_a_refusal and not chunk.begin
                self.assertTrue(np.isnan(rows).any() or built_on_refused, answer)
                behind_a_refusal = True
                continue
            behind_a_refusal = False
            if chunk.begin:
                state, step = np.zeros(OUTPUTS, np.float32), 0
            self.assertEqual(
                (answer.first_step, answer.step_count, answer.client_tag), (step, len(rows), chunk.client_tag)
            )
            for row, output in zip(rows, answer.outputs, strict=True):
                state = advance(state, row)
                self.assertEqual(output.tobytes(), state.tobytes())
            step = 0 if chunk.end else step + len(rows)

    def test_every_answer_comes_once_with_the_bits_of_an_undisturbed_session(self):
        cuts = 0
        for seed in range(SEEDS):
            with self.subTest(seed=seed):
                story = Story(seed, 0).run()
                self.check(story)
                cuts += story.cuts
        self.assertGreater(cuts, SEEDS)

    def test_refused_chunks_are_refused_once_and_the_others_go_on(self):
        for seed in range(SEEDS, 2 * SEEDS):
            with self.subTest(seed=seed):
                story = Story(seed, 0.1).run()
                self.check(story)

    def test_replay_memory_stays_within_its_bound_and_is_free_in_the_end(self):
        network = FakeNetwork(replay_bytes=8192, checkpoint_steps=10000)
        network.settle()
        for number in range(200):
            inputs = to_wire(np.full((1 + number % 9, INPUTS), 0.1, np.float32))
            self.assertTrue(network.core.has_room(network.core.cost(len(inputs))), f"full at chunk {number}")
            network.core.replay.add(inputs, 1 + number % 9, end=number == 199)
            network.settle()
            network.answers()
            self.assertLessEqual(network.core.replay.used_bytes, 8192)
        self.assertEqual(network.core.replay.used_bytes, 0)
        self.assertIs(network.core.phase, Phase.OPEN)


if __name__ == "__main__":
    unittest.main()
