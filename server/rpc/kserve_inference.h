#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/inference/grpc_predict_v2.pb.h"
#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "server/rpc/kserve_sequences.h"
#include "server/rpc/kserve_tensors.h"

namespace recurd::kserve {

// One ModelInferRequest on its way: checked whole, submitted to its sequence, answered. Unary calls and streams differ
// only in where it comes from and where it goes. A batch is as many whole sequences, computed one after the other.
// Reused from request to request.
class Inference : public SequenceRequest {
 public:
  // What all requests share.
  struct Server {
    Engine& engine;
    Metrics& metrics;
    const Clock& clock;
    SequenceTable& sequences;
  };

  // Serves `request`, which with `response` stays until OnAnswered; that may come within. `response` is cleared, and
  // filled if the answer is OK. deadline_ns: the first run must start before.
  void Begin(const Server& server, absl::string_view identity, const inference::ModelInferRequest& request,
             int64_t deadline_ns, inference::ModelInferResponse* response);

  // Instead of Begin: nobody may ask for this. OnAnswered doesn't follow.
  void Deny(const absl::Status& why);

  // The answer, from OnAnswered or Deny on.
  absl::StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }  // with an error

  // Counts the answer and lets go of the model; to be called when the answer has been handed to gRPC.
  void Encoded();

  // Bytes of the request's numbers and of its answer's, known once Begin returns; and their end.
  size_t HeldBytes() const;
  void Shrink();

 protected:
  // code() and the response are set. Must not end the call's frame.
  virtual void OnAnswered() = 0;

 private:
  // A batch's sequence that isn't the last, which is the request itself.
  struct Earlier final : SequenceRequest {
    float* OutputRoom(int count) override { return inference->RoomOf(index, count); }
    // If it was refused, so are those behind it.
    void OnDone() override { inference->on_fallback |= on_fallback; }
    Inference* inference = nullptr;
    int index = 0;
    StateImage begin_image;
  };

  // SequenceRequest
  float* OutputRoom(int count) override { return RoomOf(tensors_.batch - 1, count); }
  void OnDone() override;
  void OnLooked(Refusal found, std::string why) override;
  float* RoomOf(int index, int count);

  // Refusal::kNone, or why not, with the reason in *why. Until all of them have agreed, nothing changes.
  Refusal Check(absl::string_view identity, std::string* why);
  bool MayLook(Refusal found) const;
  Refusal FindServed(std::string* why);
  Refusal CheckSequence(std::string* why) const;
  Refusal CheckStep(std::string* why) const;
  Refusal CheckState(std::string* why) const;
  Refusal CheckBatch(std::string* why) const;
  void Submit();
  void Fill(SequenceRequest* request, StateImage* image, int index);
  void StartBatch();
  void Refuse(Refusal refusal, std::string why);
  std::string WhyRefused();
  void FillResponse();

  const Server* server_ = nullptr;
  Parameters parameters_;
  SequenceName name_;
  Sequence* live_ = nullptr;  // while it is being checked
  const inference::ModelInferRequest* request_ = nullptr;
  inference::ModelInferResponse* response_ = nullptr;
  std::shared_ptr<ServedModel> served_;
  Tensors tensors_;
  StateImage begin_image_;
  std::vector<Earlier> earlier_;
  std::vector<float> output_rows_;
  absl::StatusCode code_ = absl::StatusCode::kOk;
  std::string message_;
};

}  // namespace recurd::kserve
