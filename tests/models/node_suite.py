"""Cases of one recurrent node each: ONNX's own node tests, made to be served, and those that its suite lacks.

ONNX's tests hand over weights as inputs and batches of 2 or 3. Here weights are initializers, the batch is 1, and each
entry of a batch is a sequence of its own. Expected values of ONNX's cases are those of its test code (python3-onnx,
Apache-2.0); of all others those of recurrent_reference.py.
"""

import importlib

import numpy as np
import onnx.backend.test.case.node as onnx_cases
from onnx import TensorProto, helper, numpy_helper

from cases import Writer, floats, pairwise

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
INPUTS = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]


def onnx_node_tests() -> list:
    np.random.seed(0)  # the cases draw from numpy's own generator when they are imported
    for op, module in (("GRU", "gru"), ("LSTM", "lstm"), ("RNN", "rnn")):
        onnx_cases._TargetOpType = op
        importlib.import_module(f"{onnx_cases.__name__}.{module}")
    return onnx_cases._NodeTestCases


def node_model(node, arrays: dict, opset: int, given: list[str], dynamic: bool, outputs: dict):
    """X and what is `given` are graph inputs; the rest are initializers. Outputs: name -> shape."""
    batch_first = any(a.name == "layout" and a.i for a in node.attribute)
    inputs, initializers = [], []
    for name in node.input:
        if name == "X" or name in given:
            shape = list(arrays[name].shape)
            if name == "X" and dynamic:
                shape[1 if batch_first else 0] = "steps"
            kind = TensorProto.INT32 if name == "sequence_lens" else TensorProto.FLOAT
            inputs.append(helper.make_tensor_value_info(name, kind, shape))
        elif name:
            initializers.append(numpy_helper.from_array(arrays[name], name))
    infos = []
    for name, shape in outputs.items():
        if name == "Y" and dynamic:
            shape = [*shape]
            shape[1 if batch_first else 0] = "steps"
        infos.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    graph = helper.make_graph([node], "node", inputs, infos, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def of_entry(name: str, array, entry: int, batch_first: bool):
    """One entry of a batch, the batch axis kept."""
    if name in ("W", "R", "B", "P"):
        return array
    axis = 0 if batch_first or name == "sequence_lens" else {"Y": 2}.get(name, 1)
    return np.take(array, [entry], axis)


def add_onnx_case(writer: Writer, test, opset: int) -> None:
    node = type(test.model.graph.node[0])()
    node.CopyFrom(test.model.graph.node[0])
    node.name = node.op_type.lower()
    batch_first = any(a.name == "layout" for a in node.attribute)
    inputs = dict(zip((n for n in node.input if n), test.data_sets[0][0]))
    outputs = dict(zip((n for n in node.output if n), test.data_sets[0][1]))
    batch = inputs["X"].shape[0 if batch_first else 1]
    entries = [
        (
            {name: of_entry(name, array, i, batch_first) for name, array in inputs.items()},
            {name: of_entry(name, array, i, batch_first) for name, array in outputs.items()},
        )
        for i in range(batch)
    ]
    variants = [(False, False), (False, True)] if "sequence_lens" not in inputs else [(False, False)]
    if "initial_h" in inputs:
        variants.append((True, False))
    for state_inputs, dynamic in variants:
        served = entries if state_inputs or "initial_h" not in inputs else entries[:1]
        shapes = {name: array.shape for name, array in entries[0][1].items()}
        given = [name for name in inputs if name.startswith("initial") and state_inputs]
        model = node_model(node, entries[0][0], opset, given, dynamic, shapes)
        sequences = [{port.name: arrays[port.name] for port in model.graph.input} for arrays, _ in served]
        kind = "dynamic" if dynamic else "state_input" if state_inputs else "static"
        writer.streams(
            f"onnx_{test.name[5:]}_{kind}_opset{opset}", model, sequences, [expected for _, expected in served]
        )


FACTORS = {
    "op": ["GRU", "LSTM", "RNN"],
    "direction": ["forward", "reverse", "bidirectional"],
    "layout": [0, 1],
    "initial": ["none", "constant", "input"],
    "lens": ["none", "whole", "input"],
    "clip": [0, 0.3],
    "activations": ["default", "plain", "scaled"],
    "form": [0, 1],  # linear_before_reset; input_forget
    "bias": [True, False],
    "peepholes": [False, True],
    "outputs": ["Y", "last", "all"],
    "size": [(1, 1), (3, 5), (8, 4)],
    "opset": list(range(7, 18)),
}
PLAIN = {"GRU": ["HardSigmoid", "LeakyRelu"], "LSTM": ["sigmoid", "Softsign", "Relu"], "RNN": ["Softplus"]}
SCALED = {  # activations, alphas, betas
    "GRU": (["HardSigmoid", "Elu"], [0.3, 0.6], [0.4]),
    "LSTM": (["HardSigmoid", "ScaledTanh", "Affine"], [0.3, 1.2, 0.7], [0.4, 0.8, 0.1]),
    "RNN": (["ThresholdedRelu"], [0.05], []),
}


def valid(row: dict) -> bool:
    return (
        not (row["layout"] and row["opset"] < 14)
        and not (row["peepholes"] and row["op"] != "LSTM")
        and not (row["form"] and row["op"] == "RNN")
    )


def attributes_of(row: dict) -> dict:
    directions = 2 if row["direction"] == "bidirectional" else 1
    attributes = {"hidden_size": row["size"][1]}
    if row["direction"] != "forward":
        attributes["direction"] = row["direction"]
    if row["layout"]:
        attributes["layout"] = 1
    if row["clip"]:
        attributes["clip"] = row["clip"]
    if row["form"]:
        attributes["linear_before_reset" if row["op"] == "GRU" else "input_forget"] = 1
    if row["activations"] == "plain":
        attributes["activations"] = PLAIN[row["op"]] * directions
    if row["activations"] == "scaled":
        names, alphas, betas = SCALED[row["op"]]
        attributes.update(activations=names * directions, activation_alpha=alphas * directions)
        if betas:
            attributes["activation_beta"] = betas * directions
    return attributes


def add_own_case(writer: Writer, name: str, row: dict, seed: int) -> None:
    random = np.random.default_rng(seed)
    (size, hidden), op = row["size"], row["op"]
    directions = 2 if row["direction"] == "bidirectional" else 1
    rows = GATES[op] * hidden
    steps = [6] if row["lens"] == "whole" else [6, 1, 11]
    state_shape = (1, directions, hidden) if row["layout"] else (directions, 1, hidden)

    def states():
        wanted = row["initial"] != "none"
        return {"initial_h": floats(random, *state_shape), "initial_c": floats(random, *state_shape)} if wanted else {}

    def x(count):
        return floats(random, *((1, count, size) if row["layout"] else (count, 1, size)))

    arrays = {"X": x(steps[0]), "W": floats(random, directions, rows, size), **states()}
    # An RNN's activation may have no bound: its state must not grow.
    arrays["R"] = floats(random, directions, rows, hidden, scale=1 / hidden if op == "RNN" else 1)
    if row["bias"]:
        arrays["B"] = floats(random, directions, 2 * rows)
    if row["lens"] != "none":
        arrays["sequence_lens"] = np.array(steps[:1], np.int32)
    if row["peepholes"]:
        arrays["P"] = floats(random, directions, 3 * hidden)
    if op != "LSTM":
        arrays.pop("initial_c", None)
    names = [each if each in arrays else "" for each in INPUTS]
    while not names[-1]:
        names.pop()
    wanted = {"Y": ["Y"], "last": ["", "Y_h"], "all": ["Y", "Y_h"]}[row["outputs"]]
    if op == "LSTM" and row["outputs"] != "Y":
        wanted = [*wanted, "Y_c"]
    node = helper.make_node(op, names, wanted, name=f"the_{op.lower()}", **attributes_of(row))
    y_shape = (1, steps[0], directions, hidden) if row["layout"] else (steps[0], directions, 1, hidden)
    shapes = {each: y_shape if each == "Y" else state_shape for each in wanted if each}
    given = [each for each in arrays if each.startswith("initial") and row["initial"] == "input"]
    given += ["sequence_lens"] if row["lens"] == "input" else []
    model = node_model(node, arrays, row["opset"], given, row["lens"] != "whole", shapes)
    ports = [port.name for port in model.graph.input]
    sequences = []
    for count in steps:
        given = {"X": x(count), "sequence_lens": np.array([count], np.int32), **states()}
        sequences.append({port: given[port] for port in ports})
    if row["direction"] == "forward":
        writer.streams(name, model, sequences)
    else:
        writer.whole(name, model, [f"node 'the_{op.lower()}' ({op})"], sequences)


def add_cases(writer: Writer, full: bool) -> None:
    for i, test in enumerate(onnx_node_tests()):
        first = 14 if "batchwise" in test.name else 7
        opsets = range(first, 18)
        for opset in opsets if full else [opsets[i % len(opsets)]]:
            add_onnx_case(writer, test, opset)
    for i, row in enumerate(pairwise(FACTORS, 1, valid, 3 if full else 2)):
        add_own_case(writer, f"node_{i:03}_{row['op'].lower()}_{row['direction']}_opset{row['opset']}", row, 1000 + i)
