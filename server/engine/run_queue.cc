#include "server/engine/run_queue.h"

#include <tuple>

namespace recurd {

bool RunQueue::Before(const Node& a, const Node& b) {
  return std::tie(a.deadline_ns, a.remaining_ns, a.order) < std::tie(b.deadline_ns, b.remaining_ns, b.order);
}

void RunQueue::Place(Node* node, int index) {
  heap_[static_cast<size_t>(index)] = node;
  node->heap_index = index;
}

void RunQueue::SiftUp(int index) {
  Node* node = heap_[static_cast<size_t>(index)];
  while (index > 0) {
    const int parent = (index - 1) / 2;
    if (!Before(*node, *heap_[static_cast<size_t>(parent)])) break;
    Place(heap_[static_cast<size_t>(parent)], index);
    index = parent;
  }
  Place(node, index);
}

void RunQueue::SiftDown(int index) {
  Node* node = heap_[static_cast<size_t>(index)];
  for (;;) {
    int child = 2 * index + 1;
    if (child >= size()) break;
    if (child + 1 < size() && Before(*heap_[static_cast<size_t>(child + 1)], *heap_[static_cast<size_t>(child)]))
      ++child;
    if (!Before(*heap_[static_cast<size_t>(child)], *node)) break;
    Place(heap_[static_cast<size_t>(child)], index);
    index = child;
  }
  Place(node, index);
}

void RunQueue::Push(Node* node, int64_t now_ns) {
  node->order = order_++;
  node->since_ns = now_ns;
  node->older = youngest_;
  node->younger = nullptr;
  (youngest_ ? youngest_->younger : oldest_) = node;
  youngest_ = node;
  heap_.push_back(node);
  SiftUp(size() - 1);
}

RunQueue::Node* RunQueue::Pop(int64_t now_ns) {
  Node* node = heap_.front();
  const bool aged = !aged_last_ && now_ns - oldest_->since_ns >= ageing_ns_;
  if (aged) node = oldest_;
  aged_last_ = aged;
  Remove(node);
  return node;
}

void RunQueue::Remove(Node* node) {
  (node->older ? node->older->younger : oldest_) = node->younger;
  (node->younger ? node->younger->older : youngest_) = node->older;
  const int index = node->heap_index;
  node->heap_index = -1;
  Node* last = heap_.back();
  heap_.pop_back();
  if (last == node) return;
  Place(last, index);
  SiftUp(index);
  SiftDown(last->heap_index);
}

}  // namespace recurd
