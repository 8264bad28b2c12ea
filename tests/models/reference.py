"""ONNX graphs evaluated in double precision by plain numpy, from the operators' definitions: the oracle of graphs that
no framework wrote, and a second opinion on those that one did. Shares nothing with the importer.

Source: github.com/onnx/onnx, docs/Operators.md and docs/Changelog.md.
"""

import math

import numpy as np
from onnx import helper, mapping, numpy_helper

import recurrent_reference

_LIMIT = 2**62


def _axes(attributes, inputs, at):
    if len(inputs) > at and inputs[at] is not None:
        return tuple(int(axis) for axis in inputs[at])
    return tuple(attributes["axes"]) if "axes" in attributes else None


def _reduce(function):
    def run(attributes, inputs, _):
        keep = bool(attributes.get("keepdims", 1))
        return function(inputs[0], axis=_axes(attributes, inputs, 1), keepdims=keep)

    return run


def _unsqueeze(attributes, inputs, _):
    axes = _axes(attributes, inputs, 1)
    return np.expand_dims(inputs[0], axes)


def _squeeze(attributes, inputs, _):
    return np.squeeze(inputs[0], _axes(attributes, inputs, 1))


def _slice(attributes, inputs, _):
    data, rest = inputs[0], [None if value is None else value.tolist() for value in inputs[1:]]
    starts, ends = rest[:2] if rest else (attributes["starts"], attributes["ends"])
    axes = rest[2] if len(rest) > 2 and rest[2] is not None else attributes.get("axes", range(len(starts)))
    steps = rest[3] if len(rest) > 3 else [1] * len(starts)
    index = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps):
        index[axis] = slice(start, None if step < 0 and end < -_LIMIT else end, step)
    return data[tuple(index)]


def _reshape(attributes, inputs, _):
    shape = inputs[1].tolist() if len(inputs) > 1 else attributes["shape"]
    return inputs[0].reshape([inputs[0].shape[i] if size == 0 else size for i, size in enumerate(shape)])


def _flatten(attributes, inputs, _):
    shape, axis = inputs[0].shape, attributes.get("axis", 1)
    return inputs[0].reshape(math.prod(shape[:axis]), math.prod(shape[axis:]))


