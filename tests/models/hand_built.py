"""Graphs that no PyTorch module gives: what Keras and tf2onnx emit, the paper's GRU, several branches, weights that are
put together from constants, and heads over the whole sequence. Expected values are reference.py's.

tf2onnx's graphs follow its rewriters (github.com/onnx/tensorflow-onnx, tf2onnx/rewriter): batch-major input, Transpose
to time-major, the layer, Squeeze of its directions, Transpose back; Keras's zero states are Expand or Fill of a constant by
the input's Shape.
"""

import numpy as np
from onnx import TensorProto

import refusals
from cases import Writer, floats
from graph import Graph

LENGTHS = [7, 1, 12]


def _sequences(seed: int, shape: list, lengths=LENGTHS, **states) -> list[dict]:
    """x of the shape, None being time, and what initial states are given."""
    random = np.random.default_rng(seed)
    sequences = []
    for steps in lengths:
        x = floats(random, *(steps if size is None else size for size in shape))
        sequences.append({"x": x, **{name: floats(random, *size) for name, size in states.items()}})
    return sequences


def _graph(seed: int, opset: int = 14) -> Graph:
    return Graph(np.random.default_rng(seed), opset)


# --- The paper's GRU ---


def paper_gru() -> tuple:
    """arXiv 2511.15626: r multiplies h before the matrix (linear_before_reset 0), and z gates the new state: ONNX's z is
    1 - z, so that its weights and biases change their sign. Written by the paper's equations at every step."""
    random, size, hidden = np.random.default_rng(30), 6, 20
    w, u = floats(random, 3, hidden, size), floats(random, 3, hidden, hidden, scale=0.4)  # z r h
    b = floats(random, 3, hidden)
    sign = np.array([-1, 1, 1], np.float32)
    g = Graph(opset=14)
    x = g.input("x", ["steps", 1, size])
    bias = np.concatenate([(sign[:, None] * b).reshape(1, -1), np.zeros((1, 3 * hidden), np.float32)], 1)
    weights = [g.constant((sign[:, None, None] * m).reshape(1, 3 * hidden, -1)) for m in (w, u)]
    y, _ = g.node("GRU", x, *weights, g.constant(bias), name="paper", outputs=2, hidden_size=hidden)
    g.add("Squeeze", [y, g.ints(1)], ["h"], "squeeze")
    sequences, expected = _sequences(31, [None, 1, size]), []

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    for inputs in sequences:
        h, rows = np.zeros(hidden), []
        for x_t in inputs["x"][:, 0].astype(np.float64):
            z = sigmoid(w[0] @ x_t + u[0] @ h + b[0])
            r = sigmoid(w[1] @ x_t + u[1] @ h + b[1])
            n = np.tanh(w[2] @ x_t + u[2] @ (r * h) + b[2])
            h = (1 - z) * h + z * n
            rows.append(h)
        expected.append({"h": np.array(rows)[:, None]})
    return g.model("h"), sequences, expected


# --- Keras by tf2onnx ---


def keras(op: str, opset: int, sequences: bool, reset_after: int, batch, steps, zero: str) -> Graph:
    """model/<layer>/PartitionedCall of tf2onnx, with the zero states that `zero` says: expand, fill or constant."""
    g, size, hidden = _graph(40 + opset, opset), 5, 6
    x = g.input("x", [batch, steps, size])
    prefix = f"model/{op.lower()}/PartitionedCall"
    names = []
    shape = g.node("Shape", x, name=f"{prefix}/Shape")
    cast = g.node("Cast", shape, name=f"{prefix}/Shape__1", to=TensorProto.INT32)
    first = g.node("Slice", g.node("Cast", cast, to=TensorProto.INT64), g.ints(0), g.ints(1), g.ints(0))
    for i in range(2 if op == "LSTM" else 1):
        dims = g.node("Concat", first, g.ints(hidden), axis=0, name=f"{prefix}/zeros{i}/packed_Concat__{i}")
        if zero == "fill":
            start = g.node("ConstantOfShape", dims, name=f"{prefix}/zeros{i}")
        elif zero == "expand":
            start = g.node("Expand", g.constant(np.zeros((1, 1), np.float32)), dims, name=f"{prefix}/zeros{i}")
        else:
            start = g.constant(np.zeros((1, hidden), np.float32))
        names.append(g.squeeze(start, 0, op="Unsqueeze", name=f"{prefix}/{op.lower()}/initial{i}"))
    major = g.node("Transpose", x, name=f"{prefix}/transpose", perm=[1, 0, 2])
    attributes = {"linear_before_reset": reset_after} if op == "GRU" else {}
    results = g.layer(op, major, size, hidden, "", *names, name=f"{prefix}/{op.lower()}", **attributes)
    if sequences:
        flat = g.squeeze(results[0], 1, name=f"{prefix}/{op.lower()}__squeeze")
        y = g.node("Transpose", flat, name=f"{prefix}/transpose_1", perm=[1, 0, 2])
        product = g.node("MatMul", y, g.floats(hidden, 3), name="model/dense/Tensordot/MatMul")
        g.add("Add", [product, g.floats(3)], ["dense"], "model/dense/BiasAdd")
    else:
        last = g.squeeze(results[1], 0, name=f"{prefix}/{op.lower()}__last")
        product = g.node("MatMul", last, g.floats(hidden, 3), name="model/dense/MatMul")
        logits = g.node("Add", product, g.floats(3), name="model/dense/BiasAdd")
        g.add("Softmax", [logits], ["dense"], "model/dense/Softmax", axis=1 if opset < 13 else -1)
    return g


