#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_stream.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SessionCallsTest : public ::testing::Test {
 protected:
  template <typename Response, typename Request>
  Response Call(grpc::Status (v1::Recurrent::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    Response response;
    status_ = (stub_.get()->*method)(&context, request, &response);
    return response;
  }
  v1::ListSessionsResponse List(uint32_t page_size = 0, const std::string& token = "", const std::string& model = "") {
    v1::ListSessionsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    request.set_model(model);
    return Call(&v1::Recurrent::Stub::ListSessions, request);
  }
  v1::ExportSessionResponse Export(const std::string& id) {
    v1::ExportSessionRequest request;
    request.set_session_id(id);
    return Call(&v1::Recurrent::Stub::ExportSession, request);
  }
  v1::CloseSessionResponse Close(const std::string& id) {
    v1::CloseSessionRequest request;
    request.set_session_id(id);
    return Call(&v1::Recurrent::Stub::CloseSession, request);
  }
  v1::SessionInfo Get(const std::string& id) {
    v1::GetSessionRequest request;
    request.set_session_id(id);
    return Call(&v1::Recurrent::Stub::GetSession, request).session();
  }
  std::string OpenOn(TestStream& stream) {
    stream.Open();
    return stream.Receive().opened().session_id();
  }

  InProcessServer server_;
  std::unique_ptr<v1::Recurrent::Stub> stub_ = v1::Recurrent::NewStub(server_.Channel());
  grpc::Status status_;
};

TEST_F(SessionCallsTest, ListsEverySessionOnceAPageAtATimeWithoutItsSecret) {
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 7; ++i) {
    streams.push_back(std::make_unique<TestStream>(server_));
    OpenOn(*streams.back());
  }
  std::set<std::string> handles;
  std::string token;
  int pages = 0;
  do {
    const v1::ListSessionsResponse page = List(3, token);
    for (const auto& session : page.sessions()) handles.insert(session.handle());
    token = page.next_page_token();
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(handles.size(), 7u);
  EXPECT_EQ(List(0, "", "another").sessions_size(), 0);
  List(0, "nonsense");
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(SessionCallsTest, TellsOfASessionByItsIdAndByItsHandle) {
  TestStream stream(server_);
  const std::string id = OpenOn(stream);
  stream.SendChunk(0, {1, 2});
  stream.Receive();
  const v1::SessionInfo info = Get(id);
  EXPECT_EQ(info.model(), "adder");
  EXPECT_EQ(info.next_step(), 2u);
  EXPECT_EQ(info.epoch(), 1u);
  EXPECT_TRUE(info.attached());
  EXPECT_EQ(Get(info.handle()).next_step(), 2u);
  Get("@99999");
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::NOT_FOUND);
  for (const std::string& id : {std::string(), std::string(100'000, 'x')}) {
    Get(id);
    EXPECT_EQ(status_.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_LT(status_.error_message().size(), 200u);
  }
}

TEST_F(SessionCallsTest, AnExportedSessionGoesOnAndItsCopyGoesOnBesideIt) {
  TestStream stream(server_), copy(server_);
  const std::string id = OpenOn(stream);
  stream.SendChunk(0, {1, 2});
  stream.Receive();
  const v1::ExportSessionResponse exported = Export(id);
  EXPECT_EQ(exported.state().step(), 2u);
  v1::ImportSessionRequest import;
  import.set_model(exported.model());
  *import.mutable_state() = exported.state();
  const v1::ImportSessionResponse imported = Call(&v1::Recurrent::Stub::ImportSession, import);
  EXPECT_EQ(imported.next_step(), 2u);
  v1::StreamRequest open;
  open.mutable_open()->set_mode(v1::Open::ATTACH);
  open.mutable_open()->set_session_id(imported.session_id());
  copy.Send(open);
  EXPECT_EQ(copy.Receive().opened().next_step(), 2u);
  copy.SendChunk(2, {10});
  stream.SendChunk(2, {20});
  EXPECT_THAT(copy.Receive().outputs().outputs(), ElementsAre(13));
  EXPECT_THAT(stream.Receive().outputs().outputs(), ElementsAre(23));
}

TEST_F(SessionCallsTest, ImportsNoStateThatIsDamagedMissingOrOfAnotherModel) {
  TestStream stream(server_);
  const v1::ExportSessionResponse exported = Export(OpenOn(stream));
  v1::ImportSessionRequest import;
  import.set_model("adder");
  Call(&v1::Recurrent::Stub::ImportSession, import);
  EXPECT_THAT(status_.error_message(), HasSubstr("state is missing"));
  *import.mutable_state() = exported.state();
  import.mutable_state()->set_values(0, 7);
  Call(&v1::Recurrent::Stub::ImportSession, import);
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  *import.mutable_state() = exported.state();
  import.mutable_state()->set_model_fingerprint("00");
  Call(&v1::Recurrent::Stub::ImportSession, import);
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(SessionCallsTest, ThereIsNothingToExportBetweenSequences) {
  TestStream stream(server_);
  const std::string id = OpenOn(stream);
  v1::StreamRequest request;
  request.mutable_chunk()->add_inputs(1);
  request.mutable_chunk()->set_end(true);
  stream.Send(request);
  stream.Receive();
  Export(id);
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(SessionCallsTest, ClosingByIdClosesAndByHandleEvicts) {
  TestStream mine(server_), another(server_);
  const std::string id = OpenOn(mine);
  const std::string handle = Get(OpenOn(another)).handle();
  Close(id);
  EXPECT_EQ(mine.Receive().ended().reason(), v1::Ended::CLOSED);
  Close(handle);
  EXPECT_EQ(another.Receive().ended().reason(), v1::Ended::EVICTED);
  Close(id);
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status_.error_message(), HasSubstr("is over: closed"));
}

}  // namespace
}  // namespace recurd
