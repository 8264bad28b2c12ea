"""PyTorch models through torch.onnx.export: every cell with everything people put around it.

Expected values are PyTorch's own in double precision, on the weights and inputs that the file and the test have in
single precision. The exported graph is also evaluated by reference.py, which has to agree.
"""

import copy
import io
import warnings

import numpy as np
import onnx
import torch
from torch import nn

from cases import Writer, floats, pairwise

FACTORS = {
    "cell": ["gru", "lstm", "rnn_tanh", "rnn_relu"],
    "layers": [1, 2, 3],
    "direction": ["forward", "forward", "bidirectional"],
    "batch_first": [False, True],
    "bias": [True, False],
    "initial": ["none", "input", "parameter"],
    "time": ["dynamic", "static"],
    "batch": [1, "dynamic"],
    "scaled": [False, True],
    "body": ["none", "dense", "convolution_free"],
    "pick": ["every", "last_output", "last_state"],
    "head": ["none", "linear", "relu", "layer_norm", "batch_norm", "softmax", "sigmoid"],
    "states": ["hidden", "shown"],
    "opset": [7, 9, 11, 12, 13, 14, 15, 16, 17],
    "size": [(1, 1), (3, 5), (8, 16), (13, 7), (32, 32)],
}
LARGER = [(5, 64), (64, 33), (1, 256), (128, 1), (127, 129), (256, 256)]


class Network(nn.Module):
    def __init__(self, row: dict) -> None:
        super().__init__()
        self.row, (size, hidden) = row, row["size"]
        self.directions = 2 if row["direction"] == "bidirectional" else 1
        kind = {"gru": nn.GRU, "lstm": nn.LSTM}.get(row["cell"], nn.RNN)
        extra = {"nonlinearity": row["cell"][4:]} if kind is nn.RNN else {}
        body = []
        if row["body"] != "none":
            body = [nn.Linear(size, size + 1), nn.Tanh(), nn.Dropout(0.5)]
        if row["body"] == "convolution_free":
            body += [nn.Linear(size + 1, size + 1, bias=False), nn.LeakyReLU(0.1), nn.LayerNorm(size + 1)]
        self.body = nn.Sequential(*body)
        options = {"batch_first": row["batch_first"], "bias": row["bias"], "bidirectional": self.directions == 2}
        self.recurrent = kind(size + bool(body), hidden, row["layers"], **options, **extra)
        if row["cell"] == "rnn_relu":  # nothing else bounds its state
            with torch.no_grad():
                for name, weights in self.recurrent.named_parameters():
                    weights.mul_(0.6 if name.startswith("weight_hh") else 1)
        if row["scaled"]:
            self.register_buffer("mean", torch.linspace(-0.5, 0.5, size))
            self.register_buffer("deviation", torch.linspace(0.7, 1.9, size))
        if row["initial"] == "parameter":
            self.start = nn.ParameterList(
                [nn.Parameter(torch.rand(row["layers"] * self.directions, 1, hidden) - 0.5) for _ in range(2)]
            )
        width, head = hidden * self.directions, row["head"]
        self.linear = nn.Linear(width, 4) if head in ("linear", "relu", "softmax", "sigmoid") else None
        self.norm = nn.LayerNorm(width) if head == "layer_norm" else None
        self.batch_norm = nn.BatchNorm1d(width) if head == "batch_norm" else None
        if self.batch_norm is not None:
            for values in (self.batch_norm.running_mean, self.batch_norm.running_var):
                values.copy_(torch.rand(width) + 0.5)

    def forward(self, x, h=None, c=None):
        row = self.row
        if row["scaled"]:
            x = (x - self.mean) / self.deviation
        x = self.body(x)
        if row["initial"] == "parameter":
            h, c = self.start[0], self.start[1]
        state = None if h is None else (h, c) if row["cell"] == "lstm" else h
        y, last = self.recurrent(x, state)
        last = last if isinstance(last, tuple) else (last,)
        if row["pick"] == "last_output":
            y = y[:, -1] if row["batch_first"] else y[-1]
        elif row["pick"] == "last_state":
            y = torch.cat((last[0][-2], last[0][-1]), 1) if self.directions == 2 else last[0][-1]
        y = self.head(y)
        return (y, *last) if row["states"] == "shown" else y

    def head(self, y):
        if self.norm is not None:
            return self.norm(y)
        if self.batch_norm is not None:
            if y.dim() == 2:
                return self.batch_norm(y)
            if self.row["batch_first"]:
                return self.batch_norm(y.transpose(1, 2)).transpose(1, 2)
            return self.batch_norm(y.reshape(-1, y.shape[2])).reshape(y.shape)
        if self.linear is None:
            return y
        last = {"relu": torch.relu, "softmax": lambda v: torch.softmax(v, -1), "sigmoid": torch.sigmoid}
        return last.get(self.row["head"], lambda v: v)(self.linear(y))


