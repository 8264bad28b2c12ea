"""The Python client's sessions with real daemons: found again, taken over, restored, exported, imported, closed.

usage: python_sessions_test.py [unittest arguments], with RECURD_DAEMON (path of the daemon) and RECURD_SOURCE (the
repository) in the environment, in a Python that has the package.
"""
import asyncio
import tempfile
import threading
import time
import unittest
from pathlib import Path

import grpc
import numpy as np

import recurd
from python_daemon import Daemon, Proxy, bits
from recurd import aio

STEPS = 2000
OPENED = "recurd_sessions_opened_total"
INPUTS = np.random.default_rng(7).integers(0, 17, (STEPS, 8)).astype(np.float32)


def ended(daemon, reason):
    return daemon.metric(f'recurd_sessions_ended_total{{reason="{reason}"}}')


def wait_for(what, timeout_s=20):
    give_up_s = time.monotonic() + timeout_s
    while not what():
        if time.monotonic() > give_up_s:
            raise AssertionError("it did not come to be")
        time.sleep(0.005)


class SessionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())
        with recurd.Client([cls.daemon.address], "digits") as client:
            cls.undisturbed = client.infer(INPUTS).outputs

    def test_a_cut_connection_comes_back_to_its_session(self):
        for checkpoint_steps in (16, 1 << 20):
            with Daemon("--max_sessions=1") as daemon, Proxy(daemon.port) as proxy:
                with recurd.Client([proxy.address], "digits") as client:
                    with client.stream(checkpoint_steps=checkpoint_steps) as session:
                        outputs = []
                        for at in range(0, STEPS, 100):
                            session.send(INPUTS[at : at + 50])
                            proxy.cut()
                            session.send(INPUTS[at + 50 : at + 100])
                            outputs += [answer.outputs for answer in session]
                        self.assertGreater(session.connections, 20)
                        self.assertGreater(session.opened.epoch, 20)
                self.assertEqual((daemon.metric(OPENED), ended(daemon, "evicted")), (1, 0))
            self.assertEqual(bits(np.concatenate(outputs)), bits(self.undisturbed))

    def test_a_session_behind_a_stalled_connection_is_taken_over_by_its_own_reconnect(self):
        with Daemon() as daemon, Proxy(daemon.port) as proxy:
            with recurd.Client([proxy.address], "digits") as client:
                with client.stream(checkpoint_steps=16, answer_timeout_s=0.3) as session:
                    outputs = []
                    for at in range(0, STEPS, 500):
                        outputs.append(session.run(INPUTS[at : at + 400]))
                        proxy.stall()
                        session.send(INPUTS[at + 400 : at + 500])
                        outputs.append(session.receive(timeout=20).outputs)
            self.assertEqual((daemon.metric(OPENED), ended(daemon, "taken_over")), (1, 4))
        self.assertEqual(bits(np.concatenate(outputs)), bits(self.undisturbed))

    def test_the_one_who_is_taken_over_hears_of_it_and_does_not_come_back(self):
        with recurd.Client([self.daemon.address], "digits") as client:
            first = client.stream(session_id="pump 1")
            first.run(INPUTS[:10])
            with self.assertRaisesRegex(recurd.Lost, "ALREADY_EXISTS"):
                client.stream(session_id="pump 1")
            with client.stream(session_id="pump 1", mode="attach") as second:
                with self.assertRaises(recurd.Ended) as caught:
                    first.receive(timeout=20)
                self.assertEqual((caught.exception.reason, caught.exception.next_step), ("TAKEN_OVER", 10))
                self.assertEqual((second.next_step, second.opened.epoch), (10, 2))
                self.assertEqual(bits(second.run(INPUTS[10:20])), bits(self.undisturbed[10:20]))

    def test_a_session_that_was_left_is_attached_to_by_whoever_knows_its_id(self):
        for end in (False, True):
            with recurd.Client([self.daemon.address], "digits") as client:
                session = client.stream()
                session.run(INPUTS[:10], end=end)
                name = session.opened.session_id
                session.cancel()
            with recurd.Client(["127.0.0.1:1", self.daemon.address], "digits") as client:
                with client.stream(session_id=name, mode="attach") as session:
                    self.assertEqual(session.opened.must_begin, end)
                    at = 0 if end else 10
                    self.assertEqual(bits(session.run(INPUTS[at:30])), bits(self.undisturbed[at:30]))
                with self.assertRaisesRegex(recurd.Lost, "is over: closed"):
                    client.stream(session_id=name, mode="attach", connect_timeout_s=0.5)

    def test_a_state_is_exported_imported_and_attached_to(self):
        with recurd.Client([self.daemon.address], "digits") as client, Daemon() as other:
            with client.stream() as session:
                session.run(INPUTS[:10])
                exported = client.export_session(session.opened.session_id)
                self.assertEqual((exported.state.step, exported.model, exported.version), (10, "digits", "1"))
                self.assertEqual(exported.server, self.daemon.address)
                self.assertEqual(bits(session.run(INPUTS[10:20])), bits(self.undisturbed[10:20]))
            with recurd.Client([self.daemon.address, other.address]) as there:
                imported = there.import_session(exported.state, exported.model, server=other.address)
                self.assertEqual((imported.next_step, imported.server), (10, other.address))
                self.assertNotIn(imported.session_id, repr(imported))
                with there.stream("digits", session_id=imported.session_id, mode="attach") as session:
                    self.assertEqual(session.server, other.address)
                    self.assertEqual(bits(session.run(INPUTS[10:20])), bits(self.undisturbed[10:20]))
            exported.state.numerics_profile = "another"
            with self.assertRaisesRegex(recurd.RecurdError, "FAILED_PRECONDITION"):
                client.import_session(exported.state)

    def test_sessions_are_listed_and_closed_by_their_id_or_their_handle(self):
        with Daemon() as one, Daemon() as other, recurd.Client([one.address, other.address], "digits") as client:
            with recurd.Client([other.address]) as there:
                session = there.stream("digits", session_id="pump 1")
                session.run(INPUTS[:10])
                second = client.stream()
                self.assertEqual([s.server for s in client.sessions()], [one.address, other.address])
                self.assertEqual(client.sessions("digits_reset_before"), [])
                (info,) = there.sessions("digits")
                self.assertEqual((info.model, info.next_step, info.attached, info.epoch), ("digits", 10, True, 1))
                self.assertEqual(client.close_session("pump 1"), 10)
                with self.assertRaisesRegex(recurd.Ended, "CLOSED"):
                    session.receive(timeout=20)
                with self.assertRaisesRegex(recurd.Lost, "is over: closed") as caught:
                    client.export_session("pump 1")
                self.assertIs(caught.exception.code, grpc.StatusCode.NOT_FOUND)
                (info,) = client.sessions()
                with self.assertRaisesRegex(recurd.InvalidInput, "say which by server="):
                    client.close_session(info.handle)
                self.assertEqual(client.close_session(info.handle, server=info.server), 0)
                with self.assertRaisesRegex(recurd.Ended, "EVICTED"):
                    second.receive(timeout=20)
                other.kill()
                self.assertEqual(client.sessions(), [])

    def test_more_sessions_than_a_page_holds_are_listed(self):
        state = recurd.State()
        with recurd.Client([self.daemon.address], "digits") as client:
            before = len(client.sessions())
            with client.stream() as session:
                session.run(INPUTS[:1])
                state = client.export_session(session.opened.session_id).state
            ids = [client.import_session(state).session_id for _ in range(1001)]
            listed = [info for info in client.sessions() if not info.attached]
            self.assertEqual(len({info.handle for info in listed}), before + 1001)
            for name in ids:
                client.close_session(name)
            self.assertEqual(len(client.sessions()), before)

    def test_a_chosen_id_is_private_to_who_authenticates(self):
        tokens = {"ward": "0123456789abcdef", "lab": "fedcba9876543210"}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "tokens"
            file.touch(0o600)
            file.write_text("".join(f"{name} stream {token}\n" for name, token in tokens.items()))
            with Daemon(f"--auth_tokens_file={file}") as daemon:
                ward, lab = (recurd.Client([daemon.address], "digits", token=t) for t in tokens.values())
                with ward, lab, ward.stream(session_id="pump 1") as session:
                    session.run(INPUTS[:10])
                    with self.assertRaisesRegex(recurd.Lost, "NOT_FOUND"):
                        lab.export_session("pump 1")
                    self.assertEqual(ward.export_session("pump 1").state.step, 10)
                    with lab.stream(session_id="pump 1", mode="attach_or_create") as other:
                        self.assertEqual(bits(other.run(INPUTS[:10])), bits(self.undisturbed[:10]))
                    self.assertEqual(bits(session.run(INPUTS[10:20])), bits(self.undisturbed[10:20]))
                    with self.assertRaisesRegex(recurd.RecurdError, "PERMISSION_DENIED"):
                        ward.sessions()


