#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/chunk.h"

namespace recurd {

// Keeps what the engine says of one session.
struct FakeClient final : SessionClient {
  float* OutputRoom(Chunk&, int count) override {
    rooms.emplace_back(static_cast<size_t>(count), -1.0f);
    return rooms.back().data();
  }
  void OnCheckpoint(Chunk&, StateImage image) override {
    heard.push_back("checkpoint");
    checkpoints.push_back(std::move(image));
  }
  void OnChunkDone(Chunk& chunk) override {
    heard.push_back(kRefusalNames[static_cast<size_t>(chunk.refusal)]);
    done.push_back(&chunk);
  }
  void OnEnded(EndReason why, const char*, uint64_t next, std::optional<StateImage> last_state) override {
    heard.push_back(kEndReasonNames[static_cast<size_t>(why)]);
    reason = why;
    next_step = next;
    last = std::move(last_state);
  }
  std::deque<std::vector<float>> rooms;
  std::vector<Chunk*> done;
  std::vector<StateImage> checkpoints;
  std::vector<std::string> heard;  // by name, in order; "none" is an applied chunk
  EndReason reason = EndReason::kUnspecified;
  uint64_t next_step = 0;
  std::optional<StateImage> last;
};

}  // namespace recurd
