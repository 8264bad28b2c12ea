"""An emulated Versal (deploy/versal/boot.sh), its serial port's shell, and the daemon on it."""
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

SOURCE = Path(os.environ["RECURD_SOURCE"])
ANSWER_S = 120  # of a command typed there; some take long where every instruction is emulated


def free_ports(count):
    """They may be somebody else's again when they are used; then the emulator says so and ends."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Board:
    """Boots on entering, and is killed on leaving; `log` is all that came through the serial port."""

    def __init__(self, *arguments):
        self.port, self.metrics_port = free_ports(2)
        self.address = f"127.0.0.1:{self.port}"
        self.log = ""
        self._new = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "TERM"),  # a test that is killed leaves no emulator behind
                SOURCE / "deploy/versal/boot.sh",
                f"--port={self.port}",
                f"--metrics_port={self.metrics_port}",
                *arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        while data := os.read(self._process.stdout.fileno(), 4096):
            sys.stdout.write(text := data.decode(errors="replace").replace("\r", ""))
            self._new.put(text)
        self._new.put(None)

    def wait_for(self, pattern, timeout_s, begin=0):
        """The match of `pattern` in the log from `begin` on, once it is there."""
        give_up_s = time.monotonic() + timeout_s
        while not (match := re.compile(pattern, re.MULTILINE).search(self.log, begin)):
            try:
                text = self._new.get(timeout=max(0, give_up_s - time.monotonic()))
            except queue.Empty:
                text = None
            if text is None:
                raise AssertionError(f"{pattern!r} did not come through the serial port (waited up to {timeout_s} s)")
            self.log += text
        return match

    def type(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def shell(self):
        """Once: waits for the shell, and keeps it from showing what is typed and from asking for more."""
        booting = self.wait_for(r"^== booting", 900)
        self.wait_for(r"# ", 600, booting.end())
        self.type("stty -echo; echo ready; while read -r line; do eval \"$line\"; done\n")
        self.wait_for(r"^ready$", ANSWER_S)

    def run(self, command, timeout_s=ANSWER_S):
        """What a command printed; it has to end with 0. The kernel's and the daemon's words may be between."""
        while not self._new.empty():
            self.log += self._new.get() or ""
        begin = len(self.log)
        self.type(f"{command}; echo {begin} ended with $?\n")
        end = self.wait_for(rf"^{begin} ended with (\d+)$", timeout_s, begin)
        printed = self.log[begin : end.start()]
        if end[1] != "0":
            raise AssertionError(f"{command} ended with {end[1]} on the board: {printed}")
        return printed.strip()

    def scrape(self, timeout_s=120):
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=timeout_s)
        with page:
            return page.read().decode()

    def metric(self, name):
        """A counter's or gauge's value; `name` with its labels, as it is exported."""
        return float(re.search(rf"^{re.escape(name)} (\S+)$", self.scrape(), re.MULTILINE)[1])

    def power_off(self):
        """Returns the emulator's exit code."""
        self.type("poweroff -f\n")
        return self._process.wait(120)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()


def skip_unless_bootable(label, built):
    """Ends this program as skipped where the packages are missing, or the file of the build that boots."""
    tools = ("qemu-system-aarch64", "mmdebstrap", "cpio", "aarch64-linux-gnu-strip")
    missing = [tool for tool in tools if not shutil.which(tool)]
    if not any((SOURCE / "build").glob(built)):
        missing.append(f"build/{built}")
    if missing:
        print(f"skipped, missing: {', '.join(missing)}; tests/run.sh --label={label} installs and builds them")
        sys.exit(77)
