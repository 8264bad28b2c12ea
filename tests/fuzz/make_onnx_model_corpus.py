#!/usr/bin/env python3
"""Writes the seeds of corpus/onnx_model: one small recurrent layer of each kind, and a graph around one.

usage: make_onnx_model_corpus.py      needs protoc and onnx.proto, both of the packages that the build needs
"""
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpus" / "onnx_model"
PROTO = "/usr/include/onnx/onnx.proto"


def tensor(name, *dims):
    count = 1
    for d in dims:
        count *= d
    floats = " ".join(f"float_data: {0.1 * (i % 7) - 0.3:.1f}" for i in range(count))
    return f'initializer {{ name: "{name}" data_type: 1 {" ".join(f"dims: {d}" for d in dims)} {floats} }}'


def value(kind, name, *dims):
    shape = " ".join(f'dim {{ dim_param: "{d}" }}' if isinstance(d, str) else f"dim {{ dim_value: {d} }}" for d in dims)
    return f'{kind} {{ name: "{name}" type {{ tensor_type {{ elem_type: 1 shape {{ {shape} }} }} }} }}'


def recurrent(op, gates, extra=""):
    """T x 1 x 2 -> T x 1 x 1 x 3 by one layer of three units."""
    return f"""ir_version: 7 opset_import {{ version: 14 }} graph {{ name: "g"
      node {{ op_type: "{op}" name: "layer" input: "x" input: "W" input: "R" input: "B" output: "y"
             attribute {{ name: "hidden_size" type: INT i: 3 }} {extra} }}
      {tensor("W", 1, gates * 3, 2)} {tensor("R", 1, gates * 3, 3)} {tensor("B", 1, 2 * gates * 3)}
      {value("input", "x", "time", 1, 2)} {value("output", "y", "time", 1, 1, 3)} }}"""


def with_head():
    return f"""ir_version: 7 opset_import {{ version: 14 }} graph {{ name: "g"
      node {{ op_type: "GRU" name: "layer" input: "x" input: "W" input: "R" output: "y" output: "h"
             attribute {{ name: "hidden_size" type: INT i: 3 }}
             attribute {{ name: "linear_before_reset" type: INT i: 1 }} }}
      node {{ op_type: "Squeeze" name: "squeeze" input: "y" input: "one" output: "s" }}
      node {{ op_type: "MatMul" name: "head" input: "s" input: "M" output: "m" }}
      node {{ op_type: "Softmax" name: "softmax" input: "m" output: "p" attribute {{ name: "axis" type: INT i: -1 }} }}
      initializer {{ name: "one" data_type: 7 dims: 1 int64_data: 1 }}
      {tensor("W", 1, 9, 2)} {tensor("R", 1, 9, 3)} {tensor("M", 3, 2)}
      {value("input", "x", "time", 1, 2)} {value("output", "p", "time", 1, 2)} {value("output", "h", 1, 1, 3)} }}"""


SEEDS = {
    "gru": recurrent("GRU", 3),
    "gru_linear_before_reset": recurrent("GRU", 3, 'attribute { name: "linear_before_reset" type: INT i: 1 }'),
    "lstm": recurrent("LSTM", 4),
    "rnn_relu": recurrent("RNN", 1, 'attribute { name: "activations" type: STRINGS strings: "Relu" }'),
    "gru_reverse": recurrent("GRU", 3, 'attribute { name: "direction" type: STRING s: "reverse" }'),
    "gru_with_head": with_head(),
}

FOLDER.mkdir(exist_ok=True)
for name, text in SEEDS.items():
    run = subprocess.run(["protoc", f"-I{Path(PROTO).parent}", "--encode=onnx.ModelProto", PROTO], input=text.encode(),
                         stdout=subprocess.PIPE, check=True)
    (FOLDER / name).write_bytes(run.stdout)
