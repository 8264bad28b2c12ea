"""KServe sequences that go on at another daemon, through Redis.

usage: store_test.py [unittest arguments], with RECURD_DAEMON (path of the daemon), RECURD_SOURCE (the repository) and
RECURD_WORK (a folder to write to) in the environment.
"""
import concurrent.futures
import os
import signal
import time
import unittest
from pathlib import Path

import grpc
import numpy as np

from machines import Daemon, KServe, Redis, bits, kserve_messages, wait_for

INPUTS = np.random.default_rng(11).integers(0, 17, (400, 8)).astype(np.float32)
MESSAGES = kserve_messages(Path(os.environ["RECURD_WORK"]))
RARELY = "--sequence_store_interval=1h"


class StoreTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = cls.enterClassContext(Redis())
        with Daemon() as daemon, KServe(daemon.address, MESSAGES) as client:
            cls.undisturbed, _ = client.step(1, INPUTS, start=True)

    def setUp(self):
        self.redis.ask("FLUSHALL")

    def daemon(self, *flags):
        daemon = self.enterContext(Daemon(f"--sequence_store={self.redis.url}", *flags))
        wait_for(lambda: daemon.metric("recurd_store_up") == 1)
        return daemon

    def client(self, daemon):
        return self.enterContext(KServe(daemon.address, MESSAGES))

    def assert_bits(self, outputs, first):
        self.assertEqual(bits(outputs), bits(self.undisturbed[first : first + len(outputs)]))

    def assert_refused(self, code, words, call, *arguments, **options):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, **options)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertIn(words, caught.exception.details())

    def test_a_sequence_goes_on_where_a_drained_server_left_it(self):
        a, b = self.daemon(RARELY), self.daemon(RARELY)
        for sequence in (7, "7", 8):
            self.client(a).step(sequence, INPUTS[:50], start=True)
            self.client(a).step(sequence, INPUTS[50:100])
        self.assertEqual(a.terminate(), 0)
        for sequence in (7, "7", 8):
            outputs, restored = self.client(b).step(sequence, INPUTS[100:150])
            self.assertEqual(restored, 100)
            self.assert_bits(outputs, 100)
            outputs, restored = self.client(b).step(sequence, INPUTS[150:200])
            self.assertIsNone(restored)
            self.assert_bits(outputs, 150)
        self.assertEqual(b.metric('recurd_store_restores_total{result="restored"}'), 3)

    def test_a_killed_server_s_sequence_goes_on_from_its_last_checkpoint_and_says_so(self):
        a, b = self.daemon("--sequence_store_interval=20ms"), self.daemon()
        self.client(a).step(7, INPUTS[:50], start=True)
        self.client(a).step(7, INPUTS[50:100])
        wait_for(lambda: a.metric("recurd_store_writes_total") >= 2)
        a.kill()
        outputs, restored = self.client(b).step(7, INPUTS[100:110])
        self.assertEqual(restored, 100)
        self.assert_bits(outputs, 100)

    def test_steps_since_the_checkpoint_are_asked_for_again_by_who_counts_them(self):
        a, b = self.daemon(RARELY), self.daemon(RARELY)
        self.client(a).step(7, INPUTS[:50], start=True)  # the first request is written at once
        self.client(a).step(7, INPUTS[50:100])
        wait_for(lambda: a.metric("recurd_store_writes_total") == 1)
        a.kill()
        client = self.client(b)
        self.assert_refused(grpc.StatusCode.ABORTED, "next step of sequence 7 to model 'digits' is 50, where its checkpoint was restored from",
                            client.step, 7, INPUTS[100:150], first_step=100)
        outputs, restored = client.step(7, INPUTS[50:150], first_step=50)
        self.assertEqual(restored, 50)
        self.assert_bits(outputs, 50)

    def test_a_server_that_lives_hands_over_all_that_it_has(self):
        daemons = [self.daemon(RARELY), self.daemon(RARELY), self.daemon(RARELY)]
        clients = [self.client(daemon) for daemon in daemons]
        clients[0].step(7, INPUTS[:10], start=True)
        for at in range(10, 200, 10):
            outputs, restored = clients[at // 10 % 3].step(7, INPUTS[at : at + 10])
            self.assert_bits(outputs, at)
            self.assertEqual(restored, at)
        self.assertEqual(sum(daemon.metric("recurd_store_handovers_total") for daemon in daemons), 19)
        self.assertEqual(sum(daemon.metric("recurd_store_fenced_total") for daemon in daemons), 0)

    def test_a_server_that_was_stopped_and_wakes_finds_its_sequence_gone(self):
        a, b = self.daemon("--sequence_store_interval=20ms"), self.daemon()
        client = self.client(a)
        client.step(7, INPUTS[:50], start=True)
        wait_for(lambda: a.metric("recurd_store_writes_total") >= 1)
        a.process.send_signal(signal.SIGSTOP)  # it can't let go
        outputs, restored = self.client(b).step(7, INPUTS[50:100])
        self.assertEqual(restored, 50)
        self.assert_bits(outputs, 50)
        a.process.send_signal(signal.SIGCONT)
        # What it had been asked for it does now, unless it was fenced before; either way what it gave is not b's loss.
        wait_for(lambda: a.metric("recurd_store_handovers_total") + a.metric("recurd_store_fenced_total") >= 1)
        outputs, _ = self.client(b).step(7, INPUTS[100:150])
        self.assert_bits(outputs, 100)
        self.assertEqual(a.metric("recurd_sessions_active"), 0)

    def test_an_owner_that_is_cut_off_from_redis_is_fenced_when_it_comes_back(self):
        a, b = self.daemon("--sequence_store_interval=20ms"), self.daemon("--sequence_store_interval=20ms")
        client = self.client(a)
        client.step(7, INPUTS[:50], start=True)
        wait_for(lambda: a.metric("recurd_store_writes_total") >= 1)
        a.process.send_signal(signal.SIGSTOP)
        self.redis.ask("CLIENT", "KILL", "TYPE", "pubsub")  # as by a network that lost it: b finds nobody to ask
        outputs, restored = self.client(b).step(7, INPUTS[50:100])
        self.assertEqual(restored, 50)
        self.assert_bits(outputs, 50)
        a.process.send_signal(signal.SIGCONT)
        wait_for(lambda: a.metric("recurd_store_fenced_total") == 1)
        wait_for(lambda: a.metric('recurd_sessions_ended_total{reason="taken_over"}') == 1)
        outputs, restored = client.step(7, INPUTS[100:110])  # a has it handed over
        self.assertEqual(restored, 100)
        self.assert_bits(outputs, 100)

    def test_a_start_while_its_name_is_looked_for_keeps_the_sequence(self):
        a = self.daemon("--sequence_store_interval=20ms")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            stray = pool.submit(self.client(a).step, 7, INPUTS[:1])  # looked for 0.2 s long
            time.sleep(0.05)
            client = self.client(a)
            client.step(7, INPUTS[:50], start=True)
            with self.assertRaises(grpc.RpcError):
                stray.result()
        for at in range(50, 200, 10):
            outputs, restored = client.step(7, INPUTS[at : at + 10])
            self.assertIsNone(restored)
            self.assert_bits(outputs, at)
            time.sleep(0.03)
        self.assertEqual(a.metric("recurd_sessions_ended_total{reason=\"taken_over\"}"), 0)

    def test_an_ended_sequence_is_found_nowhere(self):
        a, b = self.daemon(), self.daemon()
        self.client(a).step(7, INPUTS[:50], start=True)
        wait_for(lambda: self.redis.ask("DBSIZE") == "1")
        self.client(a).step(7, INPUTS[50:60], end=True)
        wait_for(lambda: self.redis.ask("DBSIZE") == "0")
        for daemon in (a, b):
            self.assert_refused(grpc.StatusCode.INVALID_ARGUMENT, "must specify the START flag", self.client(daemon).step, 7, INPUTS[60:70])

    def test_a_new_start_elsewhere_replaces_what_was(self):
        a, b = self.daemon("--sequence_store_interval=20ms"), self.daemon(RARELY)
        self.client(a).step(7, INPUTS[:50], start=True)
        wait_for(lambda: a.metric("recurd_store_writes_total") >= 1)
        self.client(b).step(7, INPUTS[:20], start=True)
        wait_for(lambda: b.metric("recurd_store_writes_total") >= 1)
        self.client(a).step(7, INPUTS[50:60])
        wait_for(lambda: a.metric("recurd_store_fenced_total") == 1)
        outputs, _ = self.client(b).step(7, INPUTS[20:30])
        self.assert_bits(outputs, 20)
        self.assertEqual(a.metric('recurd_sessions_ended_total{reason="taken_over"}'), 1)

    def test_what_redis_holds_is_checked_like_what_clients_send(self):
        a, b = self.daemon(RARELY), self.daemon()
        for sequence in range(1, 6):
            self.client(a).step(sequence, INPUTS[:10], start=True)
        wait_for(lambda: self.redis.ask("DBSIZE") == "5")
        a.kill()
        script = """
          for i, key in ipairs(redis.call('KEYS', '*')) do
            local state = redis.call('HGET', key, 'state')
            local n = tonumber(string.match(key, 'digitsn%%0(%d)'))
            if n == 1 then redis.call('HSET', key, 'state', string.rep('\\255', 100000)) end
            if n == 2 then redis.call('HSET', key, 'state', string.sub(state, 1, -11) .. '\\1' .. string.sub(state, -9)) end
            if n == 3 then redis.call('HSET', key, 'version', '9') end
            if n == 4 then redis.call('DEL', key) redis.call('SET', key, 'text') end
            if n == 5 then redis.call('HSET', key, 'version', string.rep('1', 100000)) end
          end"""
        self.redis.ask("EVAL", script, "0")
        client = self.client(b)
        invalid, unavailable = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE
        self.assert_refused(invalid, "is no state", client.step, 1, INPUTS[10:20])
        self.assert_refused(invalid, "damaged", client.step, 2, INPUTS[10:20])
        self.assert_refused(grpc.StatusCode.NOT_FOUND, "version '9'", client.step, 3, INPUTS[10:20])
        self.assert_refused(unavailable, "WRONGTYPE", client.step, 4, INPUTS[10:20])
        self.assert_refused(unavailable, "never gives", client.step, 5, INPUTS[10:20])
        outputs, _ = client.step(6, INPUTS[:10], start=True)
        self.assert_bits(outputs, 0)

    def test_without_redis_serving_goes_on_and_a_new_redis_gets_what_lives(self):
        with Redis() as redis:
            daemon = self.enterContext(Daemon(f"--sequence_store={redis.url}", "--sequence_store_interval=20ms"))
            wait_for(lambda: daemon.metric("recurd_store_up") == 1)
            client = self.client(daemon)
            client.step(7, INPUTS[:50], start=True)
            redis.kill()
            start_s = time.monotonic()
            for at in range(50, 150):
                self.assert_bits(client.step(7, INPUTS[at : at + 1])[0], at)
            self.assertLess(time.monotonic() - start_s, 25)  # not half a second each
            wait_for(lambda: daemon.metric("recurd_store_up") == 0)
            self.assert_refused(grpc.StatusCode.UNAVAILABLE, "try again in 1000 ms", client.step, 99, INPUTS[:1])
            self.assertGreater(daemon.metric("recurd_store_errors_total"), 0)
            redis.start()
            wait_for(lambda: redis.ask("DBSIZE") == "1")
            daemon.kill()
            other = self.enterContext(Daemon(f"--sequence_store={redis.url}"))
            wait_for(lambda: other.metric("recurd_store_up") == 1)
            outputs, restored = self.client(other).step(7, INPUTS[150:160])
            self.assertEqual(restored, 150)
            self.assert_bits(outputs, 150)

    def test_a_redis_that_answers_nothing_holds_nobody_up(self):
        with Redis() as redis:
            redis.pause()
            daemon = self.enterContext(Daemon(f"--sequence_store={redis.url}", "--sequence_store_interval=20ms"))
            client = self.client(daemon)
            start_s = time.monotonic()
            client.step(7, INPUTS[:1], start=True)
            for at in range(1, 100):
                self.assert_bits(client.step(7, INPUTS[at : at + 1])[0], at)
            self.assertLess(time.monotonic() - start_s, 25)  # not half a second each
            redis.resume()
            wait_for(lambda: redis.ask("DBSIZE") == "1")

    def test_redis_may_want_a_password(self):
        secret = Path(os.environ["RECURD_WORK"]) / "redis_password"
        secret.write_text("correct horse\n")
        secret.chmod(0o600)
        with Redis("--requirepass", "correct horse") as redis:
            flags = (f"--sequence_store={redis.url}/3", f"--sequence_store_password_file={secret}")
            with Daemon(*flags) as daemon:
                wait_for(lambda: daemon.metric("recurd_store_up") == 1)
                self.client(daemon).step(7, INPUTS[:1], start=True)
                wait_for(lambda: redis.ask("-a", "correct horse", "-n", "3", "DBSIZE") == "1")
            with Daemon(flags[0]) as daemon:
                wait_for(lambda: daemon.metric("recurd_store_errors_total") > 0)
                self.assertEqual(daemon.metric("recurd_store_up"), 0)


if __name__ == "__main__":
    unittest.main()