class KilledTest(unittest.TestCase):
    """Three streams, each of its own kind, whose only daemon is killed and started again all the time."""

    def setUp(self):
        self.over = threading.Event()
        self.counts, self.errors = [0, 0, 0], []

    def steps(self, client):
        with client.stream(checkpoint_steps=64) as session:
            outputs = []
            for row in self.until_over(0, INPUTS):
                outputs.append(session.step(row)[np.newaxis])
            return outputs

    def pipelined(self, client):
        with client.stream(checkpoint_steps=1 << 20, replay_bytes=1 << 16) as session:
            return [answer.outputs for answer in session.map(self.until_over(1, np.split(INPUTS, 100)))]

    async def sequences(self, address):
        async with aio.Client([address], "digits") as client, client.stream(session_id="pump 1") as session:
            return [await session.run(INPUTS, end=True) for _ in self.until_over(2, [INPUTS])]

    def until_over(self, which, source):
        """The source again and again, slowly, but never a part of it."""
        while not self.over.is_set():
            for item in source:
                yield item
                self.counts[which] += 1
                time.sleep(0.0005)

    def check(self, which, stream):
        try:
            got = np.concatenate(stream())
            with recurd.Client([self.undisturbed.address], "digits") as client, client.stream() as session:
                repeats = len(got) // STEPS
                expected = (
                    session.run(np.tile(INPUTS, (repeats, 1)))
                    if which < 2
                    else np.tile(session.run(INPUTS), (repeats, 1))
                )
            self.assertEqual(bits(got), bits(expected))
        except BaseException as error:
            self.errors.append(error)
            self.over.set()

    def test_ten_kills_cost_nobody_a_step_or_a_bit(self):
        with Daemon() as self.undisturbed, Daemon() as daemon, recurd.Client([daemon.address], "digits") as client:
            streams = [
                lambda: self.steps(client),
                lambda: self.pipelined(client),
                lambda: asyncio.run(self.sequences(daemon.address)),
            ]
            threads = [threading.Thread(target=self.check, args=pair, daemon=True) for pair in enumerate(streams)]
            for thread in threads:
                thread.start()
            try:
                for _ in range(12):
                    before = list(self.counts)
                    wait_for(lambda: self.over.is_set() or all(a > b for a, b in zip(self.counts, before)))
                    daemon.__exit__()
                    daemon = Daemon(address=daemon.address)
            finally:
                self.over.set()
                for thread in threads:
                    thread.join(30)
                daemon.__exit__()
        self.assertEqual(self.errors, [])


class AsyncioTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # unittest turns it on, and it tells of every slow callback

    async def test_a_stalled_connection_is_given_up_by_who_waits_already(self):
        with Daemon() as daemon, Proxy(daemon.port) as proxy:
            async with aio.Client([proxy.address], "digits") as client:
                async with client.stream(answer_timeout_s=0.3) as session:
                    proxy.stall()
                    await session.send(INPUTS[:10])
                    self.assertEqual((await session.receive(timeout=20)).step_count, 10)
            self.assertEqual((daemon.metric(OPENED), ended(daemon, "taken_over")), (1, 1))

    async def test_the_same_in_asyncio(self):
        with Daemon() as daemon, Proxy(daemon.port) as proxy:
            async with aio.Client([proxy.address], "digits") as client:
                undisturbed = (await client.infer(INPUTS[:100])).outputs
                async with client.stream(session_id="pump 1", checkpoint_steps=16) as session:
                    first = await session.run(INPUTS[:50])
                    proxy.cut()
                    second = await session.run(INPUTS[50:100])
                    self.assertEqual(bits(np.concatenate([first, second])), bits(undisturbed))
                    self.assertEqual(daemon.metric(OPENED), 1)
                    self.assertEqual([s.next_step for s in await client.sessions()], [100])
                    exported = await client.export_session("pump 1")
                    async with client.stream(session_id="pump 1", mode="attach") as other:
                        self.assertEqual(other.next_step, 100)
                        with self.assertRaisesRegex(recurd.Ended, "TAKEN_OVER"):
                            await session.receive(timeout=20)
                        self.assertEqual(await client.close_session("pump 1"), 100)
                        with self.assertRaisesRegex(recurd.Ended, "CLOSED"):
                            await other.receive(timeout=20)
                async with client.stream(session_id="pump 1") as session:
                    await session.run(INPUTS[:10])
                    await session.cancel()
                async with client.stream(session_id="pump 1", mode="attach") as session:
                    self.assertEqual(session.next_step, 10)
                imported = await client.import_session(exported.state)
                self.assertEqual(imported.next_step, 100)
                self.assertEqual(await client.close_session((await client.sessions())[0].handle), 100)
                with self.assertRaisesRegex(recurd.Lost, "NOT_FOUND"):
                    await client.close_session(imported.session_id)


if __name__ == "__main__":
    unittest.main()
