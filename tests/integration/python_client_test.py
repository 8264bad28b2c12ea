"""The Python client against real daemons over loopback: killed, drained and replaced in mid-stream.

usage: python_client_test.py [unittest arguments], with RECURD_DAEMON (path of the daemon) and RECURD_SOURCE (the
repository) in the environment, in a Python that has the package.
"""
import asyncio
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import wave
from pathlib import Path

import grpc
import numpy as np

import recurd
from python_daemon import SOURCE, Daemon, bits
from recurd import aio

EXAMPLES = SOURCE / "client/python/examples"
STEPS = 3000


class PythonClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())
        cls.inputs = np.random.default_rng(5).integers(0, 17, (STEPS, 8)).astype(np.float32)
        with recurd.Client([cls.daemon.address], "digits") as client, client.stream() as session:
            cls.undisturbed = session.run(cls.inputs)

    def stepped(self, session, begin, end, chunk=7, ahead=5):
        """Outputs of inputs[begin:end], some chunks ahead."""
        outputs = []
        for at in range(begin, end, chunk):
            session.send(self.inputs[at : min(at + chunk, end)])
            if session.outstanding > ahead:
                outputs.append(session.receive().outputs)
        return outputs + [answer.outputs for answer in session]

    def test_steps_chunks_runs_maps_and_infer_give_the_same_bits(self):
        with recurd.Client([self.daemon.address], "digits") as client:
            with client.stream() as session:
                single = [session.step(row) for row in self.inputs[:200]]
                chunked = self.stepped(session, 200, 1000)
                mapped = [answer.outputs for answer in session.map(np.split(self.inputs[1000:2000], 50))]
                rest = session.run(self.inputs[2000:].astype(np.float64))
            self.assertEqual(bits(np.concatenate([single, *chunked, *mapped, rest])), bits(self.undisturbed))
            whole = client.infer(self.inputs, return_state=True)
            self.assertEqual(bits(whole.outputs), bits(self.undisturbed))
            self.assertEqual(whole.state.step, STEPS)

    def test_sequences_begin_and_end_and_states_carry_over(self):
        with recurd.Client([self.daemon.address], "digits") as client, client.stream() as session:
            session.run(self.inputs[:10], end=True)
            self.assertEqual(session.next_step, 0)
            first = session.run(self.inputs[:10])
            self.assertEqual(bits(first), bits(self.undisturbed[:10]))
            state = client.infer(self.inputs[:20], return_state=True).state
            go_on = session.run(self.inputs[20:30], begin=True, state=state)
            self.assertEqual(bits(go_on), bits(self.undisturbed[20:30]))
            with client.stream(state=state, outputs="every_kth", output_stride=5) as other:
                self.assertEqual(bits(other.run(self.inputs[20:40])), bits(self.undisturbed[[24, 29, 34, 39]]))

    def test_a_killed_daemon_in_mid_stream_loses_and_doubles_nothing(self):
        with Daemon() as first, Daemon() as second:
            with recurd.Client([first.address, second.address], "digits") as client:
                with client.stream(checkpoint_steps=50) as session:
                    killer = threading.Timer(0.1, first.kill)
                    outputs = self.stepped(session, 0, 1000, chunk=3)
                    killer.start()
                    while session.server == first.address and session.next_step < 2800:
                        outputs += self.stepped(session, session.next_step, session.next_step + 5, chunk=1)
                    killer.join()
                    outputs += self.stepped(session, session.next_step, STEPS)
                    self.assertEqual((session.server, session.connections), (second.address, 2))
        self.assertEqual(bits(np.concatenate(outputs)), bits(self.undisturbed))

    def test_a_daemon_that_is_killed_and_started_again_goes_on_with_its_clients(self):
        with Daemon() as first, recurd.Client([first.address], "digits") as client, client.stream() as session:
            outputs = self.stepped(session, 0, 1500)
            for at in (1500, 2000):
                first.kill()
                session.send(self.inputs[at : at + 500])
                with Daemon(address=first.address) as again:
                    outputs.append(session.receive(timeout=20).outputs)
                    first = again if at == 2000 else first
                    if at == 2000:
                        outputs += self.stepped(session, 2500, STEPS)
        self.assertEqual(bits(np.concatenate(outputs)), bits(self.undisturbed))

    def test_sigterm_moves_a_session_with_its_last_state_and_the_daemon_leaves_in_order(self):
        with Daemon() as first, Daemon() as second:
            with recurd.Client([first.address, second.address], "digits") as client:
                with client.stream(checkpoint_steps=1 << 20) as session:
                    self.assertIsNone(session.checkpoint)
                    outputs = [session.run(self.inputs[:1000])]
                    self.assertEqual(first.terminate(), 0)
                    outputs.append(session.run(self.inputs[1000:]))
                    self.assertEqual((session.server, session.checkpoint.step), (second.address, 1000))
        self.assertEqual(bits(np.concatenate(outputs)), bits(self.undisturbed))

    def test_a_drain_under_load_loses_nothing(self):
        with Daemon() as first, Daemon() as second:
            with recurd.Client([first.address, second.address], "digits") as client:
                with client.stream(checkpoint_steps=50) as session:
                    outputs = self.stepped(session, 0, 500)
                    first.process.send_signal(signal.SIGTERM)
                    outputs += self.stepped(session, 500, STEPS, chunk=1, ahead=12)
                    self.assertEqual(first.process.wait(30), 0)
        self.assertEqual(bits(np.concatenate(outputs)), bits(self.undisturbed))

    def test_another_numerics_profile_is_taken_only_by_consent(self):
        with Daemon("--pipeline=sim", "--mapping=lanes") as other, recurd.Client([other.address], "digits") as there:
            for consent in (False, True):
                with Daemon() as first, recurd.Client([first.address, other.address], "digits") as client:
                    with client.stream(allow_profile_change=consent, resume_timeout_s=2) as session:
                        session.run(self.inputs[:1000])
                        while (state := session.checkpoint) is None:
                            time.sleep(0.001)
                        first.kill()
                        if not consent:
                            with self.assertRaisesRegex(recurd.Lost, "allow_profile_change"):
                                session.run(self.inputs[1000:1100])
                            continue
                        outputs = session.run(self.inputs[1000:1100])
                        expected = there.infer(self.inputs[1000:1100], state=state, allow_profile_change=True)
                        self.assertEqual(bits(outputs), bits(expected.outputs))
                        self.assertNotEqual(bits(outputs), bits(self.undisturbed[1000:1100]))

    def test_wrong_inputs_are_named_and_change_nothing(self):
        nan = np.full((2, 8), np.nan, np.float32)
        with Daemon("--max_chunk_steps=64") as daemon, recurd.Client([daemon.address], "digits") as client:
            with client.stream() as session:
                outputs = [session.run(self.inputs[:100])]
                with self.assertRaisesRegex(recurd.InvalidInput, r"shape \(3, 7\); the model takes \(T, 8\)"):
                    session.run(np.zeros((3, 7)))
                with self.assertRaisesRegex(recurd.InvalidInput, "65 steps; the server takes 64"):
                    session.send(self.inputs[:65])
                with self.assertRaisesRegex(recurd.Refused, "NaN") as caught:
                    session.run(np.concatenate([nan, self.inputs[:200]]))
                self.assertEqual(
                    (caught.exception.code, caught.exception.expected_step), (grpc.StatusCode.INVALID_ARGUMENT, 100)
                )
                outputs.append(session.run(self.inputs[100:200]))
                with self.assertRaisesRegex(recurd.InvalidInput, "receive"):
                    session.send(self.inputs[:1])
                    session.step(self.inputs[0])
            self.assertEqual(bits(np.concatenate(outputs)), bits(self.undisturbed[:200]))
            with self.assertRaises(recurd.Ended):
                session.step(self.inputs[0])
            with self.assertRaisesRegex(recurd.Lost, "nonesuch") as missing:
                client.stream("nonesuch")
            self.assertIs(missing.exception.code, grpc.StatusCode.NOT_FOUND)
            with self.assertRaisesRegex(recurd.RecurdError, "NaN"):
                client.infer(nan)

    def test_tells_about_models_servers_and_health(self):
        with recurd.Client(["127.0.0.1:1", self.daemon.address], "digits") as client:
            self.assertIn("digits", [entry.name for entry in client.models()])
            self.assertEqual((client.model().input_size, client.model().output_size), (8, 10))
            self.assertEqual(client.info().pipeline, "cpu")
            self.assertEqual(
                client.health("digits"),
                {"127.0.0.1:1": recurd.Health.UNKNOWN, self.daemon.address: recurd.Health.SERVING},
            )
            with client.stream() as session:
                self.assertEqual(session.server, self.daemon.address)

    def test_without_a_server_it_gives_up_in_time_and_names_the_address(self):
        with recurd.Client(["127.0.0.1:1"], "digits", call_timeout_s=0.5) as client:
            with self.assertRaisesRegex(recurd.Lost, "within 0.5 s: 127.0.0.1:1"):
                client.stream(connect_timeout_s=0.5)
            with self.assertRaises(recurd.Lost):
                client.info()

    def test_a_sender_and_a_receiver_in_two_threads(self):
        with recurd.Client([self.daemon.address], "digits") as client, client.stream() as session:
            sender = threading.Thread(
                target=lambda: [session.send(self.inputs[at : at + 10]) for at in range(0, STEPS, 10)]
            )
            sender.start()
            outputs = [session.receive(timeout=20).outputs for _ in range(0, STEPS, 10)]
            sender.join()
            with self.assertRaises(recurd.TimedOut):
                session.receive(timeout=0.01)
            with self.assertRaisesRegex(recurd.TimedOut, "answers wait to be received"):
                for _ in range(100):
                    session.send(self.inputs[:1], timeout=2)
        self.assertEqual(bits(np.concatenate(outputs)), bits(self.undisturbed))


