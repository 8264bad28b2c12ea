"""The daemon on an emulated Versal, and this machine's clients: the same bits, KServe, a scrape, a clock of 1970.

usage: boot_test.py [unittest arguments], in a Python that has the client package, with RECURD_SOURCE (the repository),
RECURD_DAEMON and RECURCTL (this machine's) in the environment. Exits with 77 (skipped) without what booting takes.
"""
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import grpc
import numpy as np

import recurd
from board import SOURCE, Board, skip_unless_bootable
from python_daemon import Daemon, bits

STEPS = 1000
LINGER_S = 5
PATIENCE = "--connect_timeout=120"
HELD_OUT = SOURCE / "deploy/models/digits/held_out.csv"
INPUTS = np.random.default_rng(7).integers(0, 17, (STEPS, 8)).astype(np.float32)


def recurctl(command, *arguments):
    done = subprocess.run([os.environ["RECURCTL"], command, *arguments], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"recurctl {command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


@contextlib.contextmanager
def serving_board(*flags):
    with Board("--", *flags) as board:
        board.shell()
        recurctl("health", f"--server={board.address}", PATIENCE)
        yield board


def kserve_messages(folder):
    """The messages of KServe's API, made for this run."""
    proto = SOURCE / "proto/inference"
    file = proto / "grpc_predict_v2.proto"
    subprocess.run(["protoc", f"--proto_path={proto}", f"--python_out={folder}", file], check=True)
    sys.path.insert(0, folder)
    import grpc_predict_v2_pb2

    return grpc_predict_v2_pb2


class BoardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.board = cls.enterClassContext(serving_board(f"--session_linger={LINGER_S}s"))
        cls.here = cls.enterClassContext(Daemon())

    def test_the_clock_is_in_1970(self):
        self.assertEqual(self.board.run("date +%Y"), "1970")
        self.assertLess(self.board.metric("process_start_time_seconds"), 86400)

    def test_it_is_the_neon_kernels_that_compute(self):
        self.assertEqual(self.board.run("uname -m"), "aarch64")
        self.assertRegex(self.board.scrape(), r'(?m)^recurd_build_info\{[^}]*target="NEON"')

    def test_a_stream_of_every_model_gives_the_bits_of_this_machine(self):
        with tempfile.TemporaryDirectory() as folder:
            some = Path(folder) / "rows.csv"
            some.write_text("".join(HELD_OUT.read_text().splitlines(keepends=True)[:161]))
            for model in ("digits", "digits_reset_before"):
                for file, chunk, count in ((some, 1, 160), (HELD_OUT, 8, 1600)):
                    rows = [f"--input={file}", "--columns=p0-p7", f"--chunk={chunk}"]
                    arguments = [f"--model={model}", PATIENCE, *rows]
                    there = recurctl("stream", f"--server={self.board.address}", *arguments)
                    self.assertEqual(there.count("\n"), 1 + count)
                    self.assertEqual(there, recurctl("stream", f"--server={self.here.address}", *arguments))

    def test_a_recording_of_it_is_replayed_here_bit_for_bit(self):
        with tempfile.TemporaryDirectory() as folder:
            file = f"{folder}/recording"
            rows = [f"--input={HELD_OUT}", "--columns=p0-p7", "--chunk=16", PATIENCE]
            recurctl("record", f"--server={self.board.address}", "--model=digits", *rows, f"--out={file}")
            recurctl("replay", file, f"--model_repository={SOURCE}/deploy/models")

    def test_a_session_moves_from_the_board_to_this_machine_and_back(self):
        there, here = (recurd.Client([server.address], "digits") for server in (self.board, self.here))
        with there, here:
            whole = here.infer(INPUTS).outputs
            first = there.infer(INPUTS[:300], return_state=True)
            second = here.infer(INPUTS[300:600], state=first.state, return_state=True)
            third = there.infer(INPUTS[600:], state=second.state)
        self.assertEqual(bits(np.concatenate([first.outputs, second.outputs, third.outputs])), bits(whole))

    def test_kserve_answers_a_sequence_in_pieces_with_the_bits_of_this_machine(self):
        with tempfile.TemporaryDirectory() as folder:
            messages = kserve_messages(folder)
        answers = [self.kserve(messages, server.address) for server in (self.board, self.here)]
        self.assertEqual(len(answers[0]), 10 * 10 * 40)
        self.assertEqual(*answers)

    def kserve(self, messages, address):
        """The raw outputs of 10 requests of 10 steps each."""
        outputs = b""
        with grpc.insecure_channel(address) as channel:
            infer = channel.unary_unary(
                "/inference.GRPCInferenceService/ModelInfer",
                messages.ModelInferRequest.SerializeToString,
                messages.ModelInferResponse.FromString,
            )
            for piece in range(10):
                request = messages.ModelInferRequest(model_name="digits")
                request.inputs.add(name="pixels", datatype="FP32", shape=[10, 1, 8])
                request.raw_input_contents.append(INPUTS[10 * piece : 10 * piece + 10].tobytes())
                request.parameters["sequence_id"].int64_param = 7
                request.parameters["sequence_start"].bool_param = piece == 0
                request.parameters["sequence_end"].bool_param = piece == 9
                outputs += infer(request, timeout=60).raw_output_contents[0]
        return outputs

    def test_a_scrape_tells_of_what_was_streamed(self):
        steps = 'recurd_steps_total{model="digits"}'
        before = self.board.metric(steps)
        with recurd.Client([self.board.address], "digits") as client:
            client.infer(INPUTS)
        self.assertEqual(self.board.metric(steps) - before, STEPS)

    def test_a_session_that_was_left_expires_after_its_time_and_not_before(self):
        expired = 'recurd_sessions_ended_total{reason="expired"}'
        before = self.board.metric(expired)
        with recurd.Client([self.board.address], "digits") as client:
            session = client.stream()
            session.run(INPUTS[:10])
            left_s = time.monotonic()
            session.cancel()
            while self.board.metric(expired) == before:
                self.assertLess(time.monotonic(), left_s + 120)
                time.sleep(0.2)
            self.assertGreater(time.monotonic(), left_s + 0.9 * LINGER_S)
            self.assertEqual(client.sessions(), [])


class DrainTest(unittest.TestCase):
    def test_sigterm_hands_an_open_stream_to_another_server_and_the_daemon_ends_with_0(self):
        with serving_board() as board, Daemon() as here, recurd.Client([here.address], "digits") as client:
            undisturbed = client.infer(INPUTS).outputs
            with recurd.Client([board.address, here.address], "digits") as both:
                with both.stream(checkpoint_steps=1 << 20) as session:
                    outputs = [session.run(INPUTS[:500])]
                    self.assertEqual((session.server, session.checkpoint), (board.address, None))
                    board.type("kill -TERM $(pidof recurd)\n")
                    code = board.wait_for(r"recurd ended with exit code (\d+)", 60)[1]
                    outputs.append(session.run(INPUTS[500:]))
                    self.assertEqual((code, session.server, session.checkpoint.step), ("0", here.address, 500))
            self.assertEqual(bits(np.concatenate(outputs)), bits(undisturbed))
            self.assertIn("SIGTERM: draining", board.log)
            self.assertEqual(board.power_off(), 0)


if __name__ == "__main__":
    skip_unless_bootable("versal-boot", "aarch64/bin/recurd")
    unittest.main()