def _split(attributes, inputs, count):
    axis = attributes.get("axis", 0)
    sizes = inputs[1].tolist() if len(inputs) > 1 else attributes.get("split", None)
    sizes = sizes or [inputs[0].shape[axis] // count] * count
    return tuple(np.split(inputs[0], np.cumsum(sizes)[:-1], axis))


def _softmax(attributes, inputs, _):
    axis = attributes.get("axis", -1)
    powers = np.exp(inputs[0] - inputs[0].max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def _gemm(attributes, inputs, _):
    a = inputs[0].T if attributes.get("transA") else inputs[0]
    b = inputs[1].T if attributes.get("transB") else inputs[1]
    product = attributes.get("alpha", 1.0) * (a @ b)
    return product + attributes.get("beta", 1.0) * inputs[2] if len(inputs) > 2 else product


def _batch_norm(attributes, inputs, _):
    x, *parameters = inputs
    scale, bias, mean, variance = (p.reshape([1, -1] + [1] * (x.ndim - 2)) for p in parameters)
    return scale * (x - mean) / np.sqrt(variance + attributes.get("epsilon", 1e-5)) + bias


def _layer_norm(attributes, inputs, _):
    axes = tuple(range(attributes.get("axis", -1) % inputs[0].ndim, inputs[0].ndim))
    centred = inputs[0] - inputs[0].mean(axes, keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(axes, keepdims=True) + attributes.get("epsilon", 1e-5))
    return normal * inputs[1] + (inputs[2] if len(inputs) > 2 else 0)


def _dequantize(attributes, inputs, _):
    x, scale, zero = inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else np.zeros_like(inputs[1])
    if scale.ndim == 1:
        shape = [1] * x.ndim
        shape[attributes.get("axis", 1)] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return (x.astype(np.float64) - zero.astype(np.float64)) * scale


def _constant_of_shape(attributes, inputs, _):
    value = numpy_helper.to_array(attributes["value"]) if "value" in attributes else np.zeros(1, np.float64)
    return np.full([int(size) for size in inputs[0]], _widened(value)[0])


def _cast(attributes, inputs, _):
    kind = mapping.TENSOR_TYPE_TO_NP_TYPE[attributes["to"]]
    return inputs[0].astype(np.float64 if np.issubdtype(kind, np.floating) else kind)


def _expand(_, inputs, __):
    return inputs[0] * np.ones([int(size) for size in inputs[1]], inputs[0].dtype)


def _clip(attributes, inputs, _):
    low = inputs[1] if len(inputs) > 1 else attributes.get("min", -np.inf)
    return np.clip(inputs[0], low, inputs[2] if len(inputs) > 2 else attributes.get("max", np.inf))


def _plain(function):
    return lambda attributes, inputs, _: function(*inputs)


OPERATORS = {
    "Add": _plain(np.add), "Sub": _plain(np.subtract), "Mul": _plain(np.multiply), "Pow": _plain(np.power),
    "Div": _plain(lambda a, b: a // b if np.issubdtype(a.dtype, np.integer) else a / b),
    "MatMul": _plain(np.matmul), "Sqrt": _plain(np.sqrt), "Exp": _plain(np.exp), "Neg": _plain(np.negative),
    "Max": _plain(np.maximum), "Min": _plain(np.minimum), "Tanh": _plain(np.tanh), "Identity": _plain(lambda a: a),
    "Relu": _plain(lambda a: np.maximum(a, 0)), "Sigmoid": _plain(lambda a: 1 / (1 + np.exp(-a))),
    "Erf": _plain(np.vectorize(math.erf, otypes=[np.float64])), "Dropout": lambda a, inputs, _: inputs[0],
    "Shape": _plain(lambda a: np.array(a.shape, np.int64)), "Clip": _clip, "Expand": _expand, "Cast": _cast,
    "Equal": _plain(np.equal), "Where": _plain(np.where), "Flatten": _flatten, "Softmax": _softmax, "Gemm": _gemm,
    "LeakyRelu": lambda at, inputs, _: np.where(inputs[0] < 0, at.get("alpha", 0.01) * inputs[0], inputs[0]),
    "Gather": lambda at, inputs, _: np.take(inputs[0], inputs[1], at.get("axis", 0)),
    "Concat": lambda at, inputs, _: np.concatenate(inputs, at["axis"]),
    "Transpose": lambda at, inputs, _: np.transpose(inputs[0], at.get("perm")),
    "Tile": _plain(lambda a, repeats: np.tile(a, repeats)), "Split": _split, "Slice": _slice, "Reshape": _reshape,
    "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "ConstantOfShape": _constant_of_shape,
    "BatchNormalization": _batch_norm, "LayerNormalization": _layer_norm, "DequantizeLinear": _dequantize,
    "ReduceMean": _reduce(np.mean), "ReduceSum": _reduce(np.sum), "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min), "LogSoftmax": lambda *args: np.log(_softmax(*args)),
    "ReduceProd": _reduce(np.prod),
}  # fmt: skip


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if np.issubdtype(array.dtype, np.floating) else array


def _constant(attributes):
    if "value" in attributes:
        return _widened(numpy_helper.to_array(attributes["value"]))
    if "value_floats" in attributes or "value_float" in attributes:
        return np.array(attributes.get("value_floats", attributes.get("value_float")), np.float64)
    return np.array(attributes.get("value_ints", attributes.get("value_int")), np.int64)


def evaluate(model, inputs: dict) -> tuple[dict, dict]:
    """The graph's outputs by name, and the final states of its recurrent layers: the node's name (that of its first output
    if it has none), .reverse for the second direction of two, .h or .c -> [hidden_size]. Inputs are those of one
    sequence, batch 1."""
    values = {"": None, **{name: np.asarray(value, np.float64) for name, value in inputs.items()}}
    values.update({tensor.name: _widened(numpy_helper.to_array(tensor)) for tensor in model.graph.initializer})
    states = {}
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        arguments = [values[name] for name in node.input]
        if node.op_type == "Constant":
            results = _constant(attributes)
        elif node.op_type in recurrent_reference.GATES:
            results = recurrent_reference.run(node.op_type, attributes, *arguments)
            for suffix, state in zip("hc", results[1:]):
                for direction, part in zip(("", ".reverse"), state.reshape(-1, attributes["hidden_size"])):
                    states[f"{node.name or node.output[0]}{direction}.{suffix}"] = part
        else:
            results = OPERATORS[node.op_type](attributes, arguments, len(node.output))
        values.update(zip(node.output, results if isinstance(results, tuple) else (results,)))
    return {output.name: np.asarray(values[output.name]) for output in model.graph.output}, states


