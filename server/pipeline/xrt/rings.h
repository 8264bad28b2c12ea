#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/base/clock.h"
#include "server/pipeline/xrt/device.h"

namespace recurd::board {

// The memory that jobs go through: words in, records out, one behind the other, from the start again where the rest is
// too short. One job is in flight at a time, so nothing is overtaken; places move on so that an old record is never
// where a new one is due.   Threads: one at a time. Allocates: in Make only.
class Rings {
 public:
  static constexpr size_t kBytes = size_t{1} << 20;  // of each

  // Takes the kind of memory that moves a job of these sizes in and out faster, measured here and now. No library call
  // but for the allocation: cacheable memory is maintained by instructions.
  // Errors: as Device::Allocate.
  static absl::StatusOr<Rings> Make(Device& device, const Clock& clock, size_t input_words, size_t result_words);
  // Of one kind.
  static absl::StatusOr<Rings> Make(Device& device, Caching caching, size_t bytes = kBytes);

  // Beats of a ring: the largest job.
  size_t beats() const { return beats_; }
  Caching caching() const { return caching_; }
  Buffer& input() { return *input_; }
  Buffer& result() { return *result_; }

  // Copies the words of a job to where the PL finds them after a Release; beats from the start.
  // Precondition: whole beats, at most beats().
  uint32_t Put(absl::Span<const uint32_t> words);
  // Where the next job's records go.   Precondition: count <= beats().
  uint32_t Reserve(size_t count);
  // The words there, which the PL has written before the last Acquire.
  const uint32_t* Get(uint32_t beat, size_t beat_count);

  // What a Put and its Release, and an Acquire, a Get and a copy of what it gets take: the least of some tries.
  int64_t MeasurePutNs(const Clock& clock, size_t words);
  int64_t MeasureGetNs(const Clock& clock, size_t words);

 private:
  Rings(Device& device, Caching caching, std::unique_ptr<Buffer> input, std::unique_ptr<Buffer> result);

  Device* device_;
  Caching caching_;
  std::unique_ptr<Buffer> input_, result_;
  size_t beats_;
  size_t next_input_ = 0, next_result_ = 0;
};

}  // namespace recurd::board
