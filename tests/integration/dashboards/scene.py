"""What the dashboards are tried on: daemons under load, with refusals and faults, and a Prometheus that scrapes them.

Environment: RECURD_DAEMON, the daemon, with recurctl (and for faults make_xclbin) beside it; RECURD_SOURCE, the
repository; RECURD_BOARD, the root of the virtual board: without it nothing fails.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import grpc

SOURCE = Path(os.environ["RECURD_SOURCE"])
BIN = Path(os.environ["RECURD_DAEMON"]).parent
BOARD = Path(os.environ.get("RECURD_BOARD", "/nonexistent"))
sys.path.insert(0, str(SOURCE / "tests/integration"))
from python_daemon import Daemon  # noqa: E402

SECONDS_TO_SCRAPE = 20
ENDLESS = 86_400  # seconds


def has_board():
    return (BOARD / "lib/libxrt_core.so.2").exists()


class Prometheus:
    """Debian's Prometheus on a free port, with the rules and console pages that are shipped; scrapes each second."""

    def __init__(self, folder, targets, consoles=SOURCE / "deploy/prometheus"):
        rules = [str(SOURCE / "deploy/prometheus" / name) for name in ("recurd.rules.yml", "recurd.alerts.yml")]
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": rules,
            "scrape_configs": [{"job_name": "recurd", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        self._log = folder / "prometheus.log"
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    "--web.listen-address=127.0.0.1:0",
                    f"--web.console.templates={consoles}/consoles",
                    f"--web.console.libraries={consoles}/console_libraries",
                ],
                stdout=log,
                stderr=log,
            )
        self.url = f"http://{self._address()}"

    def _address(self):
        give_up_s = time.monotonic() + 30
        while time.monotonic() < give_up_s and self.process.poll() is None:
            if match := re.search(r'msg="Listening on" address=(\S+)', self._log.read_text()):
                return match[1]
            time.sleep(0.1)
        raise AssertionError(f"Prometheus did not start:\n{self._log.read_text()}")

    def get(self, path, **parameters):
        query = "?" + urllib.parse.urlencode(parameters, doseq=True) if parameters else ""
        with urllib.request.urlopen(f"{self.url}/{path}{query}", timeout=20) as answer:
            return answer.read().decode()

    def query(self, expression):
        """The samples that an expression has now: (labels, value) each. Errors: HTTPError for one that is wrong."""
        data = json.loads(self.get("api/v1/query", query=expression))["data"]
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(sample["metric"], float(sample["value"][1])) for sample in data["result"]]


class KServe:
    """A KServe client that streams sequences, and makes every mistake that a client can make."""

    def __init__(self, address, folder):
        subprocess.run(
            ["protoc", f"-I{SOURCE}/proto/inference", f"--python_out={folder}", "grpc_predict_v2.proto"], check=True
        )
        sys.path.insert(0, str(folder))
        import grpc_predict_v2_pb2 as messages

        self._messages = messages
        self._call = grpc.insecure_channel(address).unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=messages.ModelInferRequest.SerializeToString,
            response_deserializer=messages.ModelInferResponse.FromString,
        )

    def step(self, sequence, start=False, end=False, model="digits", floats=8):
        request = self._messages.ModelInferRequest(model_name=model, raw_input_contents=[bytes(4 * floats)])
        request.inputs.add(name=self.INPUT, datatype="FP32", shape=self.SHAPE)
        if sequence:
            request.parameters["sequence_id"].int64_param = sequence
            request.parameters["sequence_start"].bool_param = start
            request.parameters["sequence_end"].bool_param = end
        try:
            self._call(request, timeout=10)
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()

    def round(self, sequence):
        for step in range(20):
            self.step(sequence, start=step == 0, end=step == 19)
        self.step(sequence, model="nonesuch")
        self.step(sequence + 1, floats=7, start=True)
        self.step(sequence + 2)

    INPUT, SHAPE = "pixels", [1, 1, 8]


