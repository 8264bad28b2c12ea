#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace recurd {

// The order in which waiting work gets its quanta: earliest deadline, then least remaining time, then first come; but
// the work that has gone longest without a quantum gets one in turn, never two such turns in a row, once it has waited
// for `ageing_ns`. So a one-step chunk waits about one quantum whatever else is queued, and nobody starves. A binary
// heap for the order and a list for the age, both intrusive; Push allocates only past the reserved size.
class RunQueue {
 public:
  struct Node {
    int64_t deadline_ns = 0;
    int64_t remaining_ns = 0;
    uint64_t order = 0;
    int64_t since_ns = 0;
    int heap_index = -1;
    Node* older = nullptr;
    Node* younger = nullptr;
    bool queued() const { return heap_index >= 0; }
  };

  RunQueue(int64_t ageing_ns, int reserve) : ageing_ns_(ageing_ns) { heap_.reserve(static_cast<size_t>(reserve)); }

  bool empty() const { return heap_.empty(); }
  int size() const { return static_cast<int>(heap_.size()); }
  // Precondition: not queued; deadline_ns and remaining_ns are set and stay until it is popped or removed.
  void Push(Node* node, int64_t now_ns);
  // Precondition: not empty.
  Node* Pop(int64_t now_ns);
  void Remove(Node* node);

 private:
  static bool Before(const Node& a, const Node& b);
  void Place(Node* node, int index);
  void SiftUp(int index);
  void SiftDown(int index);

  const int64_t ageing_ns_;
  std::vector<Node*> heap_;
  Node* oldest_ = nullptr;
  Node* youngest_ = nullptr;
  uint64_t order_ = 0;
  bool aged_last_ = false;
};

}  // namespace recurd
