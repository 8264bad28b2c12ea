"""Redis, HAProxy and daemons on ports of their own, and KServe calls to them."""
import contextlib
import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc
import numpy as np

SOURCE = Path(os.environ["RECURD_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests/integration"))
from python_daemon import Daemon, bits  # noqa: E402  (the path comes first)

METHOD = "/inference.GRPCInferenceService/ModelInfer"


def free_port():
    """Free when it was looked at: whoever takes it must look whether it got it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(what, timeout_s=20):
    give_up_s = time.monotonic() + timeout_s
    while not (value := what()):
        if time.monotonic() > give_up_s:
            raise AssertionError("it did not come to be")
        time.sleep(0.005)
    return value


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Program(contextlib.AbstractContextManager):
    """A program that listens on `port`; killed in the end."""

    def __init__(self, port, *command, env=None):
        self.port = port
        self._log = tempfile.TemporaryFile()
        self._command, self._env = command, {**os.environ, **(env or {})}
        self.start()

    def start(self):
        self.process = subprocess.Popen(self._command, env=self._env, stdout=self._log, stderr=self._log)
        wait_for(lambda: self.process.poll() is not None or answers(self.port))
        if self.process.poll() is not None:
            self._log.seek(0)
            raise AssertionError(f"{self._command[0]} did not start:\n{self._log.read().decode()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def __exit__(self, *_):
        self.kill()
        self._log.close()


class Redis(Program):
    def __init__(self, *flags):
        port = free_port()
        self._folder = tempfile.mkdtemp()
        super().__init__(port, "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder, *flags)
        self.url = f"redis://127.0.0.1:{port}"

    def __exit__(self, *_):
        super().__exit__()
        shutil.rmtree(self._folder)

    def ask(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), "--no-auth-warning", *words], capture_output=True, text=True, check=True).stdout.strip()


class HAProxy(Program):
    """The configuration that is shipped, before three daemons' addresses."""

    def __init__(self, addresses):
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        servers = dict(zip(("RECURD_A", "RECURD_B", "RECURD_C"), addresses))
        super().__init__(port, shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin"), "-f",
                         str(SOURCE / "deploy/scale-out/haproxy.cfg"), env={"RECURD_LISTEN": self.address, **servers})


def kserve_messages(folder):
    """The module of KServe's messages, made here: Debian's Python has none of it."""
    if not (folder / "grpc_predict_v2_pb2.py").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["protoc", f"--proto_path={SOURCE}/proto/inference", f"--python_out={folder}", "grpc_predict_v2.proto"], check=True)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module("grpc_predict_v2_pb2")


class KServe(contextlib.AbstractContextManager):
    """One connection of a client that knows KServe only."""

    def __init__(self, address, messages, route=None):
        self._messages = messages
        self._channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 200),
                                                        ("grpc.enable_http_proxy", 0)])
        self._infer = self._channel.unary_unary(METHOD, messages.ModelInferRequest.SerializeToString, messages.ModelInferResponse.FromString)
        self._metadata = [("recurd-route", route)] if route else []

    def step(self, sequence, rows, *, start=False, end=False, first_step=None, timeout_s=10):
        """The outputs, and the step that the sequence was restored from, or None."""
        rows = np.asarray(rows, np.float32).reshape(-1, 8)
        request = self._messages.ModelInferRequest(model_name="digits")
        if isinstance(sequence, str):
            request.parameters["sequence_id"].string_param = sequence
        else:
            request.parameters["sequence_id"].int64_param = sequence
        request.parameters["sequence_start"].bool_param = start
        request.parameters["sequence_end"].bool_param = end
        if first_step is not None:
            request.parameters["recurd_first_step"].int64_param = first_step
        tensor = request.inputs.add(name="pixels", datatype="FP32", shape=[len(rows), 1, 8])
        del tensor
        request.raw_input_contents.append(rows.tobytes())
        response = self._infer(request, timeout=timeout_s, metadata=self._metadata, wait_for_ready=False)
        restored = response.parameters["recurd_restored_from_step"].int64_param if "recurd_restored_from_step" in response.parameters else None
        return np.frombuffer(response.raw_output_contents[0], np.float32).reshape(len(rows), -1), restored

    def __exit__(self, *_):
        self._channel.close()
