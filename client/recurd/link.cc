#include "recurd/link.h"

#include <grpc/support/time.h>

#include <utility>

namespace recurd {

Link::Link(std::shared_ptr<const Connection> connection, v1::StreamRequest open, const std::string& route)
    : connection_(std::move(connection)), open_(std::move(open)) {
  connection_->Authorize(&context_);
  context_.AddMetadata("recurd-route", route);
  stream_ = connection_->recurrent->PrepareAsyncStream(&context_, &queue_);
  stream_->StartCall(&starting_);
}

Link::~Link() {
  context_.TryCancel();
  queue_.Shutdown();
  void* tag;
  bool ok;
  while (queue_.Next(&tag, &ok)) {
  }
}

Link::Tag Link::Next(int64_t until_ns) {
  Tag tag = {nullptr, false};
  const gpr_timespec until = gpr_time_from_nanos(until_ns, GPR_TIMESPAN);
  const gpr_timespec deadline = {until.tv_sec, until.tv_nsec, GPR_CLOCK_MONOTONIC};
  if (queue_.AsyncNext(&tag.op, &tag.ok, deadline) != grpc::CompletionQueue::GOT_EVENT) tag.op = nullptr;
  return tag;
}

Link::Event Link::On(Tag tag) {
  if (tag.op == &starting_ && tag.ok) {
    started_ = true;
    Write(open_);
    Read();
  } else if (tag.op == &writing_) {
    writing_now_ = !tag.ok;  // after a failed one there is none: what is read says why
    if (tag.ok) return Event::kWritten;
  } else if (tag.op == &reading_ && tag.ok) {
    return Event::kMessage;
  } else if (tag.op == &starting_ || tag.op == &reading_) {
    stream_->Finish(&status_, &finishing_);
  } else if (tag.op == &waking_) {
    waking_now_ = false;
  } else if (tag.op == &finishing_) {
    return Event::kClosed;
  }
  return Event::kNone;
}

void Link::Wake() {
  if (waking_now_) return;
  waking_now_ = true;
  alarm_.Set(&queue_, gpr_now(GPR_CLOCK_MONOTONIC), &waking_);
}

void Link::Write(const v1::StreamRequest& request) {
  writing_now_ = true;
  stream_->Write(request, &writing_);
}

}  // namespace recurd
