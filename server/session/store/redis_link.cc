#include "server/session/store/redis_link.h"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/clock.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

constexpr long kMaxItems = 16;

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

// What Redis says, as a log may carry it.
std::string Shown(absl::string_view text) { return absl::CHexEscape(text.substr(0, 200)); }

// Makes lists as the library does, but none that is longer than ours are, or in another. Its versions differ in Count.
template <typename Count>
void* MakeShortList(const redisReadTask* task, Count count) {
  static const auto make = [] {
    const std::unique_ptr<redisReader, FreeReader> reader(redisReaderCreate());
    return reader->fn->createArray;
  }();
  return task->parent != nullptr || static_cast<long>(count) > kMaxItems ? nullptr : make(task, count);
}

RedisReply Take(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return {.kind = RedisReply::Kind::kNumber, .number = reply.integer};
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return {.kind = RedisReply::Kind::kText, .text = {reply.str, static_cast<size_t>(reply.len)}};
    case REDIS_REPLY_ERROR:
      return {.kind = RedisReply::Kind::kError, .text = Shown({reply.str, static_cast<size_t>(reply.len)})};
    case REDIS_REPLY_ARRAY: {
      RedisReply list = {.kind = RedisReply::Kind::kList};
      for (size_t i = 0; i < reply.elements; ++i) list.items.push_back(Take(*reply.element[i]));
      return list;
    }
    default:
      return {};
  }
}

class HiredisLink final : public RedisLink {
 public:
  explicit HiredisLink(redisContext* context) : context_(context) {
    functions_ = *context->reader->fn;
    functions_.createArray = &MakeShortList;
    context->reader->fn = &functions_;
  }

  void Send(absl::Span<const absl::string_view> words) override {
    std::vector<const char*> data;
    std::vector<size_t> sizes;
    for (const absl::string_view word : words) {
      data.push_back(word.data());
      sizes.push_back(word.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), data.data(), sizes.data());
  }

  absl::StatusOr<RedisReply> Receive() override {
    for (int done = 0; done == 0;) {
      if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return Error();
    }
    RedisReply reply;
    const int64_t until_ns = SteadyClock().NowNs() + int64_t{kAnswerMs} * 1'000'000;
    for (;;) {
      RECURD_ASSIGN_OR_RETURN(const bool whole, TakeRead(&reply));
      if (whole) return reply;
      if (SteadyClock().NowNs() > until_ns) {
        return absl::UnavailableError(absl::StrCat("no whole answer in ", kAnswerMs, " ms"));
      }
      if (redisBufferRead(context_.get()) != REDIS_OK) return Error();
    }
  }

  absl::StatusOr<std::vector<RedisReply>> TakePushed() override {
    if (redisBufferRead(context_.get()) != REDIS_OK) return Error();
    std::vector<RedisReply> pushed;
    for (RedisReply reply;;) {
      RECURD_ASSIGN_OR_RETURN(const bool whole, TakeRead(&reply));
      if (!whole) return pushed;
      pushed.push_back(std::move(reply));
    }
  }

  int fd() const override { return context_->fd; }

 private:
  absl::Status Error() const { return absl::UnavailableError(Shown(context_->errstr)); }

  // False: more must be read first.
  absl::StatusOr<bool> TakeRead(RedisReply* reply) {
    void* made = nullptr;
    if (redisGetReplyFromReader(context_.get(), &made) != REDIS_OK) return Error();
    const std::unique_ptr<redisReply, FreeReply> owned(static_cast<redisReply*>(made));
    if (owned) *reply = Take(*owned);
    if (context_->reader->len > kMaxReplyBytes) {
      return absl::UnavailableError(absl::StrCat("an answer of more than ", kMaxReplyBytes, " bytes"));
    }
    return owned != nullptr;
  }

  redisReplyObjectFunctions functions_;
  const std::unique_ptr<redisContext, FreeContext> context_;
};

}  // namespace

bool RedisLink::BuiltIn() { return true; }

absl::StatusOr<std::unique_ptr<RedisLink>> RedisLink::Connect(const RedisAddress& address,
                                                              const std::string& password) {
  const timeval timeout = {0, kTimeoutMs * 1000};
  redisContext* context = redisConnectWithTimeout(address.host.c_str(), address.port, timeout);
  if (context == nullptr) return absl::UnavailableError("out of memory");
  if (context->err != 0) {
    const std::string why = Shown(context->errstr);
    redisFree(context);
    return absl::UnavailableError(absl::StrCat(address.ToString(), ": ", why));
  }
  std::unique_ptr<RedisLink> link = std::make_unique<HiredisLink>(context);
  redisSetTimeout(context, timeout);
  redisEnableKeepAlive(context);
  absl::Status status;
  if (!password.empty()) status = link->Ask({"AUTH", password}).status();
  if (status.ok() && address.database != 0) {
    status = link->Ask({"SELECT", absl::StrCat(address.database)}).status();
  }
  if (!status.ok()) return absl::UnavailableError(absl::StrCat(address.ToString(), ": ", status.message()));
  return link;
}

}  // namespace recurd