class Scene:
    """`sim`: a daemon with both shipped models. `xrt`: one whose board fails now and then, or None without a board."""

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # so that all that was started ends too
        with ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="recurd_dashboards_"))
            stack.callback(shutil.rmtree, self.folder)
            self._stop = threading.Event()
            stack.callback(self._stop.set)
            self.sim = stack.enter_context(Daemon("--pipeline=sim", "--session_linger=5s"))
            self.xrt = stack.enter_context(self._board()) if has_board() else None
            self.daemons = [daemon for daemon in (self.sim, self.xrt) if daemon]
            targets = [f"127.0.0.1:{daemon.metrics_port}" for daemon in self.daemons]
            self.prometheus = Prometheus(self.folder, targets)
            stack.callback(self._end, self.prometheus.process)
            self._load(stack)
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._exit.__exit__(*error)

    @staticmethod
    def _end(process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _board(self):
        shutil.copytree(SOURCE / "deploy/models/digits", self.folder / "models/digits")
        for kind, name in (("full", "design"), ("aie", "aie_only")):
            command = [BIN / "make_xclbin", "--mapping=lanes_exact", f"--kind={kind}", self.folder / f"{name}.xclbin"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.fail("")
        os.environ["XILINX_XRT"] = str(BOARD)
        os.environ["RECURD_VIRTUAL_BOARD_FAULT_FILE"] = str(self.folder / "faults")
        return Daemon(
            "--pipeline=xrt",
            "--pipeline_fallback=cpu",
            f"--xclbin={self.folder}/design.xclbin",
            f"--model_repository={self.folder}/models",
        )

    def fail(self, switches):
        """What goes wrong on the board from now on: tests/virtual_board/README.md."""
        (self.folder / "faults.new").write_text(switches + "\n")
        os.rename(self.folder / "faults.new", self.folder / "faults")

    def _bench(self, stack, daemon, model, **flags):
        command = [BIN / "recurctl", "bench", f"--server={daemon.address}", f"--model={model}", f"--seconds={ENDLESS}"]
        command += [f"--{name}={value}" for name, value in flags.items()]
        self._benches.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        stack.callback(self._end, self._benches[-1])

    def _load(self, stack):
        self._benches = []
        self._bench(stack, self.sim, "digits", streams=6, rate=40)
        self._bench(stack, self.sim, "digits_reset_before", streams=2, rate=20, chunk=16)
        if self.xrt:
            self._bench(stack, self.xrt, "digits", streams=2, rate=20, chunk=4)
        for work in (self._mistakes, self._passers_by) + ((self._faults,) if self.xrt else ()):
            thread = threading.Thread(target=work)
            thread.start()
            stack.callback(thread.join)
            stack.callback(self._stop.set)

    def _mistakes(self):
        client, sequence = KServe(self.sim.address, self.folder), 1
        while not self._stop.wait(0.4):
            client.round(sequence)
            sequence += 3

    def _passers_by(self):
        """Sessions that come and go, and some that leave their state behind."""
        while not self._stop.wait(0.7):
            command = [BIN / "recurctl", "bench", f"--server={self.sim.address}", "--model=digits", "--warmup=0", "--rate=50"]
            stays = subprocess.Popen(command + ["--streams=3", "--seconds=2"], stdout=subprocess.DEVNULL)
            leaves = subprocess.Popen(command + ["--seconds=60"], stdout=subprocess.DEVNULL)
            self._stop.wait(2)
            leaves.kill()
            leaves.wait()
            stays.wait()

    def _faults(self):
        for switches in ("corrupt@5", "half@5", "stale@5,corrupt@30", "stuck@10"):
            if self._stop.wait(4):
                return
            self.fail(switches)
        while not self._stop.wait(25):
            self.fail("corrupt@5x3")

    def wait_for_scrapes(self, seconds=SECONDS_TO_SCRAPE):
        time.sleep(seconds)
        if not all(bench.poll() is None for bench in self._benches):
            raise AssertionError("recurctl bench gave up")
        give_up_s = time.monotonic() + 60
        scraped = f'count(sum_over_time(up{{job="recurd"}}[10m]) >= {min(seconds, SECONDS_TO_SCRAPE) * 0.7})'
        while self.prometheus.query(scraped) != [({}, len(self.daemons))]:
            if time.monotonic() > give_up_s:
                raise AssertionError("Prometheus did not scrape")
            time.sleep(0.5)


class Browser:
    """Headless Chromium, that may talk to this machine only."""

    def __init__(self, folder):
        self._profile = Path(folder) / "chromium"

    def _run(self, *arguments):
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                   "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-sync",
                   "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--no-proxy-server",
                   f"--user-data-dir={self._profile}", "--virtual-time-budget=15000", *arguments]  # fmt: skip
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout

    def page(self, url):
        """The document as the page's scripts have left it."""
        return self._run("--dump-dom", url)

    def photograph(self, url, file, width=1280, height=1240):
        self._run(f"--window-size={width},{height}", f"--screenshot={file}", url)
