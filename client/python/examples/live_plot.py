"""Streams a signal through a model and draws inputs and outputs as they come.

    live_plot.py --servers=127.0.0.1:8001 --model=digits             a window, until it is closed
    live_plot.py --model=digits --seconds=3 --png=plot.png           no display: the last picture in a file

The signal is synthetic: a sine for each input, each with a period of its own. Kill the server while it runs: with
another one in --servers the picture goes on, and no step is missing.
"""
from __future__ import annotations

import argparse
import threading
import time
from collections import deque
from typing import Any

import matplotlib

import numpy as np

import recurd


def signal(step: int, width: int, scale: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The inputs of one step, [width], in 0 .. scale."""
    periods = 20.0 * 1.3 ** np.arange(width)
    return np.float32(scale) * (0.5 + 0.5 * np.sin(2 * np.pi * step / periods)).astype(np.float32)


class Feed(threading.Thread):
    """Steps a session at a fixed rate; keeps the newest `span` rows of (step, inputs, outputs) for whoever draws."""

    def __init__(self, session: recurd.Session, rate_hz: float, scale: float, span: int) -> None:
        super().__init__(daemon=True)
        self.rows: deque[tuple[int, Any, Any]] = deque(maxlen=span)
        self.error: Exception | None = None
        self.stop = threading.Event()
        self._session, self._rate_hz, self._scale = session, rate_hz, scale

    def run(self) -> None:
        begin_s, step, width = time.monotonic(), 0, self._session.opened.input_size
        try:
            while not self.stop.wait(max(0.0, begin_s + step / self._rate_hz - time.monotonic())):
                inputs = signal(step, width, self._scale)
                self.rows.append((step, inputs, self._session.step(inputs)))
                step += 1
        except recurd.RecurdError as error:
            self.error = error


class Picture:
    """Two panels, inputs above outputs, over the last steps."""

    def __init__(self, plt: Any, feed: Feed, session: recurd.Session, model: str) -> None:
        self.feed, self.session = feed, session
        self.animation: Any = None  # runs only as long as somebody holds it
        self.figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(9, 6), layout="constrained")
        self.panels = [
            (above, above.plot(np.empty((0, session.opened.input_size)), lw=1)),
            (below, below.plot(np.empty((0, session.opened.output_size)), lw=1)),
        ]
        above.set_ylabel("inputs")
        below.set_ylabel("outputs")
        below.set_xlabel(f"step of {model}")

    def draw(self, _frame: int = 0) -> None:
        rows = list(self.feed.rows)
        if not rows:
            return
        steps = np.array([step for step, _, _ in rows])
        for index, (axes, lines) in enumerate(self.panels):
            values = np.array([row[1 + index] for row in rows])
            for line, column in zip(lines, values.T, strict=True):
                line.set_data(steps, column)
            axes.relim()
            axes.autoscale_view()
        connection = f"{self.session.server}, connection {self.session.connections}"
        self.figure.suptitle(f"{connection}, step {steps[-1]}", fontsize=9)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="127.0.0.1:8001", help="HOST:PORT, several with commas")
    parser.add_argument("--model", default="digits")
    parser.add_argument("--rate", type=float, default=100, help="steps a second (default 100)")
    parser.add_argument("--scale", type=float, default=16, help="largest input (default 16, as the digits' pixels)")
    parser.add_argument("--span", type=int, default=500, help="steps in the picture (default 500)")
    parser.add_argument("--seconds", type=float, default=0, help="how long; 0: until the window is closed")
    parser.add_argument("--png", help="write the last picture to this file instead of opening a window")
    options = parser.parse_args()
    if options.png and not options.seconds > 0:
        parser.error("--png needs --seconds=N, N > 0")
    matplotlib.use("Agg" if options.png else None)
    import matplotlib.pyplot as plt  # after the choice of a backend
    from matplotlib.animation import FuncAnimation

    with recurd.Client(options.servers.split(","), options.model) as client, client.stream() as session:
        feed = Feed(session, options.rate, options.scale, options.span)
        picture = Picture(plt, feed, session, options.model)
        feed.start()
        if options.png:
            feed.join(options.seconds)
        else:
            picture.animation = FuncAnimation(picture.figure, picture.draw, interval=50, cache_frame_data=False)
            if options.seconds:
                picture.figure.canvas.new_timer(int(options.seconds * 1000), [(plt.close, (), {})]).start()
            plt.show()
        feed.stop.set()
        feed.join()
    if feed.error is not None:
        raise SystemExit(f"live_plot: {feed.error}")
    if options.png:
        picture.draw()
        picture.figure.savefig(options.png, dpi=100)
        print(f"{len(feed.rows)} steps in {options.png}; {session.connections} connections")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
