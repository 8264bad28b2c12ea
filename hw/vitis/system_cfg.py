#!/usr/bin/env python3
"""Write the v++ link configuration of a mapping: its PL kernels, and the streams between them and the array.

The PLIOs are those that the graphs in hw/aie/graphs name, the kernels those of
hw/pl/*.cc; tests/unit/hw/vitis_test.cc compares.

Exit status: 0 written, 2 bad usage.
"""

from __future__ import annotations

import argparse
import sys
from typing import NamedTuple

PL_CLOCK_HZ = 312_500_000  # a quarter of the array's 1.25 GHz
ARRAY = "ai_engine_0"  # v++'s name for the graph

# Gates in the order of hw/config/contract.h: those of gru_activator's ports.
GATES = "rzn"
MERGE_WAYS = 32  # hw/config/geometry.h
LANES = 8  # hw/config/contract.h
LANE_GATES = {"gru": 3, "lstm": 4}  # hw/config/lanes.h; only the lanes mapping has LSTMs

Streams = list[tuple[str, str]]  # from a port to a port: unit.port


class Layer(NamedTuple):
    hidden: int
    cell: str


def row_groups(hidden: int) -> int:
    """hidden / RowReuse(hidden) of hw/config/geometry.h."""
    return next(hidden // reuse for reuse in range(1, hidden + 1) if hidden % reuse == 0 and hidden // reuse <= MERGE_WAYS)


def hybrid(layer: Layer) -> tuple[list[str], Streams]:
    """A group of rows has an interface tile of its own."""
    rows = [(f"{ARRAY}.row_{i}", f"gru_aggregator.rows_{i}") for i in range(row_groups(layer.hidden))]
    return ["gru_aggregator"], [*rows, *activations("gru_aggregator"), *GRU_ENDS]


def aie(layer: Layer) -> tuple[list[str], Streams]:
    """The array sorts and activates."""
    return [], [("feeder.control", f"{ARRAY}.control"), *GRU_ENDS]


def cascade(layer: Layer) -> tuple[list[str], Streams]:
    """Whole vectors of indices come from an interface tile a gate."""
    indices = [(f"{ARRAY}.indices_{gate}", f"gru_activator.indices_{i}") for i, gate in enumerate(GATES)]
    return ["gru_activator"], [*indices, *activations("gru_activator"), *GRU_ENDS]


def lanes(layer: Layer) -> tuple[list[str], Streams]:
    """Eight rows of a gate have an interface tile of their own; the PL holds the states. The graph counts its layers."""
    tiles = LANE_GATES[layer.cell] * -(-layer.hidden // LANES)
    gates = [(f"{ARRAY}.gate_0_{i}", f"lanes_core.gates_{i}") for i in range(tiles)]
    states = [("lanes_core.h", f"{ARRAY}.h_0"), ("lanes_core.v", f"{ARRAY}.v_0")]
    ends = [("feeder.x", f"{ARRAY}.x_0"), ("lanes_core.y", "store.y")]
    return ["lanes_core"], [("feeder.control", "lanes_core.control"), *gates, *states, *ends]


def activations(unit: str) -> Streams:
    """Of the unit that looks activations up and sends them back."""
    return [("feeder.control", f"{unit}.control"), (f"{unit}.r", f"{ARRAY}.r"), (f"{unit}.zn", f"{ARRAY}.zn")]


GRU_ENDS = [("feeder.x", f"{ARRAY}.x"), (f"{ARRAY}.y", "store.y")]

# All mappings have registers, are fed from memory and yield to memory.
BOARD = ["control", "fetch", "store", "feeder"]
JOBS = [
    ("control.jobs", "fetch.jobs"),
    ("control.aborts", "store.aborts"),
    ("fetch.orders", "store.orders"),
    ("store.finished", "control.finished"),
    ("fetch.commands", "feeder.commands"),
]

MAPPINGS = {"hybrid": hybrid, "aie": aie, "cascade": cascade, "lanes": lanes}


def config(kernels: list[str], streams: Streams) -> str:
    """One unit of each kernel, of the same name."""
    clocks = ",".join(f"{kernel}.ap_clk" for kernel in kernels)
    lines = [f"freqhz={PL_CLOCK_HZ}:{clocks}", "", "[connectivity]"]
    lines += [f"nk={kernel}:1:{kernel}" for kernel in kernels]
    lines += [f"sc={source}:{sink}" for source, sink in streams]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--mapping", choices=MAPPINGS, required=True)
    parser.add_argument("--hidden", type=int, required=True, metavar="UNITS", help="units of the layer")
    parser.add_argument("--cell", choices=LANE_GATES, default="gru", help="what the layer is of")
    parser.add_argument("--kernels", action="store_true", help="print the PL kernels' names instead")
    arguments = parser.parse_args()
    if arguments.hidden < 1:
        parser.error(f"--hidden is {arguments.hidden}, but a layer has one unit at least")
    if arguments.cell == "lstm" and arguments.mapping != "lanes":
        parser.error(f"--cell is lstm, but --mapping={arguments.mapping} has GRUs only; use --mapping=lanes")
    kernels, streams = MAPPINGS[arguments.mapping](Layer(arguments.hidden, arguments.cell))
    kernels = [*BOARD, *kernels]
    sys.stdout.write(" ".join(kernels) + "\n" if arguments.kernels else config(kernels, [*JOBS, *streams]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
