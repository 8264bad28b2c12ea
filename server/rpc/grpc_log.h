#pragma once

namespace recurd {

// From now on gRPC's errors go to this program's log, at most ten lines a second, the others counted: strangers can
// make it write one with each connection. With GRPC_VERBOSITY in the environment gRPC keeps a log of its own, for
// debugging.
void ShareLogWithGrpc();

}  // namespace recurd
