#include "client/recurctl/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "server/base/crc32c.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class RecordingTest : public ::testing::Test {
 protected:
  RecordingTest() {
    server_.set_version("1.2.3");
    model_.set_name("sum");
    open_.set_model("sum");
    opened_.set_session_id("a secret");
    opened_.set_input_size(2);
    opened_.set_output_size(1);
    for (const float x : {1, 2, 3, 4}) chunk_.add_inputs(x);
    outputs_.set_step_count(2);
    outputs_.add_outputs(3);
    outputs_.add_outputs(10);
  }

  void Write(int chunks, bool end = true) {
    auto writer = RecordingWriter::Create(path_);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Begin(server_, model_, open_, opened_).ok());
    for (int i = 0; i < chunks; ++i) {
      ASSERT_TRUE((*writer)->Chunk(chunk_).ok());
      ASSERT_TRUE((*writer)->Outputs(outputs_).ok());
    }
    if (end) {
      ASSERT_TRUE((*writer)->End().ok());
    }
  }
  void Rewrite(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }

  // Reads all: how many chunks there were, or what is wrong.
  absl::StatusOr<int> Read(bool* complete = nullptr) {
    auto reader = RecordingReader::Open(path_);
    if (!reader.ok()) return reader.status();
    v1::Chunk chunk;
    v1::Outputs outputs;
    for (int count = 0;; ++count) {
      bool answered = false;
      const auto more = (*reader)->Next(&chunk, &outputs, &answered);
      if (!more.ok()) return more.status();
      if (complete != nullptr) *complete = (*reader)->complete();
      if (!*more) return count;
    }
  }
  std::string Error() { return std::string(Read().status().message()); }

  const std::string path_ = ::testing::TempDir() + "/recording_test.rec";
  v1::GetServerInfoResponse server_;
  v1::GetModelResponse model_;
  v1::Open open_;
  v1::Opened opened_;
  v1::Chunk chunk_;
  v1::Outputs outputs_;
};

TEST_F(RecordingTest, IsReadAsItWasWrittenButForTheSecret) {
  Write(2);
  EXPECT_THAT(Bytes(path_), ::testing::Not(HasSubstr("a secret")));
  auto reader = RecordingReader::Open(path_);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->header().server.version(), "1.2.3");
  EXPECT_EQ((*reader)->header().opened.session_id(), "");
  v1::Chunk chunk;
  v1::Outputs outputs;
  bool answered = false;
  EXPECT_TRUE(*(*reader)->Next(&chunk, &outputs, &answered));
  EXPECT_TRUE(answered);
  EXPECT_EQ(chunk.SerializeAsString(), chunk_.SerializeAsString());
  EXPECT_EQ(outputs.SerializeAsString(), outputs_.SerializeAsString());
  EXPECT_TRUE(*(*reader)->Next(&chunk, &outputs, &answered));
  EXPECT_FALSE(*(*reader)->Next(&chunk, &outputs, &answered));
  EXPECT_TRUE((*reader)->complete());
}

TEST_F(RecordingTest, OneThatWasCutOffBetweenRecordsGivesWhatThereIs) {
  Write(2, /*end=*/false);
  bool complete = true;
  EXPECT_EQ(*Read(&complete), 2);
  EXPECT_FALSE(complete);
}

TEST_F(RecordingTest, EveryCutAndEveryChangedByteIsNoticed) {
  Write(2);
  const std::string bytes = Bytes(path_);
  for (size_t i = 0; i < bytes.size(); ++i) {
    Rewrite(bytes.substr(0, i));
    bool complete = false;
    const auto cut = Read(&complete);
    EXPECT_FALSE(cut.ok() && complete) << "cut at " << i;
    for (const int bit : {0, 7}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      Rewrite(changed);
      EXPECT_FALSE(Read().ok()) << "byte " << i << " bit " << bit;
    }
  }
}

TEST_F(RecordingTest, AClaimOfLengthIsCheckedAgainstTheFileBeforeAnythingIsAllocated) {
  Write(1);
  std::string bytes = Bytes(path_);
  for (int i = 0; i < 4; ++i) bytes[static_cast<size_t>(9 + i)] = '\xff';
  Rewrite(bytes);
  EXPECT_THAT(Error(), HasSubstr("at byte 8: a record of 4294967295 bytes, but"));
}

TEST_F(RecordingTest, SaysThatAnotherFileIsNoRecording) {
  Rewrite("not a recording");
  EXPECT_THAT(Error(), HasSubstr("is no recording: it doesn't begin with RECURDR1"));
  Rewrite("");
  EXPECT_THAT(Error(), HasSubstr("is no recording"));
  EXPECT_THAT(std::string(RecordingReader::Open("/dev/zero").status().message()), HasSubstr("is no recording"));
  EXPECT_EQ(RecordingReader::Open("/nowhere/x").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RecordingTest, ChunksThatFitNoRowAndRowsThatMakeNoSenseAreRefused) {
  chunk_.add_inputs(5);
  Write(1);
  EXPECT_THAT(Error(), HasSubstr("a chunk of 5 floats, but a row has 2"));
  opened_.set_input_size(0);
  Write(1);
  EXPECT_THAT(Error(), HasSubstr("rows of 0 floats"));
  opened_.set_input_size(1u << 30);
  Write(1);
  EXPECT_THAT(Error(), HasSubstr("rows of 1073741824 floats"));
}

TEST_F(RecordingTest, RecordsInAnotherOrderAreRefused) {
  Write(1);
  const std::string bytes = Bytes(path_);
  uint32_t length = 0;  // of the first record, behind the magic and its kind
  std::memcpy(&length, &bytes[9], sizeof length);
  Rewrite(bytes.substr(0, 8) + bytes.substr(8 + 9 + length));
  EXPECT_THAT(Error(), HasSubstr("a record with a recurd.v1.GetServerInfoResponse is missing"));
  {
    auto writer = RecordingWriter::Create(path_);
    ASSERT_TRUE((*writer)->Begin(server_, model_, open_, opened_).ok());
    ASSERT_TRUE((*writer)->Outputs(outputs_).ok());
  }
  EXPECT_THAT(Error(), HasSubstr("a chunk was due"));
}

TEST_F(RecordingTest, OneThatNeverBeganLeavesTheFileThatWasThereOrNone) {
  Write(1);
  const std::string before = Bytes(path_);
  EXPECT_TRUE((*RecordingWriter::Create(path_))->End().ok());
  EXPECT_EQ(Bytes(path_), before);
  std::remove(path_.c_str());
  EXPECT_TRUE((*RecordingWriter::Create(path_))->End().ok());
  EXPECT_FALSE(std::ifstream(path_).good());
}

}  // namespace
}  // namespace recurd
