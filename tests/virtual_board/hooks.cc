#include <cstdio>
#include <string>

#include "tests/virtual_board/board_hooks.h"
#include "tests/virtual_board/card.h"

namespace {

using Counts = RecurdBoardCounts;
using recurd::virtual_board::Card;

}  // namespace

extern "C" {

void recurd_board_acquire(void) {
  Card::Instance().CallHook(&Counts::acquires, [](Card& card) { card.memory().Acquire(); });
}

void recurd_board_release(void) {
  Card::Instance().CallHook(&Counts::releases, [](Card& card) { card.memory().Release(); });
}

void recurd_board_clean(const void* begin, size_t bytes) {
  Card::Instance().CallHook(&Counts::cleans, [&](Card& card) { card.memory().Clean(begin, bytes); });
}

void recurd_board_invalidate(const void* begin, size_t bytes) {
  Card::Instance().CallHook(&Counts::invalidates, [&](Card& card) { card.memory().Invalidate(begin, bytes); });
}

int recurd_board_set_faults(const char* text) {
  absl::Status status;
  Card::Instance().CallHook(nullptr, [&](Card& card) { status = card.plan().Set(text); });
  if (status.ok()) return 0;
  std::fprintf(stderr, "virtual board: %s\n", std::string(status.message()).c_str());
  return -1;
}

void recurd_board_power_cycle(void) {
  Card::Instance().CallHook(nullptr, [](Card& card) { card.PowerCycle(); });
}

void recurd_board_counts(RecurdBoardCounts* counts) {
  Card::Instance().CallHook(nullptr, [&](Card& card) { *counts = card.counts(); });
}

}  // extern "C"
