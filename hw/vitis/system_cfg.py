#!/usr/bin/env python3
"""Write the v++ link configuration of a mapping: its PL kernels, and the streams between them and the array.

The PLIOs are those that the graphs in hw/aie/graphs name, the kernels those of
hw/pl/*.cc; tests/unit/hw/vitis_test.cc compares.

Exit status: 0 written, 2 bad usage.
"""

from __future__ import annotations

import argparse
import sys

PL_CLOCK_HZ = 312_500_000  # a quarter of the array's 1.25 GHz
ARRAY = "ai_engine_0"  # v++'s name for the graph

# Gates in the order of hw/config/contract.h: those of gru_activator's ports.
GATES = "rzn"
MERGE_WAYS = 32  # hw/config/geometry.h

Streams = list[tuple[str, str]]  # from a port to a port: unit.port


def row_groups(hidden: int) -> int:
    """hidden / RowReuse(hidden) of hw/config/geometry.h."""
    return next(hidden // reuse for reuse in range(1, hidden + 1) if hidden % reuse == 0 and hidden // reuse <= MERGE_WAYS)


def hybrid(hidden: int) -> tuple[list[str], Streams]:
    """A group of rows has an interface tile of its own."""
    rows = [(f"{ARRAY}.row_{i}", f"gru_aggregator.rows_{i}") for i in range(row_groups(hidden))]
    return ["gru_feeder", "gru_aggregator"], [*rows, *activations("gru_aggregator")]


def aie(hidden: int) -> tuple[list[str], Streams]:
    """The array sorts and activates."""
    return ["gru_feeder"], [("gru_feeder.control", f"{ARRAY}.control")]


def cascade(hidden: int) -> tuple[list[str], Streams]:
    """Whole vectors of indices come from an interface tile a gate."""
    indices = [(f"{ARRAY}.indices_{gate}", f"gru_activator.indices_{i}") for i, gate in enumerate(GATES)]
    return ["gru_feeder", "gru_activator"], [*indices, *activations("gru_activator")]


def activations(unit: str) -> Streams:
    """Of the unit that looks activations up and sends them back."""
    return [("gru_feeder.control", f"{unit}.control"), (f"{unit}.r", f"{ARRAY}.r"), (f"{unit}.zn", f"{ARRAY}.zn")]


# All mappings are fed from memory and yield to memory.
MOVERS = {"mm2s_x": "mm2s", "s2mm_y": "s2mm"}  # compute unit -> kernel
ENDS = [("mm2s_x.beats_out", "gru_feeder.commands"), ("gru_feeder.x", f"{ARRAY}.x"), (f"{ARRAY}.y", "s2mm_y.beats_in")]

MAPPINGS = {"hybrid": hybrid, "aie": aie, "cascade": cascade}


def config(units: dict[str, str], streams: Streams) -> str:
    clocks = ",".join(f"{unit}.ap_clk" for unit in units)
    lines = [f"freqhz={PL_CLOCK_HZ}:{clocks}", "", "[connectivity]"]
    lines += [f"nk={kernel}:1:{unit}" for unit, kernel in units.items()]
    lines += [f"sc={source}:{sink}" for source, sink in streams]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--mapping", choices=MAPPINGS, required=True)
    parser.add_argument("--hidden", type=int, required=True, metavar="UNITS", help="units of the layer")
    parser.add_argument("--kernels", action="store_true", help="print the PL kernels' names instead")
    arguments = parser.parse_args()
    if arguments.hidden < 1:
        parser.error(f"--hidden is {arguments.hidden}, but a layer has one unit at least")
    kernels, streams = MAPPINGS[arguments.mapping](arguments.hidden)
    units = MOVERS | {kernel: kernel for kernel in kernels}
    sys.stdout.write(" ".join(dict.fromkeys(units.values())) + "\n" if arguments.kernels else config(units, ENDS + streams))
    return 0


if __name__ == "__main__":
    sys.exit(main())
