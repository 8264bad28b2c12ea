"""Three daemons behind HAProxy with Redis beside them, restarted and killed under load.

usage: scale_out_test.py [unittest arguments], in a Python that has the package recurd, with RECURD_DAEMON (path of the
daemon), RECURCTL (that of recurctl), RECURD_SOURCE (the repository) and RECURD_WORK (a folder to write to) in the
environment.
"""
import contextlib
import os
import re
import subprocess
import threading
import time
import unittest
from pathlib import Path

import grpc
import numpy as np

import recurd
from machines import Daemon, HAProxy, KServe, Redis, bits, free_port, kserve_messages, wait_for

INPUTS = np.random.default_rng(5).integers(0, 17, (20000, 8)).astype(np.float32)
MESSAGES = kserve_messages(Path(os.environ["RECURD_WORK"]))
PAUSE_S = 0.002


class Fleet(contextlib.ExitStack):
    """Redis, HAProxy, and three daemons that can be taken down and brought back."""

    def __enter__(self):
        try:
            return self.begin()
        except BaseException:
            self.close()
            raise

    def begin(self):
        self.daemons = []
        self.callback(lambda: [daemon.__exit__() for daemon in self.daemons])
        self.redis = self.enter_context(Redis())
        self.addresses = [f"127.0.0.1:{free_port()}" for _ in range(3)]
        self.daemons += [self.start(i) for i in range(3)]
        self.haproxy = self.enter_context(HAProxy(self.addresses))
        time.sleep(1)  # for its first checks
        return self

    def start(self, i):
        daemon = Daemon(f"--sequence_store={self.redis.url}", "--sequence_store_interval=100ms", "--drain_timeout=20s",
                        address=self.addresses[i])
        wait_for(lambda: daemon.metric("recurd_store_up") == 1)
        return daemon

    def restart(self, i, kill=False):
        if kill:
            self.daemons[i].kill()
        elif (code := self.daemons[i].terminate()) != 0:
            raise AssertionError(f"a drained daemon ended with {code}")
        self.daemons[i].process.stderr.close()
        time.sleep(0.7)
        self.daemons[i] = self.start(i)
        time.sleep(1.5)  # until HAProxy has it back

    def count(self, metric):
        return sum(daemon.metric(metric) for daemon in self.daemons)