def names_of(row: dict) -> tuple[list[str], list[str]]:
    states = ["h", "c"] if row["cell"] == "lstm" else ["h"]
    inputs = ["x", *states] if row["initial"] == "input" else ["x"]
    return inputs, ["y", *(f"last_{state}" for state in states)] if row["states"] == "shown" else ["y"]


def sequence_of(row: dict, random, steps: int) -> dict:
    (size, hidden), directions = row["size"], 2 if row["direction"] == "bidirectional" else 1
    shape = (1, steps, size) if row["batch_first"] else (steps, 1, size)
    state = (row["layers"] * directions, 1, hidden)
    return {name: floats(random, *(shape if name == "x" else state)) for name in names_of(row)[0]}


def export(network: Network, row: dict, inputs: dict) -> onnx.ModelProto:
    names, outputs = names_of(row)
    time, batch = (1, 0) if row["batch_first"] else (0, 1)
    axes = {name: {} for name in (*names, *outputs)}
    if row["time"] == "dynamic":
        axes["x"][time] = "steps"
    if row["batch"] == "dynamic":
        axes["x"][batch] = "batch"
        for name in names[1:]:
            axes[name][1] = "batch"
    if row["pick"] == "every":
        axes["y"] = axes["x"]
    file = io.BytesIO()
    arguments = tuple(torch.from_numpy(inputs[name]) for name in names)
    options = {"input_names": names, "output_names": outputs, "dynamic_axes": axes, "opset_version": row["opset"]}
    torch.onnx.export(network, arguments, file, **options)
    return onnx.load_from_string(file.getvalue())


def add_case(writer: Writer, name: str, row: dict, seed: int, steps: int) -> None:
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = Network(row).eval()
    lengths = [steps] if row["time"] == "static" else [steps, 1]
    sequences = [sequence_of(row, random, length) for length in lengths]
    model = export(network, row, sequences[0])
    exact, expected = copy.deepcopy(network).double(), []
    for inputs in sequences:
        with torch.no_grad():
            results = exact(*(torch.from_numpy(inputs[n]).double() for n in names_of(row)[0]))
        results = results if isinstance(results, tuple) else (results,)
        expected.append({n: result.numpy() for n, result in zip(names_of(row)[1], results)})
    if row["direction"] == "forward":
        writer.streams(name, model, sequences, expected)
        return
    first = next(node for node in model.graph.node if node.op_type in ("GRU", "LSTM", "RNN"))
    writer.whole(name, model, [f"node '{first.name}' ({first.op_type})"], sequences, expected)


def valid(row: dict) -> bool:
    # To opset 7 zero states are exported as an experimental operator that no opset has.
    return not (row["opset"] == 7 and row["initial"] == "none")


def add_cases(writer: Writer, full: bool) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = pairwise(FACTORS, 2, valid, 3 if full else 2)
    if full:
        rows += pairwise({**FACTORS, "size": LARGER}, 3, valid)
    for i, row in enumerate(rows):
        parts = [row["cell"], str(row["layers"]), "bi" if row["direction"] == "bidirectional" else "fwd"]
        name = "_".join(["torch", f"{i:03}", *parts, row["head"], row["pick"], f"opset{row['opset']}"])
        add_case(writer, name, row, 2000 + i, 24 if full else 7)
