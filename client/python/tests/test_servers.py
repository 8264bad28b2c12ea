"""Turns, waits and the end of patience."""
import random
import unittest

from recurd.errors import InvalidInput, Lost, RecurdError
from recurd.servers import Backoff, Servers
from recurd.types import StreamOptions
from recurd.wire import Health, check_address, health_of, health_request


class ServersTest(unittest.TestCase):
    def test_the_wait_grows_to_its_limit_and_is_jittered_over_its_whole_range(self):
        backoff, rng = Backoff(0.1, 2.0), random.Random(1)
        for attempt, limit in ((0, 0.1), (1, 0.2), (3, 0.8), (9, 2.0), (5000, 2.0)):
            waits = [backoff.delay_s(attempt, rng) for _ in range(500)]
            self.assertLess(max(waits), limit)
            self.assertGreater(max(waits), 0.95 * limit)
            self.assertLess(min(waits), 0.05 * limit)

    def test_each_failure_passes_the_turn_on_and_work_keeps_it(self):
        servers = Servers(["a", "b", "c"])
        self.assertEqual(servers.plan(0).server, "a")
        turns = []
        for _ in range(4):
            servers.failed(RecurdError("gone"), 0)
            turns.append(servers.plan(0).server)
        servers.settle()
        self.assertEqual(turns + [servers.plan(9).server], ["b", "c", "a", "b", "b"])
        self.assertEqual(servers.plan(9).at_s, 9)

    def test_an_unfit_server_is_left_out_until_the_outage_is_over(self):
        servers = Servers(["a", "b"])
        servers.failed(RecurdError("no such model"), 0, unfit=True)
        servers.failed(RecurdError("gone"), 0)
        self.assertEqual(servers.plan(0).server, "b")
        servers.settle()
        servers.failed(RecurdError("gone"), 0)
        self.assertEqual(servers.plan(0).server, "a")

    def test_patience_is_counted_from_the_outages_beginning(self):
        servers = Servers(["a"])
        servers.begin(100, 10)
        servers.failed(RecurdError("gone"), 100)
        servers.begin(105, 10)
        self.assertGreaterEqual(servers.plan(109.9).at_s, 109.9)
        with self.assertRaisesRegex(Lost, "none of the 1 servers took the session within 10 s: a: gone"):
            servers.plan(110.1)

    def test_the_last_attempt_comes_at_the_limit_and_not_long_before(self):
        servers = Servers(["a"], Backoff(base_s=1000, max_s=1000))
        servers.begin(100, 10)
        servers.failed(RecurdError("gone"), 100)
        self.assertEqual(servers.plan(105).at_s, 110)
        with self.assertRaises(Lost):
            servers.plan(110)

    def test_a_list_of_no_servers_and_a_crooked_address_are_errors(self):
        for bad in ([], [""], "localhost:8001"):
            with self.assertRaises(InvalidInput):
                Servers(bad)
        for bad in ("localhost", ":1", "a:0", "a:65536", "a:b", "unix:", "a:\u0663"):
            with self.assertRaisesRegex(InvalidInput, "HOST:PORT"):
                check_address(bad)
        for good in ("localhost:8001", "[::1]:1", "unix:/tmp/socket"):
            self.assertEqual(check_address(good), good)


class OptionsTest(unittest.TestCase):
    def test_names_the_steps_whose_outputs_come(self):
        def steps(outputs, *chunk, stride=0):
            return list(StreamOptions("m", outputs=outputs, output_stride=stride).steps_with_outputs(*chunk))

        self.assertEqual(steps("every_step", 4, 3, False), [4, 5, 6])
        self.assertEqual(steps("last_of_chunk", 4, 3, False), [6])
        self.assertEqual(steps("last_of_sequence", 4, 3, False), [])
        self.assertEqual(steps("last_of_sequence", 4, 3, True), [6])
        for first, count, expected in ((0, 3, [2]), (2, 5, [2, 5]), (3, 2, []), (3, 3, [5]), (0, 9, [2, 5, 8])):
            self.assertEqual(steps("every_kth", first, count, False, stride=3), expected)

    def test_options_that_make_no_sense_are_named(self):
        for name, options in {
            "model": {"model": ""},
            "outputs": {"outputs": "some"},
            "output_stride": {"output_stride": 2},
            "checkpoint_steps": {"checkpoint_steps": 0},
            "replay_bytes": {"replay_bytes": 10},
        }.items():
            with self.assertRaisesRegex(InvalidInput, name):
                StreamOptions(**{"model": "m", **options})
        with self.assertRaisesRegex(InvalidInput, "output_stride"):
            StreamOptions("m", outputs="every_kth")

    def test_health_is_read_off_the_wire(self):
        self.assertEqual(health_request("digits"), b"\x0a\x06digits")
        self.assertEqual(health_request(""), b"")
        self.assertEqual(
            [health_of(b) for b in (b"\x08\x01", b"\x08\x02", b"", b"\x08\x03", b"\x10\x01")],
            [Health.SERVING, Health.NOT_SERVING, Health.UNKNOWN, Health.UNKNOWN, Health.UNKNOWN],
        )


if __name__ == "__main__":
    unittest.main()
