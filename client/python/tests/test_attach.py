"""How a session is found again where it lives on, made anew where it doesn't, and attached to by its name."""
import unittest

import grpc
import numpy as np

from fake_network import FakeNetwork
from fake_server import INPUTS, OUTPUTS, FakeServer, FakeSession, advance
from recurd.arrays import to_wire
from recurd.errors import Ended, InvalidInput, Lost
from recurd.resume import Phase
from recurd.types import StreamOptions
from recurd.v1 import recurd_pb2 as pb

Code = grpc.StatusCode
ROW = np.full(INPUTS, 0.5, np.float32)


def add(network, steps=1, **options):
    network.core.replay.add(to_wire(np.tile(ROW, (steps, 1))), steps, **options)


def opened(*args, **options):
    network = FakeNetwork(*args, **options)
    network.settle()
    return network


def one(**options):
    return opened({"a": FakeServer()}, **options)


def bits_after(steps, state=np.zeros(OUTPUTS, np.float32)):
    for _ in range(steps):
        state = advance(state, ROW)
    return state.tobytes()


class AttachTest(unittest.TestCase):
    def step(self, network, count=1):
        """Adds that many chunks of one step, and returns the first steps and the last bits of all answers so far."""
        for _ in range(count):
            add(network)
            network.settle()
        answers = network.answers()
        return [a.first_step for a in answers], answers[-1].outputs[-1].tobytes()

    def standing(self, network, step=5, state=(0.25, -0.5), in_sequence=True, name="pump 7"):
        """A session on server a that somebody else left there."""
        session = FakeSession()
        session.step, session.in_sequence, session.state = step, in_sequence, np.array(state, np.float32)
        session.epoch = 1
        network.servers["a"].sessions[name] = session

    def attached(self, servers="a", mode="attach", **standing):
        network = FakeNetwork({name: FakeServer() for name in servers}, session_id="pump 7", mode=mode)
        self.standing(network, **standing)
        network.settle()
        return network

    def test_a_cut_connection_comes_back_to_its_session_and_rewinds_it_to_the_last_copy(self):
        network = one(checkpoint_steps=2)
        self.step(network, 3)
        network.cut()
        steps, bits = self.step(network)
        self.assertEqual((steps, bits), ([3], bits_after(4)))
        first, again = network.servers["a"].opens
        self.assertEqual((first.mode, first.session_id), (pb.Open.CREATE, ""))
        self.assertEqual((again.mode, again.session_id), (pb.Open.ATTACH_OR_CREATE, network.core.opened.session_id))
        self.assertEqual((again.state.step, network.core.opened.epoch), (2, 2))
        self.assertEqual(network.servers["a"].created, 1)

    def test_before_the_first_copy_it_comes_back_by_beginning_the_sequence_again(self):
        network = one(checkpoint_steps=1000)
        self.step(network, 3)
        network.cut()
        steps, bits = self.step(network)
        self.assertEqual((steps, bits), ([3], bits_after(4)))
        self.assertFalse(network.servers["a"].opens[1].HasField("state"))
        self.assertEqual(network.servers["a"].created, 1)

    def test_between_two_sequences_it_comes_back_and_begins(self):
        network = one(checkpoint_steps=1)
        add(network, end=True)
        network.settle()
        network.cut()
        network.settle()
        self.assertTrue(network.core.opened.must_begin)
        self.assertEqual(self.step(network), ([0, 0], bits_after(1)))

    def test_a_connection_that_hangs_is_fenced_off_by_its_own_reconnect(self):
        network = one()
        add(network)
        network.client_sends()
        old = network.stall()
        network.settle()
        self.assertEqual(self.step(network), ([0, 1], bits_after(2)))
        late = pb.StreamRequest(chunk=pb.Chunk(first_step=2, inputs=[1] * INPUTS))
        self.assertEqual([r.ended.reason for r in old.handle(late)], [pb.Ended.TAKEN_OVER])
        self.assertEqual(network.stream.step, 2)

    def test_elsewhere_it_is_made_under_the_id_that_it_had(self):
        network = opened(checkpoint_steps=1)
        self.step(network)
        network.cut()
        self.assertEqual(self.step(network), ([1], bits_after(2)))
        self.assertEqual(network.core.server, "b")
        self.assertEqual(set(network.servers["a"].sessions), set(network.servers["b"].sessions))

    def test_a_server_that_knows_nothing_of_attaching_gets_the_state_only(self):
        network = opened({"a": FakeServer(attaches=False), "b": FakeServer()}, checkpoint_steps=1)
        self.step(network)
        for server in "bab":
            network.cut()
            self.assertEqual(self.step(network)[0], [network.stream.step - 1])
            self.assertEqual(network.core.server, server)
        modes = [(o.mode, o.session_id == "", o.state.step) for o in network.servers["a"].opens[1:]]
        self.assertEqual(modes, [(pb.Open.ATTACH_OR_CREATE, False, 2), (pb.Open.CREATE, True, 2)])
        self.assertEqual({o.mode for o in network.servers["b"].opens}, {pb.Open.ATTACH_OR_CREATE})

    def test_being_taken_over_is_final_also_when_what_waited_is_refused_first(self):
        for replayed in (False, True):
            network = one()
            add(network)
            if replayed:
                network.settle()
                network.cut()
                network.connect()
                network.server_reads()
                network.client_reads()
            network.client_sends()
            refused = pb.Refused(code=9, message="the session is over")
            network.core.on_response(pb.StreamResponse(refused=refused), network.now)
            self.assertIs(network.core.phase, Phase.LEAVING)
            ended = pb.Ended(reason=pb.Ended.TAKEN_OVER, message="another stream attached")
            network.core.on_response(pb.StreamResponse(ended=ended), network.now)
            self.assertIsInstance(network.core.failure, Ended)
            self.assertEqual(network.core.failure.reason, "TAKEN_OVER")
            self.assertEqual(len(network.answers()), int(replayed))

    def test_a_beginning_whose_state_does_not_fit_is_refused_and_the_session_goes_on(self):
        network = one()
        add(network, begin=True, state=pb.State())
        network.client_sends()
        network.core.on_response(pb.StreamResponse(refused=pb.Refused(code=9, message="fingerprint")), network.now)
        self.assertIs(network.core.phase, Phase.OPEN)
        self.assertIs(network.answers()[0].code, Code.FAILED_PRECONDITION)

    def test_attaches_to_a_session_by_its_name_and_goes_on_in_mid_sequence(self):
        network = self.attached()
        self.assertEqual(network.core.replay.next_step, 5)
        self.assertEqual(self.step(network), ([5], bits_after(1, np.array([0.25, -0.5], np.float32))))
        self.assertEqual(network.core.replay.base.step, 6)  # asked for with the first chunk

    def test_looks_for_the_session_at_all_servers_and_never_makes_one(self):
        network = FakeNetwork({"b": FakeServer(), "a": FakeServer()}, session_id="pump 7", mode="attach")
        self.standing(network)
        network.settle()
        self.assertEqual(network.core.server, "a")
        network = opened(session_id="pump 8", mode="attach")
        self.assertIsInstance(network.core.failure, Lost)
        self.assertIs(network.core.failure.code, Code.NOT_FOUND)

    def test_a_session_attached_to_with_a_state_is_rewound(self):
        state = pb.State(format=1, model_fingerprint="f", numerics_profile="exact", step=2, values=[0.5, 0.5])
        network = FakeNetwork({"a": FakeServer()}, session_id="pump 7", mode="attach", state=state)
        self.standing(network)
        network.settle()
        self.assertEqual(self.step(network), ([2], bits_after(1, np.array([0.5, 0.5], np.float32))))

    def test_attaching_between_two_sequences_begins_one(self):
        network = self.attached(step=0, in_sequence=False)
        self.assertEqual(self.step(network), ([0], bits_after(1)))

    def test_attaching_at_step_0_keeps_the_state_that_is_there(self):
        network = self.attached(step=0)
        self.assertEqual(self.step(network), ([0], bits_after(1, np.array([0.25, -0.5], np.float32))))

    def test_once_a_copy_has_come_an_attached_session_goes_on_anywhere(self):
        network = self.attached("ab")
        self.step(network)
        network.cut()
        network.down = {"a"}
        steps, bits = self.step(network)
        self.assertEqual((steps, bits), ([6], bits_after(2, np.array([0.25, -0.5], np.float32))))
        self.assertEqual(network.core.server, "b")

    def test_before_that_it_goes_on_only_where_it_stands_as_it_was_left(self):
        network = self.attached("ab")
        network.cut()
        self.assertEqual(self.step(network)[0], [5])
        self.assertEqual([o.mode for o in network.servers["b"].opens], [pb.Open.ATTACH])
        network = self.attached("ab")
        add(network)
        network.client_sends()
        network.server_reads()
        network.cut()
        network.settle()
        self.assertIsInstance(network.core.failure, Lost)
        self.assertIn("at step 6, its client at step 5", str(network.core.failure))

    def test_a_drain_before_its_first_answer_hands_it_over(self):
        for chunks in (0, 1):
            network = self.attached("ab")
            network.servers["a"].draining = True
            for _ in range(chunks):
                add(network)
                network.client_sends()
            network.drain()
            network.settle()
            steps, bits = self.step(network, 2 - chunks)
            self.assertEqual((steps, bits), ([5, 6], bits_after(2, np.array([0.25, -0.5], np.float32))))
            self.assertEqual(network.core.server, "b")

    def test_a_new_sequence_makes_it_free_of_where_it_stands(self):
        for new in ({"begin": True}, {"end": True}, {"begin": True, "refused": True}, {"begin": True, "lost": True}):
            network = self.attached("ab")
            is_refused, is_lost = new.pop("refused", False), new.pop("lost", False)
            add(network, **new)
            if is_refused:
                network.client_sends()
                network.core.on_response(pb.StreamResponse(refused=pb.Refused(code=3)), network.now)
            elif not is_lost:
                network.settle()
            network.cut()
            network.down = {"a"}
            network.settle()
            self.assertEqual((network.core.server, network.core.failure), ("b", None), new)

    def test_attach_or_create_makes_a_session_where_there_is_none_which_is_restored_from_its_beginning(self):
        network = opened(session_id="pump 7", mode="attach_or_create")
        add(network)
        network.client_sends()
        network.cut()
        network.down = {"a"}
        self.assertEqual(self.step(network), ([0, 1], bits_after(2)))
        self.assertEqual(set(network.servers["b"].sessions), {"pump 7"})

    def test_a_name_that_is_taken_is_told_at_once(self):
        network = self.attached(mode="create")
        self.assertIsInstance(network.core.failure, Lost)
        self.assertIs(network.core.failure.code, Code.ALREADY_EXISTS)
        self.assertEqual(network.core.connections, 1)

    def test_a_server_with_another_model_of_the_same_name_is_left_out(self):
        network = opened({"a": FakeServer(), "b": FakeServer(fingerprint="g")})
        network.cut()
        network.down = {"a"}
        network.settle()
        self.assertIn("model_fingerprint g there, and f where the session began", str(network.core.failure))

    def test_names_that_are_none_are_found_before_anything_is_sent(self):
        for name in ("@17", "x" * 129, "p\u00fcmp", "a\nb"):
            with self.assertRaisesRegex(InvalidInput, "session_id="):
                StreamOptions("m", session_id=name)
        with self.assertRaisesRegex(InvalidInput, "needs the session_id"):
            StreamOptions("m", mode="attach")
        with self.assertRaisesRegex(InvalidInput, "known are create"):
            StreamOptions("m", mode="resume")


if __name__ == "__main__":
    unittest.main()
