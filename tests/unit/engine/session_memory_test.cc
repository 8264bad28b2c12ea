// What a session that nobody is attached to costs, of our own allocations.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "tests/unit/engine/engine_fixture.h"

namespace {

long live_bytes = 0;

void* Allocate(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  live_bytes += static_cast<long>(malloc_usable_size(memory));
  return memory;
}

void Free(void* memory) {
  if (memory != nullptr) live_bytes -= static_cast<long>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { Free(memory); }

namespace recurd {
namespace {

constexpr int kSessions = 4096;
constexpr size_t kStateFloats = 256;

class SessionMemoryTest : public EngineFixture {
 protected:
  SessionMemoryTest() {
    auto model = std::make_shared<Model>(*served_->model);
    model->initial_state.assign(kStateFloats, 0);
    served_->model = model;
  }
  Engine large_{pipeline_, metrics_, clock_, {.max_sessions = kSessions}};
};

TEST_F(SessionMemoryTest, ADetachedSessionCostsItsStateAndAtMostOneKilobyte) {
  FakeClient client;
  client.heard.reserve(2 * kSessions);
  const long before = live_bytes;
  std::vector<ServedSession*> sessions;
  for (int i = 0; i < kSessions; ++i) {
    Refusal refusal;
    sessions.push_back(large_.Open(served_, {}, &client, &refusal, {.identity = "somebody with a long name"}));
  }
  const long attached = (live_bytes - before) / kSessions;
  for (ServedSession* session : sessions) large_.Detach(session);
  const long detached = (live_bytes - before) / kSessions;
  const auto state = static_cast<long>(kStateFloats * sizeof(float));
  RecordProperty("detached_bytes", std::to_string(detached - state));
  std::printf("bytes besides the state of %ld: attached %ld, detached %ld\n", state, attached - state,
              detached - state);
  EXPECT_LE(detached, state + 1024);
  EXPECT_GT(attached, detached + state);  // it has given its room away
}

}  // namespace
}  // namespace recurd
