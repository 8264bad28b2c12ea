#include "tests/bench/rpc/flocks.h"

#include <memory>
#include <vector>

#include "tests/bench/rpc/links.h"

namespace recurd::bench {
namespace {

template <typename Service>
auto Stubs(const std::string& address, int connections) {
  std::vector<std::shared_ptr<typename Service::Stub>> stubs;
  for (int i = 0; i < connections; ++i) stubs.push_back(Service::NewStub(Connect(address)));
  return stubs;
}

}  // namespace

Talk<Frame, Frame> EchoTalk(const std::string& address, int connections) {
  return {.start =
              [stubs = Stubs<Echo>(address, connections)](int index, grpc::ClientContext* context,
                                                          grpc::CompletionQueue* queue, void* tag) {
                return stubs[static_cast<size_t>(index) % stubs.size()]->AsyncStream(context, queue, tag);
              },
          .next = [](uint64_t, Frame* frame) { frame->mutable_data()->resize(kEchoBytes, 'x'); },
          .is_answer = [](const Frame&) { return true; }};
}

Talk<v1::StreamRequest, v1::StreamResponse> SessionTalk(const std::string& address, int connections,
                                                        const Sessions& sessions) {
  return {
      .start =
          [stubs = Stubs<v1::Recurrent>(address, connections)](int index, grpc::ClientContext* context,
                                                               grpc::CompletionQueue* queue, void* tag) {
            return stubs[static_cast<size_t>(index) % stubs.size()]->AsyncStream(context, queue, tag);
          },
      .next =
          [sessions](uint64_t number, v1::StreamRequest* request) {
            if (number == 0) {
              request->clear_chunk();
              request->mutable_open()->set_model(sessions.model);
              request->mutable_open()->set_outputs(sessions.outputs);
              return;
            }
            request->clear_open();
            v1::Chunk* chunk = request->mutable_chunk();
            if (chunk->inputs_size() == 0) FillInputs(sessions.steps, sessions.input_size, chunk);
            chunk->set_first_step((number - 1) * static_cast<uint64_t>(sessions.steps));
          },
      .is_answer = [](const v1::StreamResponse& response) { return response.has_opened() || response.has_outputs(); }};
}

std::unique_ptr<SessionFlock> OpenSessions(const std::string& address, int count, int connections, int chunks) {
  auto flock = std::make_unique<SessionFlock>(SessionTalk(address, connections), count);
  for (int i = 0; i <= chunks; ++i) flock->Run(count);
  flock->CheckWhole();
  return flock;
}

}  // namespace recurd::bench
