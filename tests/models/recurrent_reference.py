"""GRU, LSTM and RNN in double precision, written from ONNX's equations: any direction, batch, layout, sequence lengths,
peepholes, coupled gates, clip and activations. Shares nothing with server/numeric.

Where the specification leaves it open, the clip bounds what the gates' activations see and not the cell state that
LSTM's third activation sees: as ONNX Runtime has it.
"""

import numpy as np

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
DEFAULTS = {"GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"], "RNN": ["Tanh"]}

# name -> (function of v, alpha, beta; default alpha; default beta); no default: it takes none.
_ACTIVATIONS = {
    "relu": (lambda v, a, b: np.maximum(v, 0), None, None),
    "tanh": (lambda v, a, b: np.tanh(v), None, None),
    "sigmoid": (lambda v, a, b: 1 / (1 + np.exp(-v)), None, None),
    "softsign": (lambda v, a, b: v / (1 + np.abs(v)), None, None),
    "softplus": (lambda v, a, b: np.log1p(np.exp(v)), None, None),
    "affine": (lambda v, a, b: a * v + b, 1.0, 0.0),
    "leakyrelu": (lambda v, a, b: np.where(v < 0, a * v, v), 0.01, None),
    "thresholdedrelu": (lambda v, a, b: np.where(v >= a, v, 0), 1.0, None),
    "scaledtanh": (lambda v, a, b: a * np.tanh(b * v), 1.0, 1.0),
    "hardsigmoid": (lambda v, a, b: np.clip(a * v + b, 0, 1), 0.2, 0.5),
    "elu": (lambda v, a, b: np.where(v < 0, a * np.expm1(v), v), 1.0, None),
}


def _activations(op, attributes, directions):
    """The functions of each direction; alphas and betas are used up in order by those functions that take them."""
    names = [n.decode() if isinstance(n, bytes) else n for n in attributes.get("activations", [])]
    names = names or DEFAULTS[op] * directions
    alphas, betas = list(attributes.get("activation_alpha", [])), list(attributes.get("activation_beta", []))
    functions = []
    for name in names:
        function, alpha, beta = _ACTIVATIONS[name.lower()]
        alpha = alphas.pop(0) if alpha is not None and alphas else alpha
        beta = betas.pop(0) if beta is not None and betas else beta
        functions.append(lambda v, function=function, alpha=alpha, beta=beta: function(v, alpha, beta))
    count = len(DEFAULTS[op])
    return [functions[i * count : (i + 1) * count] for i in range(directions)]


def _cell(op, attributes, functions, weights):
    """step(x, h, c) -> h, c for one direction; rows are the batch's."""
    w, r, wb, rb, peep = weights
    bound = attributes.get("clip", 0)
    clip = (lambda v: np.clip(v, -bound, bound)) if bound else (lambda v: v)
    wb, rb = np.split(wb, GATES[op]), np.split(rb, GATES[op])
    w, r = np.split(w, GATES[op]), np.split(r, GATES[op])

    def gate(i, x, h):
        return x @ w[i].T + h @ r[i].T + wb[i] + rb[i]

    def gru(x, h, c):
        f, g = functions
        z, reset = f(clip(gate(0, x, h))), f(clip(gate(1, x, h)))
        if attributes.get("linear_before_reset", 0):
            n = g(clip(x @ w[2].T + wb[2] + reset * (h @ r[2].T + rb[2])))
        else:
            n = g(clip(gate(2, x, reset * h)))
        return (1 - z) * n + z * h, c

    def lstm(x, h, c):
        f, g, out = functions
        i_peep, o_peep, f_peep = np.split(peep, 3)
        i = f(clip(gate(0, x, h) + i_peep * c))
        forget = 1 - i if attributes.get("input_forget", 0) else f(clip(gate(2, x, h) + f_peep * c))
        c = forget * c + i * g(clip(gate(3, x, h)))
        o = f(clip(gate(1, x, h) + o_peep * c))
        return o * out(c), c

    def rnn(x, h, c):
        return functions[0](clip(gate(0, x, h))), c

    return {"GRU": gru, "LSTM": lstm, "RNN": rnn}[op]


def run(op, attributes, x, w, r, b=None, lens=None, h0=None, c0=None, p=None):
    """Y, Y_h and, of an LSTM, Y_c. Shapes as in the operator's definition."""
    direction = attributes.get("direction", b"forward")
    direction = direction.decode() if isinstance(direction, bytes) else direction
    batch_first = bool(attributes.get("layout", 0))
    x = x.swapaxes(0, 1) if batch_first else x
    steps, batch, _ = x.shape
    directions, hidden = r.shape[0], r.shape[2]
    lens = np.full(batch, steps) if lens is None else lens.astype(int)
    b = np.zeros((directions, 2 * GATES[op] * hidden)) if b is None else b
    p = np.zeros((directions, 3 * hidden)) if p is None else p
    states = []
    for start in (h0, c0):
        given = np.zeros((batch, directions, hidden)) if start is None else start
        states.append(given.swapaxes(0, 1) if batch_first or start is None else given)
    y = np.zeros((steps, directions, batch, hidden))
    last = np.zeros((2, directions, batch, hidden))
    functions = _activations(op, attributes, directions)
    for d in range(directions):
        wb, rb = np.split(b[d], 2)
        step = _cell(op, attributes, functions[d], (w[d], r[d], wb, rb, p[d]))
        for entry in range(batch):  # each by itself, because each may end at a step of its own
            h, c = (state[d, entry : entry + 1] for state in states)
            order = range(lens[entry])
            for t in reversed(order) if direction == "reverse" or d == 1 else order:
                h, c = step(x[t, entry : entry + 1], h, c)
                y[t, d, entry] = h[0]
            last[0, d, entry], last[1, d, entry] = h[0], c[0]
    if batch_first:
        y, last = y.transpose(2, 0, 1, 3), last.transpose(0, 2, 1, 3)
    return (y, last[0], last[1]) if op == "LSTM" else (y, last[0])
