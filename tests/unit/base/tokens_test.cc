#include "server/base/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kWard[] = "mXfUR0Zt4r9kN2cQ8sW1vA";
constexpr char kOps[] = "w3JrTq5BnE0yLhD7kPzG6u";

std::string Line(const std::string& name, const std::string& roles, const std::string& token) {
  return name + " " + roles + " " + token + "\n";
}

std::string ParseError(const std::string& text) {
  const auto tokens = Tokens::Parse(text);
  EXPECT_EQ(tokens.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(tokens.status().message());
}

class TokensFile : public ::testing::Test {
 protected:
  TokensFile() : path_(::testing::TempDir() + "tokens_test_" + std::to_string(getpid())) {}
  ~TokensFile() override { unlink(path_.c_str()); }

  void Write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), mode);
  }
  std::string ReadError() { return std::string(Tokens::Read(path_).status().message()); }

  const std::string path_;
};

TEST(Tokens, AreFoundWithTheirHolderAndItsRoles) {
  const auto tokens = Tokens::Parse("# a comment\n\n" + Line("ward-7", "stream", kWard) + "\t" +
                                    Line("ops", "stream,admin", std::string("\t") + kOps + " \r"));
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->size(), 2u);
  const Tokens::Holder* ward = tokens->Find(kWard);
  ASSERT_NE(ward, nullptr);
  EXPECT_EQ(ward->name, "ward-7");
  EXPECT_TRUE(ward->Has(Role::kStream));
  EXPECT_FALSE(ward->Has(Role::kAdmin));
  EXPECT_TRUE(ward->Has(Role::kAnyone));
  EXPECT_TRUE(tokens->Find(kOps)->Has(Role::kAdmin));
  EXPECT_FALSE(tokens->Find(kOps)->Has(Role::kMetrics));
}

TEST(Tokens, OneThatIsLongerShorterOrOtherwiseAnotherIsNobodys) {
  const auto tokens = Tokens::Parse(Line("ward-7", "stream", kWard));
  ASSERT_TRUE(tokens.ok());
  std::string other = kWard;
  other.back() = 'B';
  for (const std::string& wrong : {other, std::string(kWard) + "A", std::string(kWard).substr(1), std::string(),
                                   kWard + std::string(1, '\0'), std::string(Tokens::kMaxLength + 1, 'x')}) {
    EXPECT_EQ(tokens->Find(wrong), nullptr) << wrong;
  }
}

TEST(Tokens, AreFoundInABearerHeaderOnly) {
  const auto tokens = Tokens::Parse(Line("ward-7", "stream", kWard));
  ASSERT_TRUE(tokens.ok());
  EXPECT_NE(tokens->FindBearer(std::string("Bearer ") + kWard), nullptr);
  EXPECT_NE(tokens->FindBearer(std::string("bearer ") + kWard), nullptr);
  for (const std::string& wrong : {std::string(kWard), std::string("Basic ") + kWard, std::string("Bearer "),
                                   std::string("Bearer"), std::string(), std::string("Bearer  ") + kWard}) {
    EXPECT_EQ(tokens->FindBearer(wrong), nullptr) << wrong;
  }
}

TEST(Tokens, ErrorsNameTheLineAndNeverTheSecret) {
  const std::string good = Line("ward-7", "stream", kWard);
  EXPECT_THAT(ParseError(good + Line("ops", "stream", "tooshort")),
              AllOf(HasSubstr("line 2"), HasSubstr("8 characters"), Not(HasSubstr("tooshort"))));
  EXPECT_THAT(ParseError(good + "\n" + Line("ops", kOps, "stream")), AllOf(HasSubstr("line 3"), Not(HasSubstr(kOps))));
  EXPECT_THAT(ParseError(Line("ops", "stream,boss", kOps)), AllOf(HasSubstr("line 1"), HasSubstr("admin")));
  EXPECT_THAT(ParseError(Line("ops", "stream,", kOps)), HasSubstr("line 1"));
  EXPECT_THAT(ParseError(Line("ops", "stream", kOps) + "ops2 " + kWard), HasSubstr("line 2: must be three words"));
  EXPECT_THAT(ParseError(Line("ops", "stream", std::string(kOps) + " more")), HasSubstr("three words"));
  EXPECT_THAT(ParseError(Line("ops", "stream", std::string(129, 'x'))), HasSubstr("129 characters"));
  EXPECT_THAT(ParseError(Line("ops", "stream", std::string(kOps) + "\x80")), HasSubstr("printable"));
  EXPECT_THAT(ParseError(Line(std::string(65, 'n'), "stream", kOps)), HasSubstr("the name"));
  EXPECT_THAT(ParseError(std::string(600, 'x')), HasSubstr("600 bytes; at most 512"));
}

TEST(Tokens, ANameOrATokenThatIsThereTwiceIsAnErrorThatNamesBothLines) {
  const std::string good = "# first\n" + Line("ward-7", "stream", kWard);
  EXPECT_THAT(ParseError(good + Line("ward-7", "stream", kOps)), AllOf(HasSubstr("line 3"), HasSubstr("line 2")));
  EXPECT_THAT(ParseError(good + Line("ops", "admin", kWard)),
              AllOf(HasSubstr("line 3"), HasSubstr("line 2"), Not(HasSubstr(kWard))));
}

TEST(Tokens, NoneIsAnErrorAndSoAreTooMany) {
  EXPECT_THAT(ParseError(""), HasSubstr("no token"));
  EXPECT_THAT(ParseError("# all of them commented out\n"), HasSubstr("no token"));
  std::string text;
  for (size_t i = 0; i <= Tokens::kMaxCount; ++i) {
    text += Line("n" + std::to_string(i), "stream", "0123456789abcdef" + std::to_string(i));
  }
  EXPECT_THAT(ParseError(text), HasSubstr("line 1025: is token 1025; at most 1024"));
}

TEST_F(TokensFile, OfItsOwnersAloneIsRead) {
  Write(Line("ward-7", "stream", kWard));
  EXPECT_TRUE(Tokens::Read(path_).ok());
}

TEST_F(TokensFile, ThatOthersCanReadIsRefusedWithWhatMendsIt) {
  for (const mode_t mode : {0640, 0604, 0620}) {
    Write(Line("ward-7", "stream", kWard), mode);
    EXPECT_THAT(ReadError(), HasSubstr("chmod 600 '" + path_ + "'")) << mode;
  }
}

TEST_F(TokensFile, ThatIsNoneIsRefusedByName) {
  EXPECT_THAT(ReadError(), HasSubstr(path_));
  EXPECT_EQ(Tokens::Read(path_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Tokens::Read("/").status().message()), HasSubstr("no regular file"));
  Write(std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(ReadError(), HasSubstr("more than 1048576 bytes"));
}

TEST_F(TokensFile, ThatIsBrokenIsNamedWithTheLine) {
  Write(Line("ward-7", "stream", "short"));
  EXPECT_THAT(ReadError(), AllOf(HasSubstr(path_), HasSubstr("line 1")));
}

}  // namespace
}  // namespace recurd
