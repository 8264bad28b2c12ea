#include "recurd/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

#include "tests/unit/client/fake_server.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ClientConnect, RefusesAnAddressOfAnotherForm) {
  for (const char* address :
       {"", "localhost", "localhost:", ":8001", "localhost:0", "localhost:65536", "localhost:x", "unix:"}) {
    const absl::Status status = Client::Connect(address).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr("HOST:PORT"));
  }
}

TEST(ClientConnect, OneAttemptFailsAtOnceAndNamesTheServer) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = Client::Connect("127.0.0.1:1", {.connect_timeout_ms = 0}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:1: nobody answers there"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST(ClientConnect, KeepsTryingAsLongAsItWasTold) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(absl::IsUnavailable(Client::Connect("127.0.0.1:1", {.connect_timeout_ms = 300}).status()));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300));
}

TEST(ClientConnect, IsNotHeldBackByTheFailuresOfAnotherClientOfTheSameServer) {
  auto first = std::make_unique<FakeServer>();
  const int port = first->port();
  const Client other = *Client::Connect(first->address());
  first.reset();
  for (int i = 0; i < 12; ++i) {
    EXPECT_FALSE(other.GetServerInfo().ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const FakeServer second({.port = port});
  EXPECT_TRUE(Client::Connect(second.address(), {.connect_timeout_ms = 0}).ok());
}

class ClientTest : public ::testing::Test {
 protected:
  FakeServer server_;
  const Client client_ = *Client::Connect(server_.address());
};

TEST_F(ClientTest, InfersAWholeSequence) {
  v1::InferRequest request;
  request.set_model("sum");
  for (const float x : {1, 2, 3, 4}) request.add_inputs(x);
  EXPECT_THAT(client_.Infer(request)->outputs(), ElementsAre(3, 10));
}

TEST_F(ClientTest, ListsAndDescribesModels) {
  ASSERT_EQ(client_.ListModels()->models_size(), 1);
  EXPECT_EQ(client_.GetModel("sum")->input_size(), 2u);
  EXPECT_EQ(client_.GetServerInfo()->max_chunk_steps(), 64u);
}

TEST_F(ClientTest, ErrorsCarryTheServersCodeTextAndAddress) {
  const absl::Status status = client_.GetModel("nope").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "recurd at " + server_.address() + ": model 'nope' is not served; there is sum");
  EXPECT_EQ(client_.Open("nope").status(), status);
}

TEST_F(ClientTest, KnowsHealthOfServerAndServices) {
  EXPECT_EQ(*client_.CheckHealth(), Health::kServing);
  EXPECT_EQ(*client_.CheckHealth("sick"), Health::kNotServing);
  EXPECT_TRUE(absl::IsNotFound(client_.CheckHealth("nope").status()));
}

TEST_F(ClientTest, ALargeAnswerIsAnErrorNotAnAllocation) {
  const Client small = *Client::Connect(server_.address(), {.max_message_bytes = 100});
  v1::InferRequest request;
  request.set_model("sum");
  for (int i = 0; i < 128; ++i) request.add_inputs(1);
  EXPECT_TRUE(absl::IsResourceExhausted(small.Infer(request).status()));
}

}  // namespace
}  // namespace recurd
