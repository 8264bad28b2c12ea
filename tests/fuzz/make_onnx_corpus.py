#!/usr/bin/python3
"""Write the seeds of the onnx_model fuzz target: small graphs that reach every family of operators, and of the golden
models (tests/models) the small ones that show it something new.

    tests/fuzz/make_onnx_corpus.py    (needs Debian's python3-onnx)

Fuzzing adds to them; what it finds is committed beside them under a name of its own.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CORPUS = Path(__file__).resolve().parent / "corpus" / "onnx_model"
GOLDEN = CORPUS.parents[2] / "golden" / "models"
LARGEST_GOLDEN = 3000  # bytes: a fuzzer changes few of the bytes that matter in a larger file
RANDOM = np.random.default_rng(1)


class Graph:
    def __init__(self, opset: int = 14) -> None:
        self.opset, self.nodes, self.constants, self.inputs = opset, [], [], []

    def input(self, name: str, shape: list) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def floats(self, *shape: int) -> str:
        return self.constant(RANDOM.uniform(-1, 1, shape).astype(np.float32))

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def constant(self, array: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes) -> str:
        name = f"n{len(self.nodes)}"
        names = [f"{name}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=name, **attributes))
        return names[0] if outputs == 1 else names

    def layer(self, op: str, x: str, size: int, *rest: str, **attributes) -> list:
        gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[op]
        weights = [self.floats(1, gates, size), self.floats(1, gates, 1), self.floats(1, 2 * gates)]
        return self.node(op, x, *weights, *rest, outputs=3 if op == "LSTM" else 2, hidden_size=1, **attributes)

    def save(self, name: str, *outputs: str) -> None:
        infos = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None) for output in outputs]
        graph = helper.make_graph(self.nodes, name, self.inputs, infos, self.constants)
        opset = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=8)
        (CORPUS / name).write_bytes(model.SerializeToString())


def gru_with_shape_arithmetic() -> None:
    g = Graph()
    x = g.input("x", ["t", "b", 2])
    batch = g.node("Gather", g.node("Shape", x), g.ints(1), axis=0)
    zeros = g.node("ConstantOfShape", g.node("Concat", g.ints(1), batch, g.ints(1), axis=0))
    y, _ = g.layer("GRU", x, 2, "", zeros, linear_before_reset=1, clip=3.0)
    flat = g.node("Reshape", y, g.ints(-1, 1))
    g.save("gru_with_shape_arithmetic", g.node("Gemm", flat, g.floats(1, 2), g.floats(2)))


def lstm_with_states() -> None:
    g = Graph()
    x, h = g.input("x", ["t", 1, 2]), g.input("h", [2, 1, 1])
    first, second = g.node("Split", h, outputs=2, axis=0)
    y, last_h, last_c = g.layer("LSTM", x, 2, "", first, second, g.floats(1, 3))
    g.save("lstm_with_states", y, g.node("Concat", last_h, last_c, axis=0))


def rnn_with_activation() -> None:
    g = Graph()
    attributes = {"activations": ["HardSigmoid"], "activation_alpha": [0.3], "activation_beta": [0.4]}
    y, _ = g.layer("RNN", g.input("x", [1, 4, 2]), 2, layout=1, **attributes)
    last = g.node("Slice", y, g.ints(-1), g.ints(2**31 - 1), g.ints(1), g.ints(1))
    g.save("rnn_with_activation", g.node("Squeeze", last, g.ints(2)))


def normalizations() -> None:
    g = Graph(17)
    x = g.input("x", ["t", 1, 4])
    normal = g.node("LayerNormalization", x, g.floats(4), g.floats(4))
    flat = g.node("Flatten", g.node("Softmax", normal, axis=-1), axis=2)
    ones = g.constant(np.ones(4, np.float32))
    batch = g.node("BatchNormalization", flat, ones, ones, ones, ones)
    mean = g.node("ReduceMean", batch, axes=[1], keepdims=1)
    centred = g.node("Unsqueeze", g.node("Sub", batch, mean), g.ints(1))
    y, _ = g.layer("GRU", centred, 4)
    g.save("normalizations", y)


def features() -> None:
    g = Graph()
    x = g.input("x", ["t", 1, 6])
    grid = g.node("Transpose", g.node("Reshape", x, g.ints(0, 2, 3)), perm=[0, 2, 1])
    product = g.node("MatMul", grid, g.floats(2, 1))
    picked = g.node("Gather", product, g.ints(2, 0, -1), axis=1)
    row = g.node("Transpose", g.node("Tile", picked, g.ints(1, 1, 2)), perm=[0, 2, 1])
    part = g.node("Slice", row, g.ints(0), g.ints(1), g.ints(1))
    y, _ = g.layer("GRU", g.node("Clip", g.node("Elu", part), g.floats(), g.floats()), 3)
    wide = g.node("Expand", y, g.ints(1, 1, 2, 2))
    g.save("features", g.node("Pow", g.node("PRelu", wide, g.floats(2)), g.constant(np.float32(2))))


def quantized_weights() -> None:
    g = Graph()
    x = g.input("x", ["t", 1, 2])
    y, _ = g.layer("GRU", x, 2)
    zero, scale = g.constant(np.uint8(128)), g.constant(np.float32([0.1, 0.2]))
    weights = g.node("DequantizeLinear", g.constant(np.uint8([[1, 200]])), scale, zero, axis=1)
    low_rank = g.node("MatMul", weights, g.constant(np.float16([[1], [2]]).astype(np.float32)))
    half = g.node("Cast", g.constant(np.float16([[1.5]])), to=TensorProto.FLOAT)
    g.save("quantized_weights", g.node("MatMul", g.node("Add", y, half), low_rank))


def golden_models() -> None:
    """From the smallest up: those with an attribute of an operator, or two operators in a row, that none before had."""
    for old in CORPUS.glob("golden_*"):
        old.unlink()
    seen: set = set()
    for file in sorted(GOLDEN.glob("*/model.onnx"), key=lambda file: (file.stat().st_size, file)):
        if file.stat().st_size > LARGEST_GOLDEN:
            continue
        makers, features = {}, set()
        for node in onnx.load(file).graph.node:
            features |= {(node.op_type, attribute.name) for attribute in node.attribute}
            features |= {(makers[value], node.op_type) for value in node.input if value in makers}
            makers.update(dict.fromkeys(node.output, node.op_type))
        if not features <= seen:
            seen |= features
            (CORPUS / f"golden_{file.parent.name}").write_bytes(file.read_bytes())


def main() -> None:
    CORPUS.mkdir(parents=True, exist_ok=True)
    for seed in (
        gru_with_shape_arithmetic,
        lstm_with_states,
        rnn_with_activation,
        normalizations,
        features,
        quantized_weights,
    ):
        seed()
    golden_models()


if __name__ == "__main__":
    main()
