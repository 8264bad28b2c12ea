"""Serves a source that does not wait: samples come at the pace of their own clock, as from a sound card.

    microphone.py --model=digits --seconds=5                         a synthetic tone
    microphone.py --model=digits --wav=speech.wav                    a WAV file, 8 or 16 bit, its first channel
    arecord -t raw -f S16_LE -r 16000 | microphone.py --stdin --rate=16000 --model=digits

A step takes input_size samples; --frame steps go in one chunk. Between the source and the network stands a ring of
--ring chunks, as a sound card has one: when it is full a chunk is lost, and counted. A chunk's latency runs from when
its last sample was due (with --stdin: was read) to when its answer is here, so waiting in the ring is part of it.
A file on standard input comes faster than its clock, and overruns the ring: use --wav, which is paced.
"""
from __future__ import annotations

import argparse
import queue
import sys
import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import recurd

Samples = np.ndarray[Any, np.dtype[np.float32]]


def tone(rate_hz: float, size: int) -> Iterator[Samples]:
    """A sweep between 100 and 1000 Hz, in -1 .. 1, `size` samples at a time, for ever."""
    at, phase = 0, 0.0
    while True:
        t = (at + np.arange(size)) / rate_hz
        phases = phase + 2 * np.pi * np.cumsum(550 + 450 * np.sin(2 * np.pi * t / 5)) / rate_hz
        yield np.sin(phases).astype(np.float32)
        at, phase = at + size, float(phases[-1])


def wav(path: str, size: int) -> Iterator[Samples]:
    """A WAV file's first channel, in -1 .. 1; what is left over at the end is dropped."""
    with wave.open(path) as file:
        width, channels = file.getsampwidth(), file.getnchannels()
        if width not in (1, 2):
            raise SystemExit(f"microphone: {path} has {8 * width} bits a sample; 8 and 16 can be read")
        while len(data := file.readframes(size)) == size * width * channels:
            raw = np.frombuffer(data, "<i2" if width == 2 else "u1").reshape(-1, channels)[:, 0].astype(np.float32)
            yield raw / np.float32(32768) if width == 2 else (raw - np.float32(128)) / np.float32(128)


def raw_stdin(size: int) -> Iterator[Samples]:
    """Signed 16-bit little-endian samples, one channel, from standard input."""
    while len(data := sys.stdin.buffer.read(2 * size)) == 2 * size:
        yield np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


@dataclass
class Count:
    """What happened. latencies in seconds."""

    captured: int = 0
    lost: int = 0
    latencies: list[float] = field(default_factory=list)


def capture(
    source: Iterator[Samples],
    chunk_s: float,
    paced: bool,
    seconds: float,
    ring: queue.Queue[Any],
    count: Count,
    stop: threading.Event,
) -> None:
    """Puts (chunk, when its last sample was due) in the ring, never waiting for room; None at the end."""
    begin_s = time.monotonic()
    for number, samples in enumerate(source):
        due_s = begin_s + (number + 1) * chunk_s
        if stop.is_set() or seconds and (number + 1) * chunk_s > seconds:
            break
        if paced:
            time.sleep(max(0.0, due_s - time.monotonic()))
        else:
            due_s = time.monotonic()
        count.captured += 1
        try:
            ring.put_nowait((samples, due_s))
        except queue.Full:
            count.lost += 1
    ring.put(None)


def send(session: recurd.Session, ring: queue.Queue[Any], gain: float, due: queue.Queue[float | None]) -> None:
    """Sends what the ring has; tells the receiver when each chunk was due, and None at the end."""
    width = session.opened.input_size
    try:
        while (item := ring.get()) is not None:
            samples, due_s = item
            session.send((samples * np.float32(gain)).reshape(-1, width))
            due.put(due_s)
    except recurd.RecurdError:
        pass  # the receiver meets it, too
    due.put(None)


def receive(session: recurd.Session, due: queue.Queue[float | None], count: Count) -> None:
    while (due_s := due.get()) is not None:
        session.receive()
        count.latencies.append(time.monotonic() - due_s)


def report(count: Count, chunk_s: float, session: recurd.Session) -> None:
    answered = len(count.latencies)
    print(
        f"{count.captured} chunks of {chunk_s * 1e3:.2f} ms captured, {answered} answered, {count.lost} lost to "
        f"overruns, {count.captured - count.lost - answered} without an answer; {session.connections} connections"
    )
    if answered:
        p50, p90, p99, worst = np.percentile(count.latencies, [50, 90, 99, 100]) * 1e3
        late = sum(latency > chunk_s for latency in count.latencies)
        print(
            f"latency in ms: p50 {p50:.2f}, p90 {p90:.2f}, p99 {p99:.2f}, worst {worst:.2f}; "
            f"{late} answers came later than the next chunk"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="127.0.0.1:8001", help="HOST:PORT, several with commas")
    parser.add_argument("--model", default="digits")
    parser.add_argument("--wav", help="a WAV file; else a synthetic tone")
    parser.add_argument("--stdin", action="store_true", help="raw signed 16-bit samples from standard input")
    parser.add_argument("--rate", type=float, default=16000, help="samples a second (default 16000; WAV: its own)")
    parser.add_argument("--frame", type=int, default=20, help="steps in a chunk (default 20)")
    parser.add_argument("--ring", type=int, default=8, help="chunks that may wait to be sent (default 8)")
    parser.add_argument("--gain", type=float, default=1, help="samples of -1 .. 1 are multiplied by it (default 1)")
    parser.add_argument("--seconds", type=float, default=0, help="how long; 0: to the source's end, or Ctrl-C")
    options = parser.parse_args()
    if options.frame < 1 or options.ring < 1 or not options.rate > 0:
        parser.error("--frame and --ring are at least 1, --rate is above 0")
    count, stop = Count(), threading.Event()
    with (
        recurd.Client(options.servers.split(","), options.model) as client,
        client.stream(outputs="last_of_chunk") as session,
    ):
        size = options.frame * session.opened.input_size
        if options.wav:
            with wave.open(options.wav) as file:
                options.rate = float(file.getframerate())
            source = wav(options.wav, size)
        else:
            source = raw_stdin(size) if options.stdin else tone(options.rate, size)
        chunk_s = size / options.rate
        ring: queue.Queue[Any] = queue.Queue(options.ring)
        due: queue.Queue[float | None] = queue.Queue()
        threads = [
            threading.Thread(
                target=capture,
                daemon=True,
                args=(source, chunk_s, not options.stdin, options.seconds, ring, count, stop),
            ),
            threading.Thread(target=send, args=(session, ring, options.gain, due), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            receive(session, due, count)
        except KeyboardInterrupt:
            stop.set()
        except recurd.RecurdError as error:
            report(count, chunk_s, session)
            raise SystemExit(f"microphone: {error}")
    report(count, chunk_s, session)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
