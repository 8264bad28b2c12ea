#pragma once

#include <memory>
#include <string>

namespace recurd::bench {

enum class LayerCell { kGruResetAfter, kGruResetBefore, kLstm };

// A layer to compute and what it is fed, without owning either. H = hidden_size, G = 3 of a GRU, 4 of an LSTM.
// Gate order is ONNX's: GRU [z r h], LSTM [i o f c]; matrices are row-major. The state begins as zeros.
struct Layer {
  LayerCell cell;
  int input_size, hidden_size;
  int steps;                       // of a run
  const float* input_weights;      // [G * H][input_size]
  const float* recurrent_weights;  // [G * H][H]
  const float* input_bias;         // [G * H]
  const float* recurrent_bias;     // [G * H]
  const float* inputs;             // [2][steps][input_size]; runs take them by turns, the first one [0]
};

// Somebody's implementation of one layer, its weights prepared.   Threads: computes on the calling one only.
class Runner {
 public:
  virtual ~Runner() = default;
  // `count` runs one after the other, each from the state that the one before left.
  virtual void Run(int count) = 0;
  // Of the last run, [steps][hidden_size].
  virtual const float* Outputs() = 0;
};

// A library to be compared with.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string Version() const = 0;
  // nullptr: the library has no such cell. What `layer` points to outlives the runner. Throws std::exception.
  virtual std::unique_ptr<Runner> Make(const Layer& layer) = 0;
};

// The one symbol of a module peer_NAME.so. `library`: path of the library's own file, for a peer that isn't linked to
// it. Throws std::exception.
using MakePeer = Peer*(const char* library);
inline constexpr char kMakePeer[] = "recurd_make_peer";

}  // namespace recurd::bench
