#include "server/pipeline/xrt/rings.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "hw/config/contract.h"
#include "server/base/status_macros.h"

namespace recurd::board {
namespace {

// What the result ring holds before the first job. It passes for no record: the check of beats of it has four equal
// bytes, and the end's hasn't.
constexpr uint32_t kNothing = 0xdeadbeef;

// Where `count` beats fit behind *next, which moves on.
size_t Take(size_t count, size_t beats, size_t* next) {
  const size_t at = *next + count <= beats ? *next : 0;
  *next = at + count;
  return at;
}

template <typename F>
int64_t LeastNs(const Clock& clock, F call) {
  int64_t least = INT64_MAX;
  for (int i = 0; i < 64; ++i) {
    const int64_t start = clock.NowNs();
    call();
    least = std::min(least, clock.NowNs() - start);
  }
  return least;
}

}  // namespace

absl::StatusOr<Rings> Rings::Make(Device& device, const Clock& clock, size_t input_words, size_t result_words) {
  RECURD_ASSIGN_OR_RETURN(Rings uncached, Make(device, Caching::kUncached));
  auto cacheable = Make(device, Caching::kCacheable);
  if (!cacheable.ok()) return uncached;  // a platform may not have it
  const auto measure_ns = [&](Rings& rings) {
    return rings.MeasurePutNs(clock, input_words) + rings.MeasureGetNs(clock, result_words);
  };
  const int64_t uncached_ns = measure_ns(uncached);
  if (measure_ns(*cacheable) < uncached_ns) return *std::move(cacheable);
  return uncached;
}

absl::StatusOr<Rings> Rings::Make(Device& device, Caching caching, size_t bytes) {
  RECURD_ASSIGN_OR_RETURN(auto input, device.Allocate(bytes, caching));
  RECURD_ASSIGN_OR_RETURN(auto result, device.Allocate(bytes, caching));
  return Rings(device, caching, std::move(input), std::move(result));
}

Rings::Rings(Device& device, Caching caching, std::unique_ptr<Buffer> input, std::unique_ptr<Buffer> result)
    : device_(&device),
      caching_(caching),
      input_(std::move(input)),
      result_(std::move(result)),
      beats_(std::min(input_->bytes(), result_->bytes()) / sizeof(uint32_t) / hw::kBeatWords) {
  std::fill_n(result_->words(), beats_ * hw::kBeatWords, kNothing);
  if (caching_ == Caching::kCacheable) device_->barrier().Clean(result_->words(), result_->bytes());
  device_->barrier().Release();
}

uint32_t Rings::Put(absl::Span<const uint32_t> words) {
  const size_t at = Take(words.size() / hw::kBeatWords, beats_, &next_input_);
  uint32_t* to = input_->words() + at * hw::kBeatWords;
  std::memcpy(to, words.data(), words.size() * sizeof(uint32_t));
  if (caching_ == Caching::kCacheable) device_->barrier().Clean(to, words.size() * sizeof(uint32_t));
  return static_cast<uint32_t>(at);
}

uint32_t Rings::Reserve(size_t count) { return static_cast<uint32_t>(Take(count, beats_, &next_result_)); }

const uint32_t* Rings::Get(uint32_t beat, size_t beat_count) {
  const uint32_t* words = result_->words() + size_t{beat} * hw::kBeatWords;
  const size_t bytes = beat_count * hw::kBeatWords * sizeof(uint32_t);
  if (caching_ == Caching::kCacheable) device_->barrier().Invalidate(words, bytes);
  return words;
}

int64_t Rings::MeasurePutNs(const Clock& clock, size_t words) {
  const std::vector<uint32_t> job(words);
  return LeastNs(clock, [&] {
    Put(job);
    device_->barrier().Release();
  });
}

int64_t Rings::MeasureGetNs(const Clock& clock, size_t words) {
  std::vector<uint32_t> records(words);
  const size_t beat_count = words / hw::kBeatWords;
  return LeastNs(clock, [&] {
    device_->barrier().Acquire();
    std::memcpy(records.data(), Get(Reserve(beat_count), beat_count), words * sizeof(uint32_t));
  });
}

}  // namespace recurd::board
