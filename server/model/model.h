#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/numeric/ops.h"

namespace recurd {

// A model is a flat per-step program: operators in the order they run, over one preallocated frame of floats.
// A Span names a piece of that frame. Everything here is immutable once loaded and shared by all threads.
struct Span {
  int offset = 0;
  int size = 0;
};

// out = matrix * in + bias, for each row of in.
// Shapes: in [n][matrix.cols]; out [n][matrix.rows]; bias [matrix.rows], or empty for none.
struct DenseOp {
  Span in, out;
  Matrix matrix;
  std::vector<float> bias;
};
// An operand is a span of the frame; constants live in the frame too (see Model::constants).
// Either operand may have size 1 and is then broadcast.
struct BinaryOp {
  BinaryKind kind;
  Span a, b, out;
};
struct UnaryOp {
  Activation function;
  Span in, out;
};
// Reduces each run of `in.size / out.size` adjacent values to one.
struct ReduceOp {
  ReduceKind kind;
  Span in, out;
};
// out[i] = in[i / repeat]: undoes a ReduceOp's shape before the next elementwise operator.
struct RepeatOp {
  Span in, out;
};
// Copies in -> out, same size. Concat and Slice are made of these.
struct CopyOp {
  Span in, out;
};

// One recurrent layer. Gate order, equations and attribute meanings are ONNX's:
//   GRU [z r h], LSTM [i o f c], RNN [i]; z keeps the old state.
// Shapes (G gates, H hidden, I input): input_weights [G*H][I], recurrent_weights [G*H][H], input_bias and
// recurrent_bias [G*H], peepholes [3*H] in order i o f (LSTM) or empty.
// State: h in state[state_offset .. +H), for an LSTM c in the H floats after it. out receives h after the step.
struct RecurrentOp {
  CellKind cell;
  bool linear_before_reset = false;
  bool input_forget = false;
  float clip = 0;                       // 0: none. Pre-activations are clipped to [-clip, clip].
  std::vector<Activation> activations;  // GRU {f, g}; LSTM {f, g, h}; RNN {f}
  Span in, out;
  int state_offset = 0;
  Matrix input_weights, recurrent_weights;
  std::vector<float> input_bias, recurrent_bias, peepholes;
  std::string name;  // the graph's node, for messages
};

// Copies a piece of the state into the frame, as it stands at this place in the program: behind its layer's RecurrentOp
// it is the step's new state. Serves the cell state of an LSTM where the graph uses it (Y_c).
struct StateReadOp {
  int state_offset = 0;
  Span out;
};

// A sum (kAdd), minimum or maximum over the steps so far: state = state op in; out = state. Its state is in.size floats
// from state_offset on, and starts at 0, or at the largest or lowest finite float.
struct AccumulateOp {
  BinaryKind kind;
  Span in, out;
  int state_offset = 0;
};

using Op = std::variant<DenseOp, BinaryOp, UnaryOp, ReduceOp, RepeatOp, CopyOp, RecurrentOp, StateReadOp, AccumulateOp>;

// A graph input or output that clients see. The features of all inputs stand one behind the other in a step's input
// row; those of all outputs in its output row.
struct TensorSpec {
  std::string name;
  Span row;                    // where in the step's input (output) row: row-major, the time axis left out
  std::vector<int64_t> shape;  // as in the file; -1 for the time axis, dynamic batch shown as 1
  bool has_time_axis = true;   // an output without one is its value after the request's last step
  Span frame;                  // where in the frame
  int batch_axis = -1;         // which axis of the shape is a dynamic batch; -1: none, or it isn't known
};

// A piece of the state, and the graph's own names for it where it has them.
struct StateSpec {
  // The layer's node name with .h or .c, before that .reverse for the second direction of two; for an AccumulateOp the
  // node's name with what it takes. Where several nodes share a name, all but the first have #2, #3 ... behind it.
  std::string name;
  std::string input_name;   // graph input that gives the initial value; empty: none
  std::string output_name;  // graph output that shows it; empty: none
  int offset = 0;           // in the state
  int size = 0;
  int input_offset = 0;   // where in that input's values it begins (one input may serve several layers)
  int output_offset = 0;  // where in that output's values it begins
};

// A graph input that gives initial states; it is no input of a step.
struct StateInputSpec {
  std::string name;
  std::vector<int64_t> shape;  // as in the file, dynamic batch shown as 1
  int batch_axis = -1;         // as TensorSpec's
};

// What a model's configuration says of how it is served (format/config.h). 0: as the daemon's flags have it.
struct ServingSettings {
  int warmup_steps = 16;  // computed, and compared with the plain reference, before it is served
  int64_t latency_objective_ns = 0;
  int64_t quantum_ns = 0;
  friend bool operator==(const ServingSettings&, const ServingSettings&) = default;
};

struct Model;

// One walk over every step of a whole sequence, from its first to its last or the other way round. Each step has a row
// of floats that all passes share (Model::row_size): the inputs first, then what passes have left there. A pass's step
// reads columns of the row and writes others; to it, a row is both its input and its output row. It writes its outputs
// with a time axis at each step, for which the first step->state_op_count ops are enough; those without one at its last
// step only.
struct Pass {
  bool backward = false;
  std::shared_ptr<const Model> step;  // has no passes; its states are the model's from state_offset on
  int state_offset = 0;
  // Columns that hold a result of the whole walk, the outputs without a time axis: copied from its last row to every
  // other.
  std::vector<Span> finals;
};

struct Model {
  std::string name;
  std::string version;
  std::string fingerprint;  // of the model file: 16 hex digits; a state only fits the model it was made by
  std::vector<TensorSpec> inputs, outputs;
  std::vector<StateSpec> states;
  std::vector<StateInputSpec> state_inputs;
  // Graph inputs (INT32 or INT64, one number) that say how many steps the sequence has. They are no input of a step and
  // change nothing; a client that gives one must give the number of steps in its request.
  std::vector<std::string> length_inputs;
  std::vector<float> initial_state;  // [state_size]: what a sequence starts from unless the client gives one

  int input_size = 0;   // floats a step
  int output_size = 0;  // floats a step
  int state_size() const { return static_cast<int>(initial_state.size()); }

  // A model that needs its whole sequence at once (a layer that runs backward, a mean over time) is a list of passes in
  // the order they run, and why: the node and what it does. It has no ops and no frame of its own; its inputs' and
  // outputs' frame spans are columns of the row. Empty for a model that streams.
  std::vector<Pass> passes;
  int row_size = 0;
  std::string whole_sequence_reason;  // as "node 'bi' (LSTM): it runs backward"
  bool streams() const { return passes.empty(); }

  // A step: the input row is copied to the inputs' frame spans, ops run in order, the outputs' frame spans are copied
  // to the output row. ops[0, state_op_count) are all that the next state needs; the rest serve outputs only and may be
  // left out at steps whose outputs nobody wants.
  int frame_size = 0;
  std::vector<Op> ops;
  int state_op_count = 0;

  // Constants of the frame, written once when the frame is made; no op writes there.
  struct Constant {
    Span at;
    std::vector<float> values;
  };
  std::vector<Constant> constants;

  int64_t parameter_count = 0;

  // How its recurrent layers' sigmoid and tanh are computed, if its configuration says so. Else the cpu pipeline's are
  // exact, and on the array the mapping has its own.
  std::optional<ActivationForm> activation;
  // How its matrices are stored, each of them: weights.h.
  WeightStorage weights = WeightStorage::kFp32;
  ServingSettings serving;
};

}  // namespace recurd
