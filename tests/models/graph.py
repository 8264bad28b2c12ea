"""A graph under construction. Values are named by what adds them; nodes are named by the case."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper, shape_inference

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}


class Graph:
    def __init__(self, random=None, opset: int = 14) -> None:
        self.random, self.opset = random, opset
        self.nodes, self.constants, self.inputs = [], [], []

    def input(self, name: str, shape: list, kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def constant(self, array, name: str | None = None) -> str:
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def floats(self, *shape: int, scale: float = 0.5) -> str:
        return self.constant((scale * self.random.uniform(-1, 1, shape)).astype(np.float32))

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def node(self, op: str, *inputs: str, name: str | None = None, outputs: int = 1, **attributes):
        name = name or f"{op}_{len(self.nodes)}"
        names = [name + (f":{i}" if i else "") for i in range(outputs)]
        return self.add(op, inputs, names, name, **attributes)

    def add(self, op: str, inputs, outputs: list[str], name: str, domain: str | None = None, **attributes):
        self.nodes.append(helper.make_node(op, inputs, outputs, name=name, domain=domain, **attributes))
        return outputs[0] if len(outputs) == 1 else outputs

    def squeeze(self, value: str, *axes: int, op: str = "Squeeze", name: str | None = None) -> str:
        """Or Unsqueeze: the axes are an attribute before opset 13."""
        if self.opset < 13:
            return self.node(op, value, name=name, axes=list(axes))
        return self.node(op, value, self.ints(*axes), name=name)

    def layer(self, op: str, x: str, size: int, hidden: int, *rest: str, name: str | None = None, **attributes):
        """Y, Y_h and, of an LSTM, Y_c. `rest` are sequence_lens and what follows."""
        directions = 2 if attributes.get("direction") == "bidirectional" else 1
        rows = GATES[op] * hidden
        weights = [self.floats(directions, rows, size), self.floats(directions, rows, hidden)]
        weights.append(self.floats(directions, 2 * rows))
        count = 3 if op == "LSTM" else 2
        return self.node(op, x, *weights, *rest, name=name, outputs=count, hidden_size=hidden, **attributes)

    def model(self, *outputs: str):
        infos = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None) for output in outputs]
        graph = helper.make_graph(self.nodes, "graph", self.inputs, infos, self.constants)
        domains = {node.domain for node in self.nodes} - {""}
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(domain, 1) for domain in sorted(domains))]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        inferred = shape_inference.infer_shapes(model).graph.output
        for output, full in zip(model.graph.output, inferred):
            output.CopyFrom(full)
        return model
