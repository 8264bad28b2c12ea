#include "client/recurctl/load_stream.h"

namespace recurd {

void LoadStream::Start(const Connection& connection, grpc::CompletionQueue* queue) {
  connection.Authorize(&context_);
  stream_ = connection.recurrent->AsyncStream(&context_, queue, &start_tag_);
}

bool LoadStream::OnTag(Op op, bool ok) {
  switch (op) {
    case Op::kStart:
      over_ = !ok;
      if (ok) {
        SendOpen();
      } else {
        stream_->Finish(&status_, &finish_tag_);
      }
      return false;
    case Op::kWrite:
      writing_ = false;
      if (over_) stream_->Finish(&status_, &finish_tag_);
      return false;
    case Op::kRead:
      if (ok) {
        Note();
        return true;
      }
      over_ = true;
      if (!writing_) stream_->Finish(&status_, &finish_tag_);
      return false;
    case Op::kFinish:
      done_ = true;
      return false;
  }
  return false;
}

void LoadStream::SendOpen() {
  v1::StreamRequest request;
  *request.mutable_open() = open_;
  writing_ = true;
  stream_->Write(request, &write_tag_);
  ReadOn();
}

void LoadStream::Note() {
  if (response_.has_opened()) {
    next_step_ = response_.opened().next_step();
    opened_ = true;
  } else if (response_.has_outputs()) {
    next_step_ = response_.outputs().first_step() + response_.outputs().step_count();
    awaiting_ = false;
  } else if (response_.has_refused()) {
    next_step_ = response_.refused().expected_step();
    awaiting_ = false;
  }
}

void LoadStream::Send(v1::StreamRequest* request, int64_t due_ns, int64_t sent_ns) {
  due_ns_ = due_ns;
  sent_ns_ = sent_ns;
  ++sent_count_;
  request->mutable_chunk()->set_first_step(next_step_);
  writing_ = awaiting_ = true;
  stream_->Write(*request, &write_tag_);
}

void LoadStream::Close() {
  v1::StreamRequest request;
  request.mutable_close();
  closing_ = writing_ = true;
  stream_->WriteLast(request, grpc::WriteOptions(), &write_tag_);
}

}  // namespace recurd
