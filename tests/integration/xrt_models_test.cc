// Models that come to a board while it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/integration/child.h"
#include "tests/integration/digits_client.h"
#include "tests/integration/virtual_board_folder.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

grpc::Status LoadModel(const Daemon& daemon, const std::string& model) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  v1::LoadModelRequest request;
  request.set_model(model);
  v1::LoadModelResponse response;
  return v1::Recurrent::NewStub(grpc::CreateChannel(daemon.address(), grpc::InsecureChannelCredentials()))
      ->LoadModel(&context, request, &response);
}

TEST(XrtModelsTest, WhatFitsTheBoardIsLoadedAndWhatDoesNotIsRefusedWithTheReason) {
  const VirtualBoardFolder folder;
  const Daemon daemon(folder.Flags());
  ASSERT_NE(daemon.address(), "") << daemon.log();
  const Digits digits = LoadDigits();
  const Answers before = ReadDigits(daemon, "digits", digits, 3);
  const std::filesystem::path models = folder.Path("models");
  std::filesystem::create_directories(models / "again");
  std::filesystem::copy(models / "digits/1", models / "again/1");
  const grpc::Status again = LoadModel(daemon, "again");
  EXPECT_TRUE(again.ok()) << again.error_message();
  std::filesystem::copy(RECURD_SOURCE_DIR "/deploy/models/digits_reset_before", models / "other",
                        std::filesystem::copy_options::recursive);
  std::filesystem::remove(models / "other/config.pbtxt");
  const grpc::Status other = LoadModel(daemon, "other");
  EXPECT_EQ(other.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(other.error_message(), AllOf(HasSubstr("'other'"), HasSubstr("doesn't fit the board")));
  EXPECT_EQ(ReadDigits(daemon, "again", digits, 3).logits, before.logits);
  EXPECT_EQ(ReadDigits(daemon, "digits", digits, 3).logits, before.logits);
}

}  // namespace
}  // namespace recurd
