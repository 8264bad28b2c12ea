#include "server/exporter/http_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>

#include "absl/strings/str_cat.h"

namespace recurd {
namespace {

// Each of the type that MHD_start_daemon, which can't check it, reads.
constexpr unsigned kMaxConnections = 16;
constexpr unsigned kIdleSeconds = 3;
constexpr size_t kConnectionBytes = 16384;
constexpr int kLastAnswersMs = 250;

constexpr int kNice = 10;

union SocketAddress {
  sockaddr_in6 v6;  // first, so that {} clears it all
  sockaddr_in v4;
  sockaddr any;
};

std::optional<SocketAddress> Parse(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  uint16_t port = 0;
  const char* end = address.data() + address.size();
  const auto [rest, error] = std::from_chars(address.data() + colon + 1, end, port);
  if (error != std::errc() || rest != end) return std::nullopt;

  std::string host = address.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  SocketAddress out = {};
  if (inet_pton(AF_INET, host.c_str(), &out.v4.sin_addr) == 1) {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(port);
    return out;
  }
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return std::nullopt;
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &out.v6.sin6_addr) != 1) return std::nullopt;
  return out;
}

MHD_Result Reply(MHD_Connection* connection, unsigned status, std::string text) {
  auto body = std::make_unique<std::string>(std::move(text));  // sent from where it is: it may be megabytes
  const auto free_body = [](void* sent) { delete static_cast<std::string*>(sent); };
  const std::unique_ptr<MHD_Response, void (*)(MHD_Response*)> response(
      MHD_create_response_from_buffer_with_free_callback_cls(body->size(), body->data(), free_body, body.get()),
      MHD_destroy_response);
  if (response == nullptr) return MHD_NO;
  body.release();
  MHD_add_response_header(response.get(), "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  MHD_add_response_header(response.get(), "Connection", "close");
  if (status == MHD_HTTP_METHOD_NOT_ALLOWED) MHD_add_response_header(response.get(), "Allow", "GET, HEAD");
  if (status == MHD_HTTP_UNAUTHORIZED) MHD_add_response_header(response.get(), "WWW-Authenticate", "Bearer");
  return MHD_queue_response(connection, status, response.get());
}

}  // namespace

// What libmicrohttpd calls.
struct HttpAnswers {
  static MHD_Result Answer(void* self, MHD_Connection* connection, const char* path, const char* method, const char*,
                           const char*, size_t*, void**) {
    setpriority(PRIO_PROCESS, 0, kNice);  // on Linux 0 is the calling thread
    const auto& listener = *static_cast<const HttpListener*>(self);
    if (method != std::string_view("GET") && method != std::string_view("HEAD")) {
      return Reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered\n");
    }
    if (path != std::string_view("/metrics")) return Reply(connection, MHD_HTTP_NOT_FOUND, "only /metrics is here\n");
    const char* shown = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    if (listener.admits_ && !listener.admits_(shown == nullptr ? "" : shown)) {
      return Reply(connection, MHD_HTTP_UNAUTHORIZED,
                   "send \"Authorization: Bearer TOKEN\" with a token that has the role metrics\n");
    }
    return Reply(connection, MHD_HTTP_OK, listener.page_());
  }

  // Whether it could; errno says why not.
  static bool Begin(HttpListener* listener, unsigned flags, MHD_OptionItem where) {
    const MHD_OptionItem options[] = {where, {MHD_OPTION_END, 0, nullptr}};
    // Without MHD_USE_ITC, a stop at the connection limit waits for the clients' timeout.
    listener->daemon_ = MHD_start_daemon(flags | MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC, 0, nullptr, nullptr,
                                         &Answer, listener, MHD_OPTION_ARRAY, options, MHD_OPTION_CONNECTION_LIMIT,
                                         kMaxConnections, MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,
                                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionBytes, MHD_OPTION_END);
    return listener->daemon_ != nullptr;
  }
};

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Start(const std::string& address, Page page,
                                                                  Admits admits) {
  std::optional<SocketAddress> parsed = Parse(address);
  if (!parsed) {
    return absl::InvalidArgumentError(absl::StrCat("\"", address,
                                                   "\" is no address to listen on; write IPv4:PORT, [IPv6]:PORT or "
                                                   "localhost:PORT, e.g. 127.0.0.1:8002, with a port of 0 to 65535"));
  }
  std::unique_ptr<HttpListener> listener(new HttpListener(std::move(page), std::move(admits)));
  const unsigned flags = parsed->any.sa_family == AF_INET6 ? MHD_USE_DUAL_STACK : MHD_NO_FLAG;
  if (HttpAnswers::Begin(listener.get(), flags, {MHD_OPTION_SOCK_ADDR, 0, &parsed->any})) return listener;
  const int error = errno;
  return absl::UnavailableError(absl::StrCat("can't listen on ", address, ": ", strerror(error),
                                             error == EADDRINUSE ? "; stop what holds it or choose another port" : ""));
}

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::TakeOver(int listener, Page page, Admits admits) {
  std::unique_ptr<HttpListener> taken(new HttpListener(std::move(page), std::move(admits)));
  if (HttpAnswers::Begin(taken.get(), MHD_NO_FLAG, {MHD_OPTION_LISTEN_SOCKET, listener, nullptr})) return taken;
  return absl::UnavailableError(absl::StrCat("can't answer scrapes on the socket that was passed: ", strerror(errno)));
}

HttpListener::~HttpListener() {
  if (daemon_ == nullptr) return;
  const MHD_socket listener = MHD_quiesce_daemon(daemon_);  // who connects from now on is the next process's
  const auto connections = [this] {
    return MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
  };
  for (int ms = 0; ms < kLastAnswersMs && connections() > 0; ++ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  MHD_stop_daemon(daemon_);
  if (listener != MHD_INVALID_SOCKET) close(listener);
}

int HttpListener::port() const { return MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port; }

}  // namespace recurd
