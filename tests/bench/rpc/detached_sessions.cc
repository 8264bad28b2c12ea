#include "tests/bench/rpc/detached_sessions.h"

#include "tests/bench/rpc/links.h"

namespace recurd::bench {
namespace {

v1::ImportSessionRequest CopyOf(v1::Recurrent::Stub& stub, const std::string& session_id) {
  grpc::ClientContext context;
  v1::ExportSessionRequest request;
  v1::ExportSessionResponse exported;
  request.set_session_id(session_id);
  Check(stub.ExportSession(&context, request, &exported));
  v1::ImportSessionRequest copy;
  copy.set_model(exported.model());
  *copy.mutable_state() = exported.state();
  return copy;
}

}  // namespace

void ImportSessions(const std::string& address, int count) {
  NativeLink link(address);
  link.RoundTrip();
  const auto stub = v1::Recurrent::NewStub(Connect(address));
  const v1::ImportSessionRequest request = CopyOf(*stub, link.session_id());
  for (int i = 0; i < count; ++i) {
    grpc::ClientContext context;
    v1::ImportSessionResponse response;
    Check(stub->ImportSession(&context, request, &response));
  }
}

}  // namespace recurd::bench
