// PyTorch's torch::nn::GRU and LSTM through its C++ API, under InferenceMode. It has no GRU that resets before the
// matrix.
#include <torch/nn/modules/rnn.h>
#include <torch/version.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <type_traits>

#include "tests/bench/cpu/peers/peer.h"

namespace recurd::bench {
namespace {

// Which of ONNX's gates is PyTorch's gate g: GRU [z r h] from [r z n], LSTM [i o f c] from [i f g o].
constexpr int kGruGates[] = {1, 0, 2};
constexpr int kLstmGates[] = {0, 2, 3, 1};

template <typename Module>
class TorchRunner final : public Runner {
 public:
  explicit TorchRunner(const Layer& layer) : layer_(layer), module_(layer.input_size, layer.hidden_size) {
    const c10::InferenceMode inference;
    module_->eval();
    auto parameters = module_->named_parameters();
    Fill(layer.input_weights, layer.input_size, parameters["weight_ih_l0"]);
    Fill(layer.recurrent_weights, layer.hidden_size, parameters["weight_hh_l0"]);
    Fill(layer.input_bias, 1, parameters["bias_ih_l0"]);
    Fill(layer.recurrent_bias, 1, parameters["bias_hh_l0"]);
    for (int i = 0; i < 2; ++i) {
      const float* row = layer.inputs + i * layer.steps * layer.input_size;
      inputs_[i] = torch::from_blob(const_cast<float*>(row), {layer.steps, 1, layer.input_size});
    }
    const auto zeros = torch::zeros({1, 1, layer.hidden_size});
    if constexpr (kLstm) {
      state_ = {zeros, zeros.clone()};
    } else {
      state_ = zeros;
    }
  }

  void Run(int count) override {
    const c10::InferenceMode inference;
    for (int i = 0; i < count; ++i) {
      std::tie(outputs_, state_) = module_->forward(inputs_[turn_], state_);
      turn_ = 1 - turn_;
    }
  }
  const float* Outputs() override {
    const c10::InferenceMode inference;
    outputs_ = outputs_.contiguous();
    return outputs_.template data_ptr<float>();
  }

 private:
  static constexpr bool kLstm = std::is_same_v<Module, torch::nn::LSTM>;

  void Fill(const float* from, int cols, torch::Tensor parameter) const {
    const int size = layer_.hidden_size * cols;
    const int* gates = kLstm ? kLstmGates : kGruGates;
    for (int g = 0; g < (kLstm ? 4 : 3); ++g) {
      std::copy_n(from + gates[g] * size, size, parameter.template data_ptr<float>() + g * size);
    }
  }

  const Layer layer_;
  Module module_;
  torch::Tensor inputs_[2], outputs_;
  std::conditional_t<kLstm, std::tuple<torch::Tensor, torch::Tensor>, torch::Tensor> state_;
  int turn_ = 0;
};

class PyTorch final : public Peer {
 public:
  PyTorch() { at::set_num_threads(1); }
  std::string Version() const override { return "PyTorch " TORCH_VERSION; }
  std::unique_ptr<Runner> Make(const Layer& layer) override {
    if (layer.cell == LayerCell::kGruResetBefore) return nullptr;
    if (layer.cell == LayerCell::kLstm) return std::make_unique<TorchRunner<torch::nn::LSTM>>(layer);
    return std::make_unique<TorchRunner<torch::nn::GRU>>(layer);
  }
};

}  // namespace
}  // namespace recurd::bench

extern "C" recurd::bench::Peer* recurd_make_peer(const char*) { return new recurd::bench::PyTorch; }