TOKEN, OTHER = "0123456789abcdef", "fedcba9876543210"


class Folder(tempfile.TemporaryDirectory):
    """A token file, a CA, and certificates that it signed."""

    def __enter__(self):
        self.path = Path(super().__enter__())
        self.write_tokens(f"ward stream {TOKEN}\nother metrics {OTHER}\n")
        self.openssl("ca", "/CN=ca")
        for name in ("server", "client"):
            ca = ["-CA", self.path / "ca.pem", "-CAkey", self.path / "ca.key"]
            self.openssl(name, f"/CN={name}", *ca, "-addext", "subjectAltName=IP:127.0.0.1")
        return self

    def write_tokens(self, text):
        (self.path / "tokens").touch(0o600)
        (self.path / "tokens").write_text(text)

    def openssl(self, name, subject, *more):
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj".split()
        files = ["-keyout", self.path / f"{name}.key", "-out", self.path / f"{name}.pem"]
        subprocess.run([*command, subject, *files, *more], check=True, capture_output=True)

    def daemon(self, *more):
        return Daemon(f"--auth_tokens_file={self.path}/tokens", *more)

    def tls_daemon(self):
        at = self.path
        return self.daemon(f"--tls_cert={at}/server.pem", f"--tls_key={at}/server.key", f"--tls_client_ca={at}/ca.pem")

    def credentials(self):
        ca, key, cert = ((self.path / name).read_bytes() for name in ("ca.pem", "client.key", "client.pem"))
        return grpc.ssl_channel_credentials(ca, key, cert)


