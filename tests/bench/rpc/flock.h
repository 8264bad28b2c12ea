#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "grpcpp/grpcpp.h"

namespace recurd::bench {

// What a flock's streams send, and to whom.
template <typename Request, typename Response>
struct Talk {
  using Stream = grpc::ClientAsyncReaderWriter<Request, Response>;
  // Starts the stream of that index.
  std::function<std::unique_ptr<Stream>(int index, grpc::ClientContext*, grpc::CompletionQueue*, void* tag)> start;
  // Makes *request a stream's next one; `number` counts its requests from 0.
  std::function<void(uint64_t number, Request*)> next;
  std::function<bool(const Response&)> is_answer;
};

// Many streams on one completion queue, each with up to `ahead` messages unanswered. A stream that breaks or gets
// another answer sends no more and is counted. Threads: one, except for Cancel.
template <typename Request, typename Response>
class Flock {
 public:
  Flock(Talk<Request, Response> talk, int count, int ahead = 1)
      : talk_(std::move(talk)), ahead_(ahead), members_(static_cast<size_t>(count)) {
    for (int i = 0; i < count; ++i) {
      Member& member = members_[static_cast<size_t>(i)];
      member.stream = talk_.start(i, &member.context, &queue_, &member.started);
      ++pending_;
    }
    Work([](Member&) {});
  }
  ~Flock() {
    Cancel();
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  Flock(const Flock&) = delete;

  // Sends while `go_on` says so, asked before each message, and waits for the answers.
  void Run(const std::function<bool()>& go_on) {
    const auto send = [&](Member& member) {
      while (member.ready(ahead_) && go_on()) Send(member);
    };
    for (Member& member : members_) send(member);
    Work(send);
  }
  // The same for a number of messages: the first go to each stream in order.
  void Run(int messages) {
    Run([&messages] { return messages-- > 0; });
  }

  // Breaks all streams off. Threads: any.
  void Cancel() {
    for (Member& member : members_) member.context.TryCancel();
  }

  // Throws std::runtime_error if a stream broke.
  void CheckWhole() const {
    if (broken_ > 0) throw std::runtime_error(std::to_string(broken_) + " streams broke");
  }
  uint64_t answer_count() const { return answers_; }

 private:
  struct Member;
  struct Tag {
    Member* member;
    void (Flock::*handle)(Member&, bool ok);
  };
  struct Member {
    bool ready(int ahead) const { return !over && !writing && unanswered < ahead; }

    grpc::ClientContext context;
    std::unique_ptr<typename Talk<Request, Response>::Stream> stream;
    Response response;
    uint64_t sent = 0;
    int unanswered = 0;
    bool writing = false, over = false;
    Tag started{this, &Flock::OnStarted}, written{this, &Flock::OnWritten}, read{this, &Flock::OnRead};
  };

  void Send(Member& member) {
    talk_.next(member.sent++, &request_);
    member.writing = true;
    ++member.unanswered;
    pending_ += 2;
    member.stream->Write(request_, &member.written);
  }

  // Handles what comes until no start, write or answer is waited for. A read is always pending and doesn't count.
  void Work(const std::function<void(Member&)>& send) {
    void* tag;
    bool ok;
    while (pending_ > 0 && queue_.Next(&tag, &ok)) {
      Member& member = *static_cast<Tag*>(tag)->member;
      (this->*static_cast<Tag*>(tag)->handle)(member, ok);
      send(member);
    }
  }

  void OnStarted(Member& member, bool ok) {
    --pending_;
    ok ? member.stream->Read(&member.response, &member.read) : Break(member);
  }
  void OnWritten(Member& member, bool) {
    --pending_;
    member.writing = false;
  }
  void OnRead(Member& member, bool ok) {
    if (!ok || !talk_.is_answer(member.response)) return Break(member);
    --pending_;
    --member.unanswered;
    ++answers_;
    member.stream->Read(&member.response, &member.read);
  }
  void Break(Member& member) {
    member.over = true;
    ++broken_;
    pending_ -= member.unanswered;
  }

  const Talk<Request, Response> talk_;
  const int ahead_;
  grpc::CompletionQueue queue_;
  std::vector<Member> members_;
  Request request_;
  int pending_ = 0;
  int broken_ = 0;
  uint64_t answers_ = 0;
};

}  // namespace recurd::bench
