#pragma once

#include <memory>
#include <string>

#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/bench/rpc/echo.grpc.pb.h"
#include "tests/bench/rpc/flock.h"

namespace recurd::bench {

using EchoFlock = Flock<Frame, Frame>;
using SessionFlock = Flock<v1::StreamRequest, v1::StreamResponse>;

// Streams to the bare echo over `connections` connections.
Talk<Frame, Frame> EchoTalk(const std::string& address, int connections = 1);

// Sessions of the daemon: the first message of a stream opens it, the others are chunks of `steps` steps.
struct Sessions {
  std::string model = "digits";
  int input_size = 8;
  int steps = 1;
  v1::Open::Outputs outputs = v1::Open::EVERY_STEP;
};
Talk<v1::StreamRequest, v1::StreamResponse> SessionTalk(const std::string& address, int connections = 1,
                                                        const Sessions& sessions = {});

// The sessions, opened, each after `chunks` chunks. Throws std::runtime_error if one breaks.
std::unique_ptr<SessionFlock> OpenSessions(const std::string& address, int count, int connections, int chunks = 0);

}  // namespace recurd::bench