class SecurityTest(unittest.IsolatedAsyncioTestCase):
    row = np.ones(8, np.float32)

    def test_a_token_opens_sessions_and_calls_and_without_one_neither(self):
        with Folder() as folder, folder.daemon() as daemon:
            with recurd.Client([daemon.address], "digits", token=TOKEN) as client, client.stream() as session:
                self.assertEqual(bits(session.step(self.row)), bits(client.infer([self.row]).outputs[0]))
            for token, code in (("", "UNAUTHENTICATED"), ("x" * 16, "UNAUTHENTICATED"), (OTHER, "PERMISSION_DENIED")):
                with recurd.Client([daemon.address], "digits", token=token) as client:
                    with self.assertRaisesRegex(recurd.RecurdError, code):
                        client.infer([self.row])
                    with self.assertRaisesRegex(recurd.Lost, code):
                        client.stream()
                    self.assertEqual(client.health(), {daemon.address: recurd.Health.SERVING})

    def test_a_token_may_end_in_a_newline_and_one_that_no_header_can_carry_is_never_shown(self):
        with Folder() as folder, folder.daemon() as daemon:
            with recurd.Client([daemon.address], "digits", token=TOKEN + "\n") as client:
                client.infer([self.row])
            with recurd.Client([daemon.address], "digits", token=TOKEN + " " + OTHER) as client:
                with self.assertRaises(recurd.InvalidInput) as raised:
                    client.infer([self.row])
                self.assertNotIn(TOKEN, str(raised.exception))

    def test_a_new_token_is_taken_on_both_sides_without_a_restart(self):
        tokens = [TOKEN]
        with Folder() as folder, folder.daemon() as daemon:
            with recurd.Client([daemon.address], "digits", token=lambda: tokens[-1]) as client:
                client.info()
                folder.write_tokens(f"ward stream {OTHER}\n")
                daemon.process.send_signal(signal.SIGHUP)
                give_up_s = time.monotonic() + 10
                with self.assertRaisesRegex(recurd.RecurdError, "UNAUTHENTICATED"):
                    while time.monotonic() < give_up_s:
                        client.info()
                tokens.append(OTHER)
                self.assertEqual(client.info().pipeline, "cpu")

    def test_mutual_tls_with_a_token(self):
        with Folder() as folder, folder.tls_daemon() as daemon:
            with recurd.Client([daemon.address], "digits", credentials=folder.credentials(), token=TOKEN) as client:
                with client.stream() as session:
                    self.assertEqual(session.step(self.row).shape, (10,))
            ca_only = grpc.ssl_channel_credentials((folder.path / "ca.pem").read_bytes())
            with recurd.Client([daemon.address], credentials=ca_only, token=TOKEN, call_timeout_s=0.5) as client:
                with self.assertRaises(recurd.Lost):
                    client.info()

    async def test_the_same_in_asyncio(self):
        with Folder() as folder, folder.tls_daemon() as daemon:
            tls = folder.credentials()
            async with aio.Client([daemon.address], "digits", credentials=tls, token=TOKEN) as client:
                async with client.stream() as session:
                    step, inferred = await session.step(self.row), await client.infer([self.row])
                    self.assertEqual(bits(step), bits(inferred.outputs[0]))
            async with aio.Client([daemon.address], "digits", credentials=tls) as client:
                with self.assertRaisesRegex(recurd.RecurdError, "UNAUTHENTICATED"):
                    await client.info()

    def test_a_token_never_crosses_a_network_in_plain_text(self):
        for address in ("127.0.0.1:1", "[::1]:1", "localhost:1", "unix:/s"):
            recurd.Client([address], token=TOKEN).close()
        for address in ("10.0.0.1:1", "recurd.example:1", "[fe80::1]:1", "localhost.example:1"):
            for client in (recurd.Client, aio.Client):
                with self.assertRaisesRegex(recurd.InvalidInput, "plain text"):
                    client(["127.0.0.1:1", address], token=TOKEN)
        recurd.Client(["recurd.example:1"], token=TOKEN, credentials=grpc.ssl_channel_credentials()).close()


