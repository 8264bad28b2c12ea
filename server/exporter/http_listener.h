#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

struct MHD_Daemon;

namespace recurd {

// A port that answers GET and HEAD of /metrics with one text, and nothing else; a connection is closed behind its
// answer. All connections are served by one thread of low priority (nice 10), which has the signal mask of Start's
// caller. At most 16 are held at once, the next wait; each has 16 KiB for the heads of its request and answer, and is
// closed when nothing moved on it for three seconds.
class HttpListener {
 public:
  // Both are called on the listener's thread.
  using Page = std::function<std::string()>;
  using Admits = std::function<bool(std::string_view)>;  // by a request's Authorization header, "" if it has none

  // Address: IPv4:PORT, [IPv6]:PORT or localhost:PORT; port 0 takes a free one; [::] is all of IPv4 too.
  // Who isn't admitted gets 401; without `admits` everybody is.
  // Errors: INVALID_ARGUMENT for another form; UNAVAILABLE naming the address and the system's reason.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Start(const std::string& address, Page page,
                                                             Admits admits = nullptr);
  // Answers on a non-blocking TCP socket that listens already, and closes it in the end. Errors: UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<HttpListener>> TakeOver(int listener, Page page, Admits admits = nullptr);

  // Takes no new connections; those that it has are answered within a quarter of a second, or closed.
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  int port() const;

 private:
  HttpListener(Page page, Admits admits) : page_(std::move(page)), admits_(std::move(admits)) {}
  friend struct HttpAnswers;

  const Page page_;
  const Admits admits_;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace recurd
