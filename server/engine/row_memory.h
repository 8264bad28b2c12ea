#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace recurd {

// The rows of whole sequences (model/model.h's Pass) from admission to answer: all of them together have a limit.
// Threads: serving thread only.
class RowMemory {
 public:
  class Return {
   public:
    Return() = default;
    Return(RowMemory* memory, int64_t bytes) : memory_(memory), bytes_(bytes) {}
    void operator()(float* rows) const {
      delete[] rows;
      memory_->used_bytes_ -= bytes_;
    }
    int64_t bytes() const { return bytes_; }

   private:
    RowMemory* memory_ = nullptr;
    int64_t bytes_ = 0;
  };
  using Rows = std::unique_ptr<float[], Return>;

  explicit RowMemory(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  RowMemory(const RowMemory&) = delete;

  // Not initialized: what is never touched costs nothing. Null: over the limit, or there is none.
  Rows Take(int64_t bytes) {
    if (bytes > limit_bytes_ - used_bytes_) return nullptr;
    float* rows = new (std::nothrow) float[static_cast<size_t>(bytes) / sizeof(float)];
    if (rows == nullptr) return nullptr;
    used_bytes_ += bytes;
    return Rows(rows, Return(this, bytes));
  }
  int64_t used_bytes() const { return used_bytes_; }

 private:
  const int64_t limit_bytes_;
  int64_t used_bytes_ = 0;
};

}  // namespace recurd
