#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "recurd/durable_session.h"
#include "tests/unit/client/fake_server.h"

namespace recurd {

inline constexpr char kNobody[] = "127.0.0.1:1";

// Short times.
inline DurableOptions Quick() {
  DurableOptions options;
  options.client.connect_timeout_ms = 2000;
  options.resume_timeout_ms = 5000;
  options.answer_timeout_ms = 2000;
  options.backoff_base_ms = 1;
  options.backoff_max_ms = 20;
  return options;
}

// Two servers, and sessions that may use both.
class DurableSessionTest : public ::testing::Test {
 protected:
  DurableSession Open(v1::Open open = {}, const DurableOptions& options = Quick()) {
    open.set_model("sum");
    absl::StatusOr<DurableSession> session = DurableSession::Open({a_.address(), b_.address()}, open, options);
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }

  // `count` steps of 1 each, one at a time from `first`: every output must be the number of steps so far.
  static void Count(DurableSession& session, int first, int count) {
    for (int i = first; i < first + count; ++i) {
      const auto outputs = session.Step({1, 0});
      ASSERT_TRUE(outputs.ok()) << "step " << i << ": " << outputs.status();
      ASSERT_THAT(*outputs, ::testing::ElementsAre(i + 1)) << "step " << i;
    }
  }
  static v1::Open Checkpoints(uint32_t steps) {
    v1::Open open;
    open.set_checkpoint_steps(steps);
    return open;
  }

  FakeServer a_, b_;
};

}  // namespace recurd
