#pragma once

#include "server/rpc/task.h"

namespace recurd {

class RpcServer;

// Each of these answers one kind of call of recurd.v1.Recurrent, always with one pending, until the queue shuts down.
Detached ServeStream(RpcServer* rpc);    // stream_call.cc
Detached ServeInfer(RpcServer* rpc);     // infer_call.cc
void ServeModelCalls(RpcServer* rpc);    // model_calls.cc: List-, Get-, Load-, UnloadModel, GetServerInfo
void ServeSessionCalls(RpcServer* rpc);  // session_calls.cc: List-, Get-, Export-, Import-, CloseSession

}  // namespace recurd
