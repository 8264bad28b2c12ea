#ifndef RECURD_HW_EMU_GRAPH_NODES_H_
#define RECURD_HW_EMU_GRAPH_NODES_H_

#include <stdint.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hw/emu/process.h"

// What an adf::graph object says when its constructor has run: nodes with ports, and edges between them. C++17. The
// emulator turns it into processes and channels, the lint counts it.
namespace recurd {
namespace emu {

// A run-time parameter of a kernel. Asynchronous ones are sticky: an invocation takes whatever was written last, and
// keeps it until it returns. Source: UG1079, Run-Time Parameter Specification.
struct Parameter {
  std::vector<uint32_t> latest;  // words
  bool written = false;          // since the last invocation
  bool given = false;            // ever
};

enum class PortKind { kStream, kPacket, kCascade, kParameter };

struct PortInfo {
  PortKind kind;
  int words = 0;  // of a parameter
  bool array = false;
  bool single = false;  // one buffer instead of two
};

// A kernel bound to its ports, ready to be run by a fiber.
class KernelInstance {
 public:
  virtual ~KernelInstance() = default;
  virtual InPort* in(int index) = 0;  // null for a parameter
  virtual OutPort* out(int index) = 0;
  // One invocation: takes the parameters, calls the kernel function, returns when it does.
  virtual void Invoke() = 0;
};

struct Node {
  enum class Kind { kKernel, kPlioIn, kPlioOut, kMerge, kSplit, kParameterPort };
  Kind kind;
  std::string name;  // of a PLIO
  std::string source;
  double runtime_ratio = 0;
  int column = -1, row = -1;            // -1: not placed; a PLIO has no row
  int stack_bytes = 0, heap_bytes = 0;  // 0: the tools' defaults
  int plio_bits = 0;
  int ways = 0;  // of a merge or split
  std::vector<PortInfo> ins, outs;
  std::vector<std::unique_ptr<Parameter>> parameters;  // by input; null for a stream
  std::function<std::unique_ptr<KernelInstance>(const Node&)> instantiate;
};

struct Edge {
  Node* from;
  int out;
  Node* to;
  int in;
  PortKind kind;
  bool asynchronous = false;  // of a parameter
  int fifo_depth = 0;         // words beyond those that the route holds
};

struct GraphNodes {
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::unique_ptr<Edge>> edges;
};

// "dot_row.cc@(12,3)", or the PLIO's name.
std::string Describe(const Node& node);

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_GRAPH_NODES_H_