class AsyncioTest(unittest.IsolatedAsyncioTestCase):
    inputs = np.random.default_rng(5).integers(0, 17, (STEPS, 8)).astype(np.float32)

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # unittest turns it on, and it tells of every slow callback

    async def test_gives_the_same_bits_through_a_kill_and_a_drain(self):
        with Daemon() as first, Daemon() as second, Daemon() as third:
            async with aio.Client([first.address, second.address, third.address], "digits") as client:
                undisturbed = (await client.infer(self.inputs)).outputs
                async with client.stream(checkpoint_steps=50) as session:
                    outputs = [np.stack([await session.step(row) for row in self.inputs[:300]])]
                    await session.send(self.inputs[300:310])
                    first.kill()
                    outputs += [answer.outputs async for answer in session]
                    outputs += [answer.outputs async for answer in session.map(np.split(self.inputs[310:1310], 100))]
                    self.assertEqual(session.server, second.address)
                    second.process.send_signal(signal.SIGTERM)
                    for row in self.inputs[1310:2000]:
                        outputs.append((await session.step(row))[np.newaxis])
                    outputs.append(await session.run(self.inputs[2000:]))
                    self.assertEqual(session.server, third.address)
        self.assertEqual(bits(np.concatenate(outputs)), bits(undisturbed))

    async def test_errors_are_those_of_the_client_with_threads(self):
        with Daemon() as daemon:
            async with aio.Client([daemon.address], "digits") as client:
                self.assertEqual(await client.health(), {daemon.address: recurd.Health.SERVING})
                self.assertEqual(len(await client.models()), 2)
                async with client.stream() as session:
                    with self.assertRaisesRegex(recurd.Refused, "NaN"):
                        await session.step([float("nan")] * 8)
                    with self.assertRaises(recurd.TimedOut):
                        await session.receive(timeout=0.01)
                    waiting = asyncio.create_task(session.receive())
                    await asyncio.sleep(0.01)
                    waiting.cancel()
                    with self.assertRaises(asyncio.CancelledError):
                        await waiting
                    self.assertEqual((await session.step(self.inputs[0])).shape, (10,))
                with self.assertRaisesRegex(recurd.Ended, "CLOSED"):
                    await session.step(self.inputs[0])
                with self.assertRaisesRegex(recurd.Lost, "nonesuch"):
                    async with client.stream("nonesuch"):
                        pass
        async with aio.Client([daemon.address], "digits", call_timeout_s=0.5) as client:
            with self.assertRaises(recurd.Lost):
                await client.info()

    async def test_a_sender_and_a_receiver_in_two_tasks(self):
        with Daemon() as daemon:
            async with aio.Client([daemon.address], "digits") as client, client.stream() as session:

                async def send():
                    for at in range(0, STEPS, 10):
                        await session.send(self.inputs[at : at + 10])

                sender = asyncio.create_task(send())
                steps = [(await session.receive(timeout=20)).first_step for _ in range(0, STEPS, 10)]
                await sender
        self.assertEqual(steps, list(range(0, STEPS, 10)))