def keras_cases(writer: Writer) -> None:
    for op, opset, sequences, after, batch, steps, zero in (
        ("GRU", 13, True, 1, "unk__7", "unk__8", "expand"),
        ("GRU", 13, True, 0, "unk__7", "unk__8", "fill"),
        ("GRU", 15, False, 1, "unk__7", 9, "expand"),
        ("GRU", 11, False, 0, 1, "unk__8", "constant"),
        ("LSTM", 12, True, 0, "unk__7", "unk__8", "fill"),
        ("LSTM", 9 + 1, False, 0, "unk__7", 9, "fill"),
        ("LSTM", 17, False, 0, "unk__7", "unk__8", "expand"),
        ("RNN", 13, True, 0, 1, 9, "constant"),
        ("RNN", 14, False, 0, "unk__7", "unk__8", "expand"),
    ):
        g = keras(op, opset, sequences, after, batch, steps, zero)
        kind = f"{op.lower()}{'_reset_after' if after else ''}_{'every' if sequences else 'last'}_{zero}"
        lengths = [9] if steps == 9 else LENGTHS
        writer.streams(f"keras_{kind}_opset{opset}", g.model("dense"), _sequences(41, [1, None, 5], lengths))
    g = tf1_dynamic_rnn()
    writer.streams("tf1_dynamic_rnn_sequence_lens_of_the_shape", g.model("y"), _sequences(42, [1, None, 4]))
    for merge in ("concat", "sum"):
        model = keras_bidirectional(merge).model("y")
        writer.whole(f"keras_bidirectional_{merge}", model, ["node 'backward/lstm' (LSTM)"], _sequences(43, [1, None, 4]))


def tf1_dynamic_rnn() -> Graph:
    """Sequence lengths of a batch are the input's own length, computed from its shape."""
    g = _graph(44, 13)
    x = g.input("x", ["batch", "steps", 4])
    major = g.node("Transpose", x, name="rnn/transpose", perm=[1, 0, 2])
    shape = g.node("Shape", major, name="rnn/Shape")
    steps, batch = (g.node("Slice", shape, g.ints(i), g.ints(i + 1), g.ints(0)) for i in (0, 1))
    lengths = g.node("Cast", g.node("Tile", steps, batch, name="rnn/lengths"), to=TensorProto.INT32)
    y, _ = g.layer("GRU", major, 4, 5, lengths, name="rnn/gru")
    g.add("Transpose", [g.squeeze(y, 1)], ["y"], "rnn/transpose_1", perm=[1, 0, 2])
    return g


def keras_bidirectional(merge: str) -> Graph:
    """Two layers: one forward, one of direction reverse."""
    g = _graph(45, 13)
    x = g.input("x", ["batch", "steps", 4])
    major = g.node("Transpose", x, perm=[1, 0, 2])
    forward, *_ = g.layer("LSTM", major, 4, 5, name="forward/lstm")
    backward, *_ = g.layer("LSTM", major, 4, 5, name="backward/lstm", direction="reverse")
    sides = [g.node("Transpose", g.squeeze(y, 1), perm=[1, 0, 2]) for y in (forward, backward)]
    if merge == "concat":
        g.add("Concat", sides, ["y"], "concat", axis=2)
    else:
        g.add("Add", sides, ["y"], "add")
    return g


# --- Around the layers ---


def branches() -> Graph:
    """A residual branch of dense layers beside a GRU, joined by Concat."""
    g = _graph(50)
    x = g.input("x", ["steps", 1, 6])
    y, _ = g.layer("GRU", x, 6, 5, name="gru", linear_before_reset=1)
    side = g.node("Relu", g.node("Add", g.node("MatMul", x, g.floats(6, 4)), g.floats(4)))
    joined = g.node("Concat", g.squeeze(y, 1), side, x, axis=2)
    flat = g.node("Reshape", joined, g.ints(-1, 15))
    g.add("Gemm", [flat, g.floats(3, 15), g.floats(3)], ["y"], "head", transB=1, alpha=0.5)
    return g


