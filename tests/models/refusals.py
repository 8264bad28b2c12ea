"""Graphs that must be refused, each with the node's name and a piece of the reason."""

import numpy as np
from onnx import TensorProto

from cases import Writer
from graph import Graph


def _layered(seed: int = 80, opset: int = 14, batch=1) -> tuple[Graph, str, str]:
    """A graph with a GRU named gru of 4 features and 3 units: the graph, its Y without directions, its Y_h."""
    g = Graph(np.random.default_rng(seed), opset)
    y, last = g.layer("GRU", g.input("x", ["steps", batch, 4]), 4, 3, name="gru")
    return g, g.squeeze(y, 1), last


def convolution() -> tuple:
    g, y, _ = _layered()
    wide = g.node("Transpose", y, perm=[1, 2, 0])
    return g.model(g.node("Conv", wide, g.floats(2, 3, 3), name="conv", pads=[1, 1])), ["node 'conv' (Conv)"]


def positions() -> tuple:
    g = Graph(np.random.default_rng(81))
    x = g.node("Add", g.input("x", [6, 1, 4]), g.floats(6, 1, 4), name="positions")
    return g.model(g.layer("GRU", x, 4, 3, name="gru")[0]), ["node 'positions' (Add)"]


def cumulative_sum() -> tuple:
    g, y, _ = _layered()
    return g.model(g.node("CumSum", y, g.constant(np.int64(0)), name="running")), ["node 'running' (CumSum)"]


def self_attention() -> tuple:
    g, y, _ = _layered()
    rows = g.node("Transpose", y, perm=[1, 0, 2])
    scores = g.node("MatMul", rows, g.node("Transpose", rows, perm=[0, 2, 1]), name="scores")
    return g.model(g.node("MatMul", g.node("Softmax", scores), rows)), ["node 'scores' (MatMul)"]


def short_sequence() -> tuple:
    g = Graph(np.random.default_rng(82))
    lens = g.constant(np.array([3], np.int32))
    return g.model(g.layer("GRU", g.input("x", [6, 1, 4]), 4, 3, lens, name="gru")[0]), [
        "node 'gru' (GRU)",
        "sequence_lens",
    ]


def integer_input() -> tuple:
    g = Graph(np.random.default_rng(83))
    ids = g.input("ids", ["steps", 1], TensorProto.INT64)
    x = g.node("Gather", g.floats(9, 4), ids, name="embedding", axis=0)
    return g.model(g.layer("GRU", x, 4, 3, name="gru")[0]), ["'ids'", "INT64"]


def fixed_batch() -> tuple:
    g, y, _ = _layered(batch=2)
    return g.model(y), ["node 'gru' (GRU)", "batch of 1"]


def computed_state() -> tuple:
    g = Graph(np.random.default_rng(84))
    x = g.input("x", ["steps", 1, 4])
    _, last = g.layer("GRU", x, 4, 3, name="encoder")
    y, _ = g.layer("GRU", x, 4, 3, "", last, name="decoder")
    return g.model(y), ["node 'decoder' (GRU)", "initial state"]


def training_mode() -> tuple:
    g, y, _ = _layered(opset=15)
    flat = g.node("Reshape", y, g.ints(-1, 3))
    parameters = [g.floats(3) for _ in range(3)] + [g.constant(np.ones(3, np.float32))]
    results = g.node("BatchNormalization", flat, *parameters, name="norm", outputs=3, training_mode=1)
    return g.model(results[0]), ["node 'norm' (BatchNormalization)"]


def unknown_activation() -> tuple:
    g = Graph(np.random.default_rng(85))
    x = g.input("x", ["steps", 1, 4])
    y, _ = g.layer("GRU", x, 4, 3, name="gru", activations=["Sigmoid", "Mish"])
    return g.model(y), ["node 'gru' (GRU)", "'Mish'"]


def other_domain() -> tuple:
    g, y, _ = _layered()
    g.add("Attention", [y], ["y"], "attention", domain="com.microsoft")
    return g.model("y"), ["node 'attention' (Attention)", "com.microsoft"]


def weights_of_the_input() -> tuple:
    g = Graph(np.random.default_rng(86))
    x, w = g.input("x", ["steps", 1, 4]), g.input("w", [1, 9, 4])
    y, _ = g.node("GRU", x, w, g.floats(1, 9, 3), name="gru", outputs=2, hidden_size=3)
    return g.model(y), ["node 'gru' (GRU)", "'w'"]


def wrong_weight_shape() -> tuple:
    g = Graph(np.random.default_rng(87))
    x = g.input("x", ["steps", 1, 4])
    y, _ = g.node("GRU", x, g.floats(1, 9, 4), g.floats(1, 9, 4), name="gru", outputs=2, hidden_size=3)
    return g.model(y), ["node 'gru' (GRU)", "R has shape"]


def weight_not_finite() -> tuple:
    g = Graph(np.random.default_rng(88))
    weights = np.full((1, 9, 4), np.nan, np.float32)
    x = g.input("x", ["steps", 1, 4])
    y, _ = g.node("GRU", x, g.constant(weights), g.floats(1, 9, 3), name="gru", outputs=2, hidden_size=3)
    return g.model(y), ["node 'gru' (GRU)", "not all finite"]


def unnamed_node() -> tuple:
    g, y, _ = _layered()
    g.add("NonZero", [y], ["places"], "")
    return g.model(g.node("Cast", "places", to=TensorProto.FLOAT)), ["node 'places' (unnamed NonZero)"]


def no_time_axis() -> tuple:
    g, y, _ = _layered()
    return g.model(g.node("Reshape", y, g.ints(1, -1, 1), name="reshape")), ["node 'reshape' (Reshape)"]


CASES = [
    convolution, positions, cumulative_sum, self_attention, short_sequence, integer_input, fixed_batch,
    computed_state, training_mode, unknown_activation, other_domain, weights_of_the_input,
    wrong_weight_shape, weight_not_finite, unnamed_node, no_time_axis,
]  # fmt: skip


def add_cases(writer: Writer) -> None:
    for case in CASES:
        writer.refused(f"refused_{case.__name__}", *case())
