#include "client/recurctl/row_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <thread>

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RowReaderTest : public ::testing::Test {
 protected:
  RowReaderTest() : path_(::testing::TempDir() + "row_reader_test." + std::to_string(getpid())) {}
  ~RowReaderTest() override { std::remove(path_.c_str()); }

  void Open(const std::string& content) {
    std::ofstream(path_, std::ios::binary) << content;
    file_ = *InputFile::Open(path_, nullptr);
  }

  // All rows as "sequence:a,b", the last entry being the error if there is one.
  std::vector<std::string> ReadAll(std::unique_ptr<RowReader> reader) {
    std::vector<std::string> rows;
    for (InputRow row;;) {
      const absl::StatusOr<bool> more = reader->Read(&row);
      if (!more.ok()) rows.emplace_back(more.status().message());
      if (!more.ok() || !*more) return rows;
      rows.push_back(row.sequence + ":");
      for (const float value : row.values) rows.back() += std::to_string(static_cast<int>(value)) + ",";
    }
  }

  std::vector<std::string> Csv(const std::string& content, const std::string& columns = "") {
    Open(content);
    return ReadAll(MakeCsvReader(file_.get(), columns, 2));
  }

  const std::string path_;
  std::unique_ptr<InputFile> file_;
};

TEST_F(RowReaderTest, CsvNeedsNoHeader) { EXPECT_THAT(Csv("1,2\n3,4"), ElementsAre("0:1,2,", "0:3,4,")); }

TEST_F(RowReaderTest, CsvTakesTheSequenceColumnOutOfTheInputs) {
  EXPECT_THAT(Csv("a,sequence,b\n1,x,2\n3,y,4\n"), ElementsAre("x:1,2,", "y:3,4,"));
}

TEST_F(RowReaderTest, CsvTakesTheColumnsThatAreNamed) {
  EXPECT_THAT(Csv("t,p0,p1\n9,1,2\n", "p0-p1"), ElementsAre("0:1,2,"));
  EXPECT_THAT(Csv("9,1,2\n", "1-2"), ElementsAre("0:1,2,"));
}

TEST_F(RowReaderTest, CsvBearsSpacesQuotesCommentsEmptyLinesAndCarriageReturns) {
  EXPECT_THAT(Csv("# by hand\n\n\"a\" , b\r\n 1 ,\t2\r\n\r\n3,4\r\n", "a,b"), ElementsAre("0:1,2,", "0:3,4,"));
}

TEST_F(RowReaderTest, CsvErrorsNameTheLineAndTheColumn) {
  EXPECT_THAT(Csv("a,b\n1,2\n3\n"), ElementsAre("0:1,2,", "input line 3: 1 columns, but the first line has 2"));
  EXPECT_THAT(Csv("a,b\n1,z\n"), ElementsAre("input line 2: column b: 'z' is not a number"));
  EXPECT_THAT(Csv("a,b,c\n1,2,3\n"),
              ElementsAre(HasSubstr("takes 2 floats a step, the input gives 3 of the columns a,b,c")));
}

TEST_F(RowReaderTest, CsvOfAHeaderOnlyOrNothingHasNoRows) {
  EXPECT_THAT(Csv(""), ElementsAre());
  EXPECT_THAT(Csv("a,b\n"), ElementsAre());
}

TEST_F(RowReaderTest, ALineWithoutEndIsAnErrorNotAnAllocation) {
  EXPECT_THAT(Csv(std::string(InputFile::kMaxLineBytes + 100'000, '1')),
              ElementsAre(HasSubstr("more than 16777216 bytes")));
}

TEST_F(RowReaderTest, F32ReadsRowsAndNamesARest) {
  const float values[] = {1, 2, 3, 4};
  const std::string bytes(reinterpret_cast<const char*>(values), sizeof(values));
  Open(bytes);
  EXPECT_THAT(ReadAll(MakeF32Reader(file_.get(), 2)), ElementsAre("0:1,2,", "0:3,4,"));
  Open(bytes.substr(0, 13));
  EXPECT_THAT(ReadAll(MakeF32Reader(file_.get(), 2)),
              ElementsAre("0:1,2,", "the input ends within a row: 5 bytes after 1 rows of 8 bytes"));
}

TEST_F(RowReaderTest, APipesRowsAreReadAsTheyCome) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  std::FILE* writer = nullptr;
  std::thread opener([&] { writer = std::fopen(path_.c_str(), "w"); });
  file_ = *InputFile::Open(path_, nullptr);
  opener.join();
  const auto reader = MakeCsvReader(file_.get(), "", 2);
  InputRow row;
  for (int i = 0; i < 3; ++i) {
    std::fprintf(writer, "%d,0\n", i);
    std::fflush(writer);
    ASSERT_TRUE(*reader->Read(&row));
    EXPECT_EQ(row.values[0], i);
  }
  std::fclose(writer);
  EXPECT_FALSE(*reader->Read(&row));
}

TEST_F(RowReaderTest, AMissingFileIsNamed) {
  const absl::Status status = InputFile::Open(path_, nullptr).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
}

}  // namespace
}  // namespace recurd
