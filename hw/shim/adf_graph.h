#ifndef RECURD_HW_SHIM_ADF_GRAPH_H_
#define RECURD_HW_SHIM_ADF_GRAPH_H_

#include <memory>
#include <string>
#include <type_traits>

#include "hw/emu/graph_nodes.h"
#include "hw/shim/adf_kernel.h"

// Graph classes. A graph under construction records its kernels and nets; hw/emu makes channels of them. Graphs stand
// alone (no subgraphs) and are constructed one after the other on a thread. Source: UG1079, Graph Programming. C++17.
namespace adf {

using recurd::emu::Edge;
using recurd::emu::Node;
using recurd::emu::PortKind;

struct direction {
  struct in {};
  struct out {};
};
struct stream {};
struct pktstream {};
struct cascade {};
struct parameter {};
struct ratio {};
struct PLIO {};
enum plio_type { plio_32_bits = 32, plio_64_bits = 64, plio_128_bits = 128 };

struct tile {
  int column, row;
};
struct shim {
  int column;
};

namespace internal {

struct Port {
  Node* node;
  int index;
  bool asynchronous = false;
};
struct Ports {
  Node* node = nullptr;
  Port operator[](int index) const { return {node, index}; }
};

// The graph whose constructor runs on this thread.
inline recurd::emu::GraphNodes*& Building() {
  thread_local recurd::emu::GraphNodes* building = nullptr;
  return building;
}
inline Node* AddNode(Node::Kind kind) {
  Building()->nodes.push_back(std::make_unique<Node>());
  Node* node = Building()->nodes.back().get();
  node->kind = kind;
  return node;
}
inline Node* AddPacketNode(Node::Kind kind, int ways) {
  Node* node = AddNode(kind);
  node->ways = ways;
  const int ins = kind == Node::Kind::kMerge ? ways : 1;
  for (int i = 0; i < ins; ++i) node->ins.push_back({PortKind::kPacket});
  for (int i = 0; i < ways + 1 - ins; ++i) node->outs.push_back({PortKind::kPacket});
  return node;
}
inline Node* AddPlio(Node::Kind kind, const std::string& name, plio_type bits) {
  Node* node = AddNode(kind);
  node->name = name;
  node->plio_bits = bits;
  return node;
}

}  // namespace internal

class kernel {
 public:
  internal::Ports in, out;

  template <class... Args>
  static kernel create(void (*function)(Args...)) {
    kernel made;
    made.in.node = made.out.node = internal::AddNode(Node::Kind::kKernel);
    internal::Describe(function, made.in.node);
    return made;
  }
};

template <int ways>
class pktmerge {
 public:
  internal::Ports in, out;
  static pktmerge create() {
    pktmerge made;
    made.in.node = made.out.node = internal::AddPacketNode(Node::Kind::kMerge, ways);
    return made;
  }
};
template <int ways>
class pktsplit {
 public:
  internal::Ports in, out;
  static pktsplit create() {
    pktsplit made;
    made.in.node = made.out.node = internal::AddPacketNode(Node::Kind::kSplit, ways);
    return made;
  }
};

class input_plio {
 public:
  internal::Ports out;
  static input_plio create(const std::string& name, plio_type bits) {
    input_plio made;
    made.out.node = internal::AddPlio(Node::Kind::kPlioIn, name, bits);
    return made;
  }
};
class output_plio {
 public:
  internal::Ports in;
  static output_plio create(const std::string& name, plio_type bits) {
    output_plio made;
    made.in.node = internal::AddPlio(Node::Kind::kPlioOut, name, bits);
    return made;
  }
};

// A port of the graph through which the host writes a run-time parameter.
class input_port {
 public:
  input_port() : node_(internal::AddNode(Node::Kind::kParameterPort)) {}
  operator internal::Port() const { return {node_, 0}; }

 private:
  Node* node_;
};

inline internal::Port async(internal::Port port) {
  port.asynchronous = true;
  return port;
}

template <class Kind>
class connect {
 public:
  connect(internal::Port from, internal::Port to) {
    constexpr PortKind kind = std::is_same_v<Kind, stream>      ? PortKind::kStream
                              : std::is_same_v<Kind, pktstream> ? PortKind::kPacket
                              : std::is_same_v<Kind, cascade>   ? PortKind::kCascade
                                                                : PortKind::kParameter;
    auto& edges = internal::Building()->edges;
    edges.push_back(std::make_unique<Edge>(Edge{from.node, from.index, to.node, to.index, kind, to.asynchronous}));
    edge = edges.back().get();
  }
  Edge* edge;
};

template <class Kind>
int& fifo_depth(connect<Kind>& net) {
  return net.edge->fifo_depth;
}
// One buffer for a run-time parameter instead of ping and pong: the host may not write it while its kernel runs.
// Source: UG1079, Buffer Allocation Control.
inline void single_buffer(internal::Port port) { port.node->ins[port.index].single = true; }
inline std::string& source(kernel& k) { return k.in.node->source; }
template <class Unit>
double& runtime(kernel& k) {
  return k.in.node->runtime_ratio;
}
inline int& stack_size(kernel& k) { return k.in.node->stack_bytes; }
inline int& heap_size(kernel& k) { return k.in.node->heap_bytes; }

namespace internal {
struct Location {
  Node* node;
  void operator=(tile at) {
    node->column = at.column;
    node->row = at.row;
  }
  void operator=(shim at) { node->column = at.column; }
};
}  // namespace internal

template <class Kind>
internal::Location location(kernel& k) {
  return {k.in.node};
}
template <class Kind>
internal::Location location(input_plio& plio) {
  return {plio.out.node};
}
template <class Kind>
internal::Location location(output_plio& plio) {
  return {plio.in.node};
}

class graph {
 public:
  graph() { internal::Building() = &nodes_; }
  graph(const graph&) = delete;
  graph& operator=(const graph&) = delete;
  ~graph() {
    if (internal::Building() == &nodes_) internal::Building() = nullptr;
  }

  // Writes a run-time parameter; kernels see it when they are invoked next.
  template <class T>
  void update(const input_port& port, const T* values, int count) {
    const internal::Port from = port;
    for (const auto& edge : nodes_.edges) {
      if (edge->from == from.node) internal::UpdateParameter(*edge->to, edge->in, values, count);
    }
  }

  const recurd::emu::GraphNodes& nodes() const { return nodes_; }

 private:
  recurd::emu::GraphNodes nodes_;
};

}  // namespace adf

#endif  // RECURD_HW_SHIM_ADF_GRAPH_H_