def two_branches() -> Graph:
    """Two inputs, a recurrent layer each; both go on into a third one and a gate."""
    g = _graph(51)
    a, b = g.input("x", ["steps", 1, 3]), g.input("z", ["steps", 1, 4])
    left, last = g.layer("GRU", a, 3, 5, name="left")
    right, *_ = g.layer("LSTM", b, 4, 5, name="right")
    sides = [g.squeeze(left, 1), g.squeeze(right, 1)]
    gate = g.node("Sigmoid", g.node("MatMul", sides[0], g.floats(5, 5)))
    mixed = g.node("Add", g.node("Mul", gate, sides[0]), g.node("Mul", g.node("Sub", g.constant(np.float32(1)), gate), sides[1]))
    top, *_ = g.layer("RNN", mixed, 5, 3, name="top")
    g.add("Tanh", [g.squeeze(top, 1)], ["y"], "tanh")
    g.add("Identity", [last], ["left_state"], "shown")
    return g


def dense_between(opset: int) -> Graph:
    """Dense, norm and activation before, between and behind two layers; features cut out of the input."""
    g = _graph(52 + opset, opset)
    x = g.input("x", ["steps", 1, 8])
    part = g.node("Slice", x, g.ints(1), g.ints(7), g.ints(2), g.ints(1))
    mean, spread = g.floats(6), g.constant(np.linspace(0.5, 2, 6).astype(np.float32))
    scaled = g.node("Div", g.node("Sub", part, mean), spread)
    first, *_ = g.layer("LSTM", scaled, 6, 7, name="first")
    flat = g.node("Reshape", g.squeeze(first, 1), g.ints(-1, 7))
    ones = [g.constant(np.linspace(low, 1.5, 7).astype(np.float32)) for low in (0.5, -1, -0.3, 0.2)]
    normal = g.node("BatchNormalization", flat, *ones)
    active = g.node("Clip", normal, g.constant(np.float32(-1)), g.constant(np.float32(0.9)))
    again = g.node("Reshape", g.node("Gemm", active, g.floats(7, 4), g.floats(4)), g.ints(-1, 1, 4))
    second, _ = g.layer("GRU", again, 4, 3, name="second")
    centred = g.squeeze(second, 1)
    if opset >= 17:
        centred = g.node("LayerNormalization", centred, g.floats(3), g.floats(3))
    g.add("Softmax", [centred], ["y"], "softmax", axis=2)
    return g


def assembled_weights() -> Graph:
    """W by Concat of Slices and Unsqueeze; R by MatMul of low rank and DequantizeLinear; B by Reshape, Add and Cast."""
    g, hidden, size = _graph(55, 13), 4, 3
    x = g.input("x", ["steps", 1, size])
    stored = g.floats(3 * hidden + 5, size + 1)
    gates = [
        g.node("Slice", stored, g.ints(at * hidden + at, 0), g.ints((at + 1) * hidden + at, size), g.ints(0, 1))
        for at in (1, 0, 2)
    ]
    w = g.squeeze(g.node("Concat", *gates, axis=0), 0, op="Unsqueeze")
    bytes_ = g.constant(g.random.integers(-90, 90, (3 * hidden, 2)).astype(np.int8))
    scale = g.constant(np.linspace(0.004, 0.01, 3 * hidden).astype(np.float32))
    zero = g.constant(np.arange(3 * hidden).astype(np.int8))
    tall = g.node("DequantizeLinear", bytes_, scale, zero, axis=0)
    r = g.squeeze(g.node("MatMul", tall, g.floats(2, hidden)), 0, op="Unsqueeze")
    half = g.node("Cast", g.constant(np.linspace(-1, 1, 6 * hidden).astype(np.float16)), to=TensorProto.FLOAT)
    b = g.node("Reshape", g.node("Add", half, g.floats(6 * hidden)), g.ints(1, -1))
    y, _ = g.node("GRU", x, w, r, b, name="gru", outputs=2, hidden_size=hidden)
    g.add("Squeeze", [y, g.ints(1)], ["y"], "squeeze")
    return g


def stacked_states() -> Graph:
    """One input gives the states of two layers; their last states come out as one tensor."""
    g = _graph(56)
    x, h = g.input("x", ["steps", 1, 3]), g.input("h", [2, 1, 4])
    first, second = g.node("Split", h, outputs=2, axis=0)
    low, low_last = g.layer("GRU", x, 3, 4, "", first, name="low", linear_before_reset=1)
    high, high_last = g.layer("GRU", g.squeeze(low, 1), 4, 4, "", second, name="high")
    g.add("Squeeze", [high, g.ints(1)], ["y"], "squeeze")
    g.add("Concat", [low_last, high_last], ["last"], "concat", axis=0)
    return g


