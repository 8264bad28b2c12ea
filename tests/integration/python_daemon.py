"""What the Python client's tests stream to: daemons, and a network that fails."""
import os
import queue
import re
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np

SOURCE = Path(os.environ["RECURD_SOURCE"])


class Daemon:
    """A daemon on a free port that serves the shipped models; killed in the end."""

    def __init__(self, *flags, address="127.0.0.1:0"):
        self.process = subprocess.Popen(
            [
                os.environ["RECURD_DAEMON"],
                f"--listen={address}",
                "--metrics_listen=127.0.0.1:0",
                f"--model_repository={SOURCE}/deploy/models",
                *flags,
            ],
            stderr=subprocess.PIPE,
        )
        self.port, self.metrics_port = self._ports()
        self.address = f"127.0.0.1:{self.port}"

    def _ports(self):
        log, give_up_s = b"", time.monotonic() + 30
        while time.monotonic() < give_up_s:
            if select.select([self.process.stderr], [], [], 1)[0]:
                data = os.read(self.process.stderr.fileno(), 4096)
                log += data
                if match := re.search(rb"serves .* on \S*:(\d+) \(.*metrics on \S*:(\d+)", log):
                    return int(match[1]), int(match[2])
                if not data:
                    break
        raise AssertionError(f"the daemon did not start:\n{log.decode()}")

    def metric(self, name):
        """A counter's or gauge's value; `name` with its labels, as it is exported."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as page:
            line = re.search(rf"^{re.escape(name)} (\S+)$", page.read().decode(), re.MULTILINE)
        return float(line[1])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stderr.close()


class Proxy:
    """Forwards connections on a port of its own to a daemon's, and makes them fail as networks do."""

    def __init__(self, port):
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._peers, self._stalled = {}, []
        self._orders = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self):
        """Every connection that stands is closed; new ones are forwarded as before."""
        self._obey(lambda: [end.close() for end in self._peers])

    def stall(self):
        """Every connection that stands forwards nothing any more, and is not closed; new ones are as before."""
        self._obey(lambda: self._stalled.extend(self._peers))

    def _obey(self, order):
        done = threading.Event()
        self._orders.put((order, done))
        done.wait()

    def _run(self):
        while True:
            if not self._orders.empty():
                order, done = self._orders.get()
                if order is not None:
                    order()
                    self._peers = {}
                done.set()
                if order is None:
                    return
            for ready in select.select([self._listener, *self._peers], [], [], 0.005)[0]:
                if ready is self._listener:
                    self._accept()
                elif ready in self._peers:
                    self._forward(ready)

    def _accept(self):
        client = self._listener.accept()[0]
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            return client.close()
        for end, other in ((client, server), (server, client)):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers[end] = other

    def _forward(self, end):
        other = self._peers[end]
        try:
            data = end.recv(1 << 16)
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for closed in (end, other):
                closed.close()
                del self._peers[closed]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()
        self._obey(None)
        for end in (self._listener, *self._stalled):
            end.close()


def bits(array):
    return np.asarray(array, np.float32).view(np.uint32).tolist()