class Worker(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.stop, self.failure, self.outputs = threading.Event(), None, []

    def run(self):
        try:
            self.work()
        except BaseException as failure:  # for whoever joins
            self.failure = failure

    def finish(self):
        self.stop.set()
        self.join(60)
        if self.failure is not None:
            raise self.failure
        return np.concatenate(self.outputs)


class Native(Worker):
    """A session of the Python client, which restores it by itself."""

    def __init__(self, address):
        super().__init__()
        self.address, self.connections = address, 0
        self.start()

    def work(self):
        with recurd.Client([self.address], "digits") as client, client.stream(checkpoint_steps=64) as session:
            for at in range(len(INPUTS)):
                if self.stop.is_set():
                    break
                self.outputs.append(session.step(INPUTS[at])[np.newaxis])
                time.sleep(PAUSE_S)
            self.connections = session.connections


class Sequence(Worker):
    """A sequence of KServe that counts its steps, and sends again what the server asks for."""

    def __init__(self, address, sequence, route):
        super().__init__()
        self.address, self.sequence, self.route = address, sequence, route
        self.restored, self.repeated, self.skipped = [], 0, 0
        self.start()

    def work(self):
        with KServe(self.address, MESSAGES, self.route) as client:
            at = 0
            while not self.stop.is_set() or at == 0:
                try:
                    outputs, restored = client.step(self.sequence, INPUTS[at], start=at == 0, first_step=at)
                except grpc.RpcError as error:
                    at = self.after(error, at)
                    continue
                if restored is not None:
                    self.restored.append((restored, at))
                self.outputs[at:] = [outputs]
                at += 1
                time.sleep(PAUSE_S)

    def after(self, error, at):
        """The step to send next."""
        if wanted := re.search(r"next step of sequence .* is (\d+)", error.details()):
            wanted = int(wanted[1])
            self.repeated += max(0, at - wanted)
            self.skipped += max(0, wanted - at)  # applied, and its answer was lost
            self.outputs += [np.full((1, 10), np.nan, np.float32)] * max(0, wanted - at)
            return wanted
        if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
            raise error
        time.sleep(0.02)
        return at


class ScaleOutTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Daemon("--max_chunk_steps=20000") as daemon, recurd.Client([daemon.address], "digits") as client:
            cls.undisturbed = client.infer(INPUTS).outputs

    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        address = self.fleet.haproxy.address
        self.natives = [Native(address) for _ in range(6)]
        self.sequences = [Sequence(address, i + 1, f"{i + 1}") for i in range(6)] + [Sequence(address, f"unrouted-{i}", None) for i in range(3)]
        wait_for(lambda: all(len(worker.outputs) > 50 for worker in self.natives + self.sequences), 60)

    def assert_undisturbed(self, outputs):
        steps = ~np.isnan(outputs[:, 0])
        self.assertEqual(bits(outputs[steps]), bits(self.undisturbed[: len(outputs)][steps]))

    def finish(self):
        for worker in self.natives + self.sequences:
            self.assert_undisturbed(worker.finish())
        for native in self.natives:
            self.assertFalse(np.isnan(np.concatenate(native.outputs)).any())

    def test_calls_are_spread_and_each_sequence_stays_at_one_server(self):
        shares = [daemon.metric("recurd_sessions_active") for daemon in self.fleet.daemons]
        self.finish()
        self.assertEqual(sum(shares), 15)
        self.assertLess(max(shares), 15)
        self.assertEqual(self.fleet.count("recurd_store_handovers_total"), 0)
        self.assertEqual([native.connections for native in self.natives], [1] * 6)
        self.assertEqual([sequence.restored for sequence in self.sequences], [[]] * 9)

    def test_one_connection_carries_more_sessions_than_haproxy_s_own_limit(self):
        done = subprocess.run([os.environ["RECURCTL"], "bench", f"--server={self.fleet.haproxy.address}", "--model=digits", "--streams=150", "--seconds=1"],
                              capture_output=True, text=True, timeout=25)  # with the limit it waits 30 s for a second connection
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertGreater(int(re.search(r"throughput: (\d+) messages/s", done.stdout)[1]), 0)
        self.finish()

    def test_a_rolling_restart_loses_nothing(self):
        for i in range(3):
            self.fleet.restart(i)
        self.finish()
        self.assertTrue(all(native.connections > 1 for native in self.natives))
        for sequence in self.sequences:
            self.assertGreater(len(sequence.restored), 0)
            self.assertEqual([(sent, restored) for restored, sent in sequence.restored if restored != sent], [])
            self.assertEqual((sequence.repeated, sequence.skipped), (0, 0))

    def test_a_server_killed_without_notice_loses_no_output_of_a_native_client_and_sequences_say_where_they_are(self):
        time.sleep(0.5)
        busiest = max(range(3), key=lambda i: self.fleet.daemons[i].metric("recurd_sessions_active"))
        before = [len(sequence.outputs) for sequence in self.sequences]
        self.fleet.restart(busiest, kill=True)
        self.finish()
        moved = [sequence for sequence in self.sequences if sequence.restored]
        self.assertGreater(len(moved), 0)
        self.assertGreater(sum(native.connections for native in self.natives), 6)
        for sequence, steps in zip(self.sequences, before):
            self.assertGreater(len(sequence.outputs), steps)
            for restored, _ in sequence.restored:
                self.assertGreater(restored, 0)
        # An interval of 100 ms is some 50 steps; a loaded machine's timers may be late.
        self.assertLess(max(sequence.repeated for sequence in moved), 1000)

    def test_serving_goes_on_without_redis_and_what_lives_is_kept_again_when_it_is_back(self):
        self.fleet.redis.kill()
        before = [len(worker.outputs) for worker in self.natives + self.sequences]
        time.sleep(1)
        for worker, steps in zip(self.natives + self.sequences, before):
            self.assertGreater(len(worker.outputs), steps + 10)
        self.assertGreater(self.fleet.count("recurd_store_errors_total"), 0)
        self.fleet.redis.start()
        wait_for(lambda: self.fleet.redis.ask("DBSIZE") == "9", 20)
        self.fleet.restart(0)
        self.finish()
        self.assertEqual([sequence.skipped for sequence in self.sequences], [0] * 9)


if __name__ == "__main__":
    unittest.main()