class ExamplesTest(unittest.TestCase):
    def run_example(self, daemon, name, *arguments):
        done = subprocess.run(
            [sys.executable, EXAMPLES / name, f"--servers={daemon.address}", "--model=digits", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_live_plot_draws_what_it_streamed(self):
        with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
            png = Path(folder) / "plot.png"
            self.assertRegex(
                self.run_example(daemon, "live_plot.py", f"--png={png}", "--seconds=1", "--rate=200"), r"\d\d+ steps"
            )
            self.assertEqual(png.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
            self.assertGreater(png.stat().st_size, 10000)

    def test_microphone_serves_a_wav_file_at_its_own_pace(self):
        with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tone.wav"
            with wave.open(str(path), "wb") as file:
                file.setparams((2, 2, 8000, 0, "NONE", ""))
                file.writeframes(np.repeat((1000 * np.sin(np.arange(8000) / 9)).astype("<i2"), 2).tobytes())
            begin_s = time.monotonic()
            told = self.run_example(daemon, "microphone.py", f"--wav={path}")
            self.assertRegex(
                told, r"^50 chunks of 20\.00 ms captured, \d+ answered, \d+ lost to overruns, 0 without an answer"
            )
            self.assertRegex(told, r"latency in ms: p50 \d")
            self.assertGreater(time.monotonic() - begin_s, 1.0)


if __name__ == "__main__":
    unittest.main()
