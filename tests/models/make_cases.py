#!/usr/bin/python3
"""Writes the cases of the importer's tests (README.md). The same bytes whenever it runs, on the same packages.

usage: make_cases.py            the committed sample, tests/golden/models
       make_cases.py --full DIR every case, larger ones among them

Needs Debian's python3-torch, python3-onnx and python3-numpy.
"""

import sys
from pathlib import Path

import exporters
import hand_built
import node_suite
from cases import Writer

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "models"


def main() -> int:
    full = len(sys.argv) == 3 and sys.argv[1] == "--full"
    if len(sys.argv) != 1 and not full:
        print(__doc__, file=sys.stderr)
        return 2
    writer = Writer(Path(sys.argv[2]) if full else GOLDEN)
    for source in (node_suite, hand_built, exporters):
        source.add_cases(writer, full)
    size = sum(file.stat().st_size for file in writer.root.rglob("*") if file.is_file())
    print(f"{len(writer.names)} cases, {size} bytes in {writer.root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
