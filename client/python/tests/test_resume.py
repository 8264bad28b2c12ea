"""What the core does at each turn of a session's life."""
import unittest

import grpc
import numpy as np

from fake_network import FakeNetwork
from fake_server import INPUTS, FakeServer
from recurd.arrays import to_wire
from recurd.errors import Diverged, Ended, InvalidInput, Lost, Refused
from recurd.resume import Phase
from recurd.v1 import recurd_pb2 as pb

Code = grpc.StatusCode


def add(network, steps=1, value=0.5, **options):
    network.core.replay.add(to_wire(np.full((steps, INPUTS), value, np.float32)), steps, **options)


def steps_of(answers):
    return [answer.first_step for answer in answers]


def opened(*args, **options):
    network = FakeNetwork(*args, **options)
    network.settle()
    return network


class ResumeTest(unittest.TestCase):
    def test_after_a_lost_answer_the_next_server_gets_the_checkpoint_and_what_came_after_it(self):
        network = opened(checkpoint_steps=2)
        for _ in range(5):
            add(network)
            network.settle()
        network.cut()
        add(network)
        network.settle()
        self.assertEqual(steps_of(network.answers()), [0, 1, 2, 3, 4, 5])
        self.assertEqual(network.servers["b"].opens[0].state.step, 4)
        self.assertEqual(network.stream.step, 6)

    def test_after_the_end_of_a_sequence_nothing_is_kept_and_the_next_connection_starts_fresh(self):
        network = opened(checkpoint_steps=1)
        add(network)
        add(network, end=True)
        network.settle()
        self.assertEqual(network.core.replay.used_bytes, 0)
        network.cut()
        add(network)
        network.settle()
        self.assertFalse(network.servers["b"].opens[0].HasField("state"))
        self.assertEqual(steps_of(network.answers()), [0, 1, 0])

    def test_a_session_opened_with_a_state_goes_back_to_that_state(self):
        state = pb.State(format=1, model_fingerprint="f", numerics_profile="exact", step=7, values=[0.25, -0.5])
        network = opened(state=state)
        add(network)
        network.settle()
        network.cut()
        add(network)
        network.settle()
        self.assertEqual(steps_of(network.answers()), [7, 8])
        self.assertEqual(network.servers["b"].opens[0].state, state)

    def test_an_answer_waits_for_the_checkpoint_that_was_asked_for_with_it_unless_the_connection_is_lost(self):
        for over, then in (
            ("checkpoint", lambda core: core.on_response(pb.StreamResponse(checkpoint=pb.Checkpoint()), 0)),
            ("loss", lambda core: core.on_lost(Code.UNAVAILABLE, "gone", 0)),
        ):
            core = opened().core
            core.replay.add(to_wire(np.full((1, INPUTS), 0.5, np.float32)), 1, checkpoint=True)
            core.next_request(0)
            outputs = pb.Outputs(first_step=0, step_count=1, outputs=[0.0] * core.opened.output_size)
            core.on_response(pb.StreamResponse(outputs=outputs), 0)
            self.assertFalse(core.has_answer, over)
            then(core)
            self.assertTrue(core.has_answer, over)

    def test_a_drained_server_hands_over_by_its_last_checkpoint(self):
        network = opened(checkpoint_steps=1000)
        add(network, steps=3)
        network.settle()
        network.drain()
        network.settle()
        self.assertEqual(network.core.replay.base.step, 3)
        self.assertEqual(network.core.server, "b")
        self.assertEqual(network.core.replay.used_bytes, 0)

    def test_a_chunk_refused_as_unavailable_is_answered_by_the_next_server(self):
        network = opened()
        network.servers["a"].draining = True
        add(network)
        network.settle()
        self.assertIs(network.core.phase, Phase.LEAVING)
        self.assertLessEqual(network.core.overdue_s, network.now + 1)
        network.cut("gave no sign of life", Code.CANCELLED)
        network.settle()
        self.assertEqual([(a.first_step, a.server) for a in network.answers()], [(0, "b")])

    def test_retry_after_sends_the_session_elsewhere_or_lets_it_wait(self):
        for servers, expected in (("ab", "b"), ("a", "a")):
            network = opened({name: FakeServer() for name in servers})
            add(network)
            network.client_sends()
            refused = pb.Refused(code=14, first_step=0, retry_after_ms=3000)
            network.core.on_response(pb.StreamResponse(refused=refused), network.now)
            self.assertIs(network.core.phase, Phase.IDLE)
            attempt = network.core.plan(network.now)
            self.assertEqual(attempt.server, expected)
            self.assertEqual(attempt.at_s >= 3, expected == "a")

    def test_a_server_under_repair_hands_over_the_state_and_is_left_at_once(self):
        network = opened(checkpoint_steps=1000)
        add(network)
        network.settle()
        add(network)
        network.client_sends()
        refused = pb.Refused(code=14, first_step=1, retry_after_ms=1000)
        network.core.on_response(network.stream._checkpoint(), network.now)
        network.core.on_response(pb.StreamResponse(refused=refused), network.now)
        self.assertIs(network.core.phase, Phase.IDLE)
        network.settle()
        self.assertEqual([(a.first_step, a.server) for a in network.answers()], [(0, "a"), (1, "b")])
        self.assertEqual(network.servers["b"].opens[0].state.step, 1)

    def test_steps_on_a_fallback_with_another_profile_are_taken_only_by_consent(self):
        for consent in (False, True):
            network = opened(allow_profile_change=consent)
            add(network)
            network.client_sends()
            outputs = pb.Outputs(step_count=1, outputs=[1, 2], numerics_profile="other", fallback="cpu")
            network.core.on_response(pb.StreamResponse(outputs=outputs), network.now)
            answers = [(a.numerics_profile, a.fallback) for a in network.answers()]
            self.assertEqual(answers, [("other", "cpu")] if consent else [])
            network.cut()
            network.settle()
            self.assertIs(network.core.phase, Phase.OPEN)
            answers = [(a.numerics_profile, a.fallback) for a in network.answers()]
            self.assertEqual(answers, [] if consent else [("exact", "")])

    def test_an_ending_by_failure_or_by_an_operator_is_the_callers_to_know(self):
        for reason in (pb.Ended.FAILED, pb.Ended.EVICTED, pb.Ended.TAKEN_OVER):
            network = opened()
            network.core.on_response(pb.StreamResponse(ended=pb.Ended(reason=reason, message="why")), 0)
            self.assertIsInstance(network.core.failure, Ended)
            self.assertIn("why", str(network.core.failure))
            self.assertEqual(network.core.failure.reason, pb.Ended.Reason.Name(reason))

    def test_an_expired_session_comes_back_when_it_has_something_to_send(self):
        network = opened()
        network.core.on_response(pb.StreamResponse(ended=pb.Ended(reason=pb.Ended.EXPIRED)), 0)
        self.assertFalse(network.core.wants_connection)
        add(network)
        self.assertTrue(network.core.wants_connection)

    def test_another_profile_is_taken_only_by_consent(self):
        for consent in (False, True):
            network = opened(
                {"a": FakeServer(), "b": FakeServer("other")}, allow_profile_change=consent, checkpoint_steps=2
            )
            add(network, steps=2)
            add(network)
            network.settle()
            network.cut()
            network.down = {"a"}
            add(network)
            network.settle()
            if consent:
                self.assertEqual(steps_of(network.answers()), [0, 2, 3])
            else:
                self.assertIsInstance(network.core.failure, Lost)
                self.assertIn("profile other", str(network.core.failure))

    def test_without_a_checkpoint_another_profile_still_needs_consent(self):
        network = opened({"a": FakeServer(), "b": FakeServer("other")})
        add(network)
        network.settle()
        network.cut()
        network.down = {"a"}
        network.settle()
        self.assertIn("allow_profile_change", str(network.core.failure))

    def test_other_bits_under_the_same_profile_are_an_error_and_never_given_to_the_caller(self):
        network = opened()
        add(network)
        network.settle()
        network.servers["b"].stream = lambda: wrong
        wrong = FakeServer("other").stream()
        wrong.server.profile = "exact"
        wrong._apply = lambda chunk, rows: [pb.StreamResponse(outputs=pb.Outputs(step_count=1, outputs=[1, 2]))]
        network.cut()
        network.settle()
        self.assertIsInstance(network.core.failure, Diverged)
        self.assertEqual(len(network.answers()), 1)

    def test_an_answer_that_fits_no_chunk_is_not_given_to_the_caller(self):
        for outputs in (
            pb.Outputs(first_step=1, step_count=1, outputs=[0, 0]),
            pb.Outputs(step_count=1, outputs=[0, 0, 0]),
            pb.Outputs(step_count=2, outputs=[0, 0, 0, 0]),
        ):
            network = opened()
            add(network)
            network.client_sends()
            network.core.on_response(pb.StreamResponse(outputs=outputs), 0)
            self.assertIs(network.core.phase, Phase.IDLE)
            self.assertEqual(network.answers(), [])

    def test_a_refused_chunk_takes_those_behind_it_along_and_the_session_goes_on_from_there(self):
        network = opened()
        add(network)
        for value in (np.nan, 0.5, 0.5):
            add(network, value=value)
        network.settle()
        first, *refused = network.answers()
        self.assertEqual(first.first_step, 0)
        self.assertEqual([r.code for r in refused], [Code.INVALID_ARGUMENT, Code.ABORTED, Code.ABORTED])
        self.assertEqual({r.expected_step for r in refused}, {1})
        self.assertEqual(network.core.connections, 1)
        self.assertIn("NaN", str(refused[0]))
        add(network)
        network.settle()
        self.assertEqual(steps_of(network.answers()), [1])

    def test_a_lost_connection_right_after_a_refusal_replays_none_of_what_was_refused(self):
        network = opened()
        for value in (0.5, np.nan, 0.5):
            add(network, value=value)
            network.client_sends()
        for _ in range(3):
            network.server_reads()
        network.client_reads()
        network.client_reads()
        network.cut()
        add(network)
        network.settle()
        answers = network.answers()
        self.assertEqual([isinstance(a, Refused) for a in answers], [False, True, True, False])
        self.assertEqual(answers[-1].first_step, 1)

    def test_a_server_without_the_model_is_left_out_and_if_none_has_it_each_ones_reason_is_told(self):
        network = FakeNetwork({"a": FakeServer(version="2"), "b": FakeServer()}, version="1")
        network.settle()
        self.assertEqual(network.core.server, "b")
        network = FakeNetwork({"a": FakeServer(version="2"), "b": FakeServer(version="3")}, version="1")
        network.settle()
        self.assertIsInstance(network.core.failure, Lost)
        self.assertIs(network.core.failure.code, Code.NOT_FOUND)
        self.assertEqual(set(network.core.failure.attempts), {"a", "b"})

    def test_resuming_asks_for_the_version_that_the_session_began_with(self):
        network = opened({"a": FakeServer(version="1"), "b": FakeServer(version="2")})
        network.cut()
        network.down = {"a"}
        network.settle()
        self.assertIsInstance(network.core.failure, Lost)
        self.assertEqual(network.servers["b"].opens[0].version, "1")

    def test_gives_up_after_the_outages_limit_and_says_what_each_server_said(self):
        network = opened(resume_timeout_s=20)
        network.down = {"a", "b"}
        network.cut()
        network.settle()
        self.assertIsInstance(network.core.failure, Lost)
        self.assertIs(network.core.failure.code, Code.UNAVAILABLE)
        self.assertIn("within 20 s: a: connection refused", str(network.core.failure))
        self.assertLessEqual(network.now, 20)

    def test_a_chunk_that_kills_every_connection_ends_in_an_error(self):
        network = opened(resume_timeout_s=20)
        add(network)
        for _ in range(1000):
            if network.core.phase is Phase.OVER:
                break
            network.connect()
            network.server_reads()
            network.client_reads()
            network.client_sends()
            network.cut()
        self.assertIsInstance(network.core.failure, Lost)

    def test_silence_while_an_answer_is_due_makes_a_connection_overdue(self):
        network = opened(answer_timeout_s=30)
        self.assertIsNone(network.core.overdue_s)
        network.now = 100
        add(network)
        network.client_sends()
        self.assertEqual(network.core.overdue_s, 130)

    def test_a_small_replay_memory_asks_for_copies_before_a_quarter_of_it_is_full_of_chunks_without(self):
        network = opened(replay_bytes=8192, checkpoint_steps=1000)
        for number in range(20):
            add(network)
            network.settle()
            self.assertEqual(network.core.replay.used_bytes, (number + 1) % 8 * (12 + 256))
        self.assertEqual(network.core.connections, 1)

    def test_a_copy_that_was_to_come_with_a_refused_chunk_is_asked_for_with_the_next_one(self):
        network = opened(replay_bytes=8192, checkpoint_steps=1000)
        for number in range(1, 60):
            add(network, value=np.nan if number % 8 == 0 else 0.5)
            network.settle()
            self.assertLess(network.core.replay.used_bytes, 4096)

    def test_a_copy_can_be_asked_for_with_any_chunk(self):
        network = opened(checkpoint_steps=1000)
        add(network, steps=3, checkpoint=True)
        network.settle()
        self.assertEqual(network.core.replay.base.step, 3)

    def test_a_chunk_that_never_fits_names_the_limit_and_the_way_out(self):
        network = opened(replay_bytes=8192)
        with self.assertRaisesRegex(InvalidInput, "replay_bytes=8192 it may have 3840"):
            network.core.cost(5000)

    def test_what_does_not_fit_into_the_replay_memory_has_to_wait(self):
        network = opened(replay_bytes=8192)
        cost = network.core.cost(250 * 12)
        for _ in range(2):
            self.assertTrue(network.core.has_room(cost))
            add(network, steps=250)
        self.assertFalse(network.core.has_room(cost))

    def test_a_refused_beginning_ends_the_old_sequence_and_frees_its_memory(self):
        network = opened()
        add(network)
        add(network, begin=True, value=np.nan)
        network.settle()
        self.assertEqual(network.core.replay.used_bytes, 0)
        network.cut()
        add(network)
        network.settle()
        first, refused, second = network.answers()
        self.assertEqual((first.first_step, refused.code, second.first_step), (0, Code.INVALID_ARGUMENT, 0))

    def test_a_checkpoint_counts_only_for_the_answer_that_it_stands_behind(self):
        network = opened()
        for _ in range(3):
            add(network, steps=2)
        network.settle()
        cost = network.core.replay.used_bytes // 3
        for step, values, kept in ((3, 2, 3), (7, 2, 3), (6, 1, 3), (4, 2, 1), (2, 2, 1), (6, 2, 0)):
            state = pb.State(step=step, values=[0.5] * values)
            network.core.on_response(pb.StreamResponse(checkpoint=pb.Checkpoint(state=state)), 0)
            self.assertEqual(network.core.replay.used_bytes, kept * cost, step)
        self.assertEqual(network.core.replay.base.step, 6)

    def test_a_server_that_goes_on_at_another_step_is_left_out(self):
        network = opened(checkpoint_steps=1)
        add(network, steps=2)
        network.settle()
        stream = network.servers["b"].stream()
        opened_there = pb.Opened(
            next_step=1, version="1", input_size=3, output_size=2, state_size=2, numerics_profile="exact"
        )
        stream.handle = lambda request: [pb.StreamResponse(opened=opened_there)]
        network.servers["b"].stream = lambda: stream
        network.cut()
        network.down = {"a"}
        network.settle()
        self.assertIn("goes on at step 1 from a state of step 2", str(network.core.failure))

    def test_a_deadline_is_not_sent_again_for_a_chunk_that_was_answered(self):
        network = opened()
        add(network, deadline_us=50)
        network.settle()
        network.cut()
        add(network, deadline_us=60)
        while network.connect() or network.client_sends():
            if len(network.up_wire) == 1 and network.up_wire[0].HasField("open"):
                network.server_reads()
                network.client_reads()
        self.assertEqual([r.chunk.deadline_us for r in network.up_wire], [0, 60])

    def test_close_is_sent_after_the_chunks_and_ends_the_session(self):
        network = opened()
        add(network)
        network.core.close()
        network.settle()
        self.assertIs(network.core.phase, Phase.OVER)
        self.assertEqual(network.core.failure.reason, "CLOSED")
        self.assertEqual(len(network.answers()), 1)


if __name__ == "__main__":
    unittest.main()
