// oneDNN's primitives lbr_gru, vanilla_gru and lstm: batch 1, weights in the format that the primitive asks for, all
// memory prepared before the first run. Two sets of arguments take turns, so that each run's state is fed to the next.
#include <algorithm>
#include <dnnl.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/bench/cpu/peers/peer.h"

namespace recurd::bench {
namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;
using Tag = memory::format_tag;

// Which of ONNX's gates is oneDNN's gate g: GRU [z r h] as they are, LSTM [i o f c] from [i f c o].
constexpr int kGruGates[] = {0, 1, 2};
constexpr int kLstmGates[] = {0, 2, 3, 1};

class OneDnnRunner final : public Runner {
 public:
  OneDnnRunner(const dnnl::engine& engine, const Layer& layer)
      : layer_(layer), gates_(layer.cell == LayerCell::kLstm ? 4 : 3), engine_(engine), stream_(engine) {
    const memory::dim steps = layer.steps, in = layer.input_size, hidden = layer.hidden_size;
    const memory::desc x = Floats({steps, 1, in}, Tag::tnc), y = Floats({steps, 1, hidden}, Tag::tnc);
    const memory::desc state = Floats({1, 1, 1, hidden}, Tag::ldnc), bias = BiasDesc();
    const memory::desc w = Floats({1, 1, in, gates_, hidden}, Tag::any);
    const memory::desc u = Floats({1, 1, hidden, gates_, hidden}, Tag::any);
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto direction = dnnl::rnn_direction::unidirectional_left2right;
    if (layer.cell == LayerCell::kLstm) {
      Build<dnnl::lstm_forward>({kind, direction, x, state, state, w, u, bias, y, state, state}, x, y, state);
    } else if (layer.cell == LayerCell::kGruResetAfter) {
      Build<dnnl::lbr_gru_forward>({kind, direction, x, state, w, u, bias, y, state}, x, y, state);
    } else {
      Build<dnnl::gru_forward>({kind, direction, x, state, w, u, bias, y, state}, x, y, state);
    }
  }

  void Run(int count) override {
    for (int i = 0; i < count; ++i) {
      primitive_.execute(stream_, arguments_[turn_]);
      stream_.wait();
      turn_ = 1 - turn_;
    }
  }
  const float* Outputs() override { return static_cast<const float*>(outputs_.get_data_handle()); }

 private:
  static memory::desc Floats(const memory::dims& sizes, Tag tag) { return {sizes, memory::data_type::f32, tag}; }

  int OnnxGate(int gate) const { return layer_.cell == LayerCell::kLstm ? kLstmGates[gate] : kGruGates[gate]; }
  // A GRU that resets after the matrix keeps the candidate's recurrent bias apart, as a fourth one.
  memory::desc BiasDesc() const {
    const int biases = layer_.cell == LayerCell::kGruResetAfter ? 4 : gates_;
    return Floats({1, 1, biases, layer_.hidden_size}, Tag::ldgo);
  }

  memory Zeros(const memory::desc& desc) {
    memory made(desc, engine_);
    std::fill_n(static_cast<char*>(made.get_data_handle()), desc.get_size(), 0);
    return made;
  }

  // [G * H][cols] as [cols][G][H], then as `wanted`.
  memory Weights(const float* matrix, int cols, const memory::desc& wanted) {
    const int hidden = layer_.hidden_size;
    memory plain(Floats({1, 1, cols, gates_, hidden}, Tag::ldigo), engine_);
    auto* to = static_cast<float*>(plain.get_data_handle());
    for (int c = 0; c < cols; ++c) {
      for (int g = 0; g < gates_; ++g) {
        for (int h = 0; h < hidden; ++h) *to++ = matrix[(OnnxGate(g) * hidden + h) * cols + c];
      }
    }
    memory packed(wanted, engine_);
    dnnl::reorder(plain, packed).execute(stream_, plain, packed);
    stream_.wait();
    return packed;
  }

  memory Bias() {
    const int hidden = layer_.hidden_size;
    const bool apart = layer_.cell == LayerCell::kGruResetAfter;
    memory bias(BiasDesc(), engine_);
    auto* to = static_cast<float*>(bias.get_data_handle());
    for (int g = 0; g < gates_; ++g) {
      for (int h = 0; h < hidden; ++h) {
        const int at = OnnxGate(g) * hidden + h;
        *to++ = layer_.input_bias[at] + (apart && g == 2 ? 0 : layer_.recurrent_bias[at]);
      }
    }
    if (apart) std::copy_n(layer_.recurrent_bias + 2 * hidden, hidden, to);
    return bias;
  }

  template <typename Primitive>
  void Build(typename Primitive::desc desc, const memory::desc& x, const memory::desc& y, const memory::desc& state) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const typename Primitive::primitive_desc chosen(desc, attributes, engine_);
    primitive_ = Primitive(chosen);
    outputs_ = memory(y, engine_);
    Arguments shared = {
        {DNNL_ARG_WEIGHTS_LAYER, Weights(layer_.input_weights, layer_.input_size, chosen.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER, Weights(layer_.recurrent_weights, layer_.hidden_size, chosen.weights_iter_desc())},
        {DNNL_ARG_BIAS, Bias()},
        {DNNL_ARG_DST_LAYER, outputs_},
        {DNNL_ARG_SCRATCHPAD, memory(chosen.scratchpad_desc(), engine_)}};
    const memory h[2] = {Zeros(state), Zeros(state)}, c[2] = {Zeros(state), Zeros(state)};
    for (int i = 0; i < 2; ++i) {
      const float* row = layer_.inputs + i * layer_.steps * layer_.input_size;
      Arguments arguments = shared;
      arguments.insert({{DNNL_ARG_SRC_LAYER, memory(x, engine_, const_cast<float*>(row))},
                        {DNNL_ARG_SRC_ITER, h[i]},
                        {DNNL_ARG_DST_ITER, h[1 - i]}});
      if (layer_.cell == LayerCell::kLstm) {
        arguments.insert({{DNNL_ARG_SRC_ITER_C, c[i]}, {DNNL_ARG_DST_ITER_C, c[1 - i]}});
      }
      arguments_[i] = std::move(arguments);
    }
  }

  const Layer layer_;
  const int gates_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::primitive primitive_;
  memory outputs_;
  Arguments arguments_[2];
  int turn_ = 0;
};

class OneDnn final : public Peer {
 public:
  std::string Version() const override {
    const dnnl::version_t* v = dnnl::version();
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  }
  std::unique_ptr<Runner> Make(const Layer& layer) override { return std::make_unique<OneDnnRunner>(engine_, layer); }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
};

}  // namespace
}  // namespace recurd::bench

extern "C" recurd::bench::Peer* recurd_make_peer(const char*) { return new recurd::bench::OneDnn; }