# --- Over the whole sequence ---


def pooled(kind: str) -> Graph:
    g = _graph(60)
    x = g.input("x", ["steps", 1, 4])
    y, *_ = g.layer("GRU", x, 4, 5, name="gru")
    y = g.squeeze(y, 1)
    if kind == "attention":
        scores = g.node("MatMul", g.node("Tanh", g.node("MatMul", y, g.floats(5, 5))), g.floats(5, 1), name="scores")
        weights = g.node("Softmax", scores, name="over_time", axis=0)
        value = g.node("ReduceSum", g.node("Mul", weights, y), g.ints(0), name="weighted", keepdims=0)
    else:
        given = {"axes": [0]} if kind != "Sum" else {}  # an input since opset 13
        value = g.node(f"Reduce{kind}", y, *([] if given else [g.ints(0)]), name="over_time", keepdims=0, **given)
    g.add("Gemm", [value, g.floats(5, 2), g.floats(2)], ["y"], "head")
    return g


def mixed_with_last() -> Graph:
    """Each step beside the state after the last one."""
    g = _graph(63)
    y, last = g.layer("GRU", g.input("x", ["steps", 1, 4]), 4, 3, name="gru")
    g.add("Add", [g.squeeze(y, 1), last], ["y"], "mixed")
    return g


def pooled_twice() -> Graph:
    """Keras: GlobalAveragePooling1D and GlobalMaxPooling1D of a bidirectional layer, beside its own last state."""
    g = _graph(61, 13)
    x = g.input("x", ["batch", "steps", 4])
    y, last = g.layer("GRU", g.node("Transpose", x, perm=[1, 0, 2]), 4, 3, name="both", direction="bidirectional")
    flat = g.node("Reshape", g.node("Transpose", y, perm=[2, 0, 1, 3]), g.ints(1, -1, 6))
    mean = g.node("ReduceMean", flat, name="average", axes=[1], keepdims=0)
    highest = g.node("ReduceMax", flat, name="highest", axes=[1], keepdims=0)
    end = g.node("Reshape", g.node("Transpose", last, perm=[1, 0, 2]), g.ints(1, -1))
    g.add("Concat", [mean, highest, end], ["y"], "concat", axis=1)
    return g


def normalized_over_time() -> Graph:
    """Each step beside the mean of all: the reduction goes on into every step, and into a layer."""
    g = _graph(62)
    x = g.input("x", ["steps", 1, 4])
    centred = g.node("Sub", x, g.node("ReduceMean", x, name="over_time", axes=[0], keepdims=1))
    y, _ = g.layer("GRU", centred, 4, 3, name="gru")
    g.add("Squeeze", [y, g.ints(1)], ["y"], "squeeze")
    return g


def add_cases(writer: Writer, full: bool) -> None:
    writer.streams("paper_gru", *paper_gru())
    keras_cases(writer)
    writer.streams("branches", branches().model("y"), _sequences(70, [None, 1, 6]))
    pairs = [{**given, "z": np.flip(given["x"], 0).repeat(2, 2)[:, :, :4]} for given in _sequences(71, [None, 1, 3])]
    writer.streams("two_recurrent_branches", two_branches().model("y", "left_state"), pairs)
    for opset in (11, 14, 17):
        model = dense_between(opset).model("y")
        writer.streams(f"dense_between_opset{opset}", model, _sequences(72, [None, 1, 8]))
    writer.streams("assembled_weights", assembled_weights().model("y"), _sequences(73, [None, 1, 3]))
    model = stacked_states().model("y", "last")
    writer.streams("stacked_states", model, _sequences(74, [None, 1, 3], h=(2, 1, 4)))
    for kind in ("Mean", "Max", "Min", "Sum", "attention"):
        over_time = "Softmax" if kind == "attention" else f"Reduce{kind}"
        model = pooled(kind).model("y")
        writer.whole(f"pooled_{kind.lower()}", model, [f"node 'over_time' ({over_time})"], _sequences(75, [None, 1, 4]))
    why = ["node 'both' (GRU)"]
    writer.whole("pooled_bidirectional", pooled_twice().model("y"), why, _sequences(76, [1, None, 4]))
    why = ["node 'over_time' (ReduceMean)"]
    writer.whole("centred_over_time", normalized_over_time().model("y"), why, _sequences(77, [None, 1, 4]))
    why = ["node 'mixed' (Add)"]
    writer.whole("mixed_with_last", mixed_with_last().model("y"), why, _sequences(78, [None, 1, 4]))
    refusals.add_cases(writer)
