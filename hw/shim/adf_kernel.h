#ifndef RECURD_HW_SHIM_ADF_KERNEL_H_
#define RECURD_HW_SHIM_ADF_KERNEL_H_

#include <string.h>

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "hw/emu/graph_nodes.h"
#include "hw/shim/adf_streams.h"

// Reads a kernel function's ports off its parameter list and binds them. C++17.
namespace adf {
namespace internal {

using recurd::emu::InPort;
using recurd::emu::KernelInstance;
using recurd::emu::Node;
using recurd::emu::OutPort;
using recurd::emu::Parameter;
using recurd::emu::PortInfo;
using recurd::emu::PortKind;

struct BoundPorts {
  std::vector<InPort*> ins;
  std::vector<OutPort*> outs;
};

// Argument<A>: the storage behind a parameter of type A. `kInput`, `kInfo` describe the port.
template <class A>
struct Argument;

template <class Stream, PortKind kind>
struct InArgument {
  static constexpr bool kInput = true;
  static constexpr PortInfo kInfo{kind};
  Stream stream;
  void Bind(const Node&, BoundPorts* ports) { ports->ins.push_back(&stream.port); }
  void Take() {}
  Stream* Get() { return &stream; }
};
template <class Stream, PortKind kind>
struct OutArgument {
  static constexpr bool kInput = false;
  static constexpr PortInfo kInfo{kind};
  Stream stream;
  void Bind(const Node&, BoundPorts* ports) { ports->outs.push_back(&stream.port); }
  void Take() {}
  Stream* Get() { return &stream; }
};
template <class T>
struct Argument<input_stream<T>*> : InArgument<input_stream<T>, PortKind::kStream> {};
template <class T>
struct Argument<output_stream<T>*> : OutArgument<output_stream<T>, PortKind::kStream> {};
template <class T>
struct Argument<input_cascade<T>*> : InArgument<input_cascade<T>, PortKind::kCascade> {};
template <class T>
struct Argument<output_cascade<T>*> : OutArgument<output_cascade<T>, PortKind::kCascade> {};
template <>
struct Argument<input_pktstream*> : InArgument<input_pktstream, PortKind::kPacket> {};
template <>
struct Argument<output_pktstream*> : OutArgument<output_pktstream, PortKind::kPacket> {};

// The copy that an invocation works with; the other half of the ping-pong pair is Parameter::latest.
template <class T, size_t words>
struct ParameterArgument {
  static_assert(sizeof(T) == 4, "parameters are 32-bit words");
  static constexpr bool kInput = true;
  alignas(32) T values[words] = {};
  Parameter* parameter = nullptr;
  void Bind(const Node& node, BoundPorts* ports) {
    parameter = node.parameters[ports->ins.size()].get();
    ports->ins.push_back(nullptr);
  }
  void Take() {
    if (!parameter->written) return;
    parameter->written = false;
    memcpy(values, parameter->latest.data(), sizeof(values));
  }
};
template <class T, size_t words>
struct Argument<const T (&)[words]> : ParameterArgument<T, words> {
  static constexpr PortInfo kInfo{PortKind::kParameter, static_cast<int>(words), true};
  const T (&Get())[words] { return this->values; }
};
template <>
struct Argument<int32> : ParameterArgument<int32, 1> {
  static constexpr PortInfo kInfo{PortKind::kParameter, 1, false};
  int32 Get() { return this->values[0]; }
};

template <class... Args>
class BoundKernel : public KernelInstance {
 public:
  BoundKernel(void (*function)(Args...), const Node& node) : function_(function) {
    std::apply([&](auto&... argument) { (argument.Bind(node, &ports_), ...); }, arguments_);
  }
  InPort* in(int index) override { return ports_.ins[index]; }
  OutPort* out(int index) override { return ports_.outs[index]; }
  void Invoke() override {
    std::apply(
        [&](auto&... argument) {
          (argument.Take(), ...);
          function_(argument.Get()...);
        },
        arguments_);
  }

 private:
  void (*function_)(Args...);
  std::tuple<Argument<Args>...> arguments_;
  BoundPorts ports_;
};

template <class A>
void DescribeArgument(Node* node) {
  const PortInfo info = Argument<A>::kInfo;
  (Argument<A>::kInput ? node->ins : node->outs).push_back(info);
  if (!Argument<A>::kInput) return;
  node->parameters.push_back(nullptr);
  if (info.kind != PortKind::kParameter) return;
  node->parameters.back() = std::make_unique<Parameter>();
  node->parameters.back()->latest.resize(info.words);
}

template <class... Args>
void Describe(void (*function)(Args...), Node* node) {
  (DescribeArgument<Args>(node), ...);
  node->instantiate = [function](const Node& self) {
    return std::unique_ptr<KernelInstance>(std::make_unique<BoundKernel<Args...>>(function, self));
  };
}

// Writes the first `count` words; a parameter is replaced as a whole, so what isn't given is zero.
template <class T>
void UpdateParameter(const Node& node, int in, const T* values, int count) {
  static_assert(sizeof(T) == 4, "parameters are 32-bit words");
  Parameter& parameter = *node.parameters[in];
  parameter.latest.assign(parameter.latest.size(), 0);
  if (static_cast<size_t>(count) > parameter.latest.size()) count = static_cast<int>(parameter.latest.size());
  memcpy(parameter.latest.data(), values, 4 * static_cast<size_t>(count));
  parameter.written = parameter.given = true;
}

}  // namespace internal
}  // namespace adf

#endif  // RECURD_HW_SHIM_ADF_KERNEL_H_
