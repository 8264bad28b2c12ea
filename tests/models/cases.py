"""Writes cases: a model, sequences through it, and what has to come out (README.md has the form)."""

import itertools
import shutil
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

import reference

warnings.simplefilter("ignore")
TOLERANCE = 1e-6  # between our double precision reference and what a framework says in single precision
LARGEST = 30  # of any value, for which the test's bound of 1e-5 is some units in the last place


class Writer:
    """Cases below one folder, which is emptied first if it holds nothing but cases."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        for old in root.iterdir():
            if not (old / "expect.txt").exists():
                raise SystemExit(f"{old} is no case: name a folder that holds nothing else")
            shutil.rmtree(old)
        self.names: list[str] = []

    def streams(self, name: str, model, sequences: list, expected: list | None = None) -> None:
        self._serves(name, model, "stream", [], sequences, expected)

    def whole(self, name: str, model, why: list[str], sequences: list, expected: list | None = None) -> None:
        """`why` are pieces of the reason that it does not stream."""
        self._serves(name, model, "whole", why, sequences, expected)

    def refused(self, name: str, model, why: list[str]) -> None:
        """`why` are pieces of the message."""
        self._begin(name, model, "refused", why)

    def _begin(self, name: str, model, serves: str, why: list[str]) -> Path:
        assert name not in self.names, name
        self.names.append(name)
        folder = self.root / name
        folder.mkdir()
        (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
        lines = [f"serves: {serves}", *(f"why: {piece}" for piece in why)]
        (folder / "expect.txt").write_text("\n".join(lines) + "\n")
        return folder

    def _serves(self, name, model, serves, why, sequences, expected) -> None:
        onnx.checker.check_model(model)
        folder = self._begin(name, model, serves, why)
        for i, inputs in enumerate(sequences):
            outputs, states = reference.evaluate(model, inputs)
            if expected is not None:
                for output, value in outputs.items():
                    np.testing.assert_allclose(expected[i][output], value, 0, TOLERANCE, err_msg=f"{name}: {output}")
                outputs = expected[i]
            data = folder / f"test_data_set_{i}"
            data.mkdir()
            for kind, tensors in (
                ("input", [(port, inputs[port]) for port in input_names(model)]),
                ("output", [(port.name, outputs[port.name]) for port in model.graph.output]),
                ("state", sorted(states.items())),
            ):
                for j, (tensor_name, array) in enumerate(tensors):
                    assert np.abs(array).max(initial=0) < LARGEST, f"{name}: {tensor_name} grows beyond the bound's sense"
                    kind_ = np.int32 if np.asarray(array).dtype == np.int32 else np.float32
                    tensor = numpy_helper.from_array(np.array(array, kind_), tensor_name)
                    (data / f"{kind}_{j}.pb").write_bytes(tensor.SerializeToString(deterministic=True))


def input_names(model) -> list[str]:
    """Those that are not weights: files of old opsets list them among the inputs."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [port.name for port in model.graph.input if port.name not in weights]


def pairwise(factors: dict, seed: int, valid=lambda row: True, strength: int = 2) -> list[dict]:
    """Rows of one value per factor, such that every combination of `strength` factors' values that some valid row has
    is in one: greedy, from random candidates."""
    random = np.random.default_rng(seed)
    names = list(factors)
    groups = list(itertools.combinations(range(len(names)), strength))
    open_ = {(g, v) for g in groups for v in itertools.product(*(range(len(factors[names[i]])) for i in g))}

    def complete(fixed):
        row = [fixed.get(i, int(random.integers(len(factors[name])))) for i, name in enumerate(names)]
        return tuple(row)

    def values(row):
        return {name: factors[name][row[i]] for i, name in enumerate(names)}

    rows = []
    for group, wanted in sorted(open_):
        if (group, wanted) not in open_:
            continue
        candidates = (complete(dict(zip(group, wanted))) for _ in range(400))
        candidates = list(itertools.islice((row for row in candidates if valid(values(row))), 20))
        open_.discard((group, wanted))  # no valid row has it where there are no candidates
        if candidates:
            best = max(candidates, key=lambda row: sum((g, tuple(row[i] for i in g)) in open_ for g in groups))
            open_ -= {(g, tuple(best[i] for i in g)) for g in groups}
            rows.append(values(best))
    return rows


def floats(random, *shape: int, scale: float = 1.0) -> np.ndarray:
    return (scale * random.uniform(-1, 1, shape)).astype(np.float32)
