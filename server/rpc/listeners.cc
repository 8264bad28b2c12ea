#include "server/rpc/listeners.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/listen_address.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

constexpr mode_t kAllButOwner = 0177;

absl::Status CantListen(const char* flag, const std::string& path, const std::string& reason) {
  return absl::UnavailableError(
      absl::StrCat("can't listen on '", path, "': ", reason, "; choose another with --", flag, "=unix:PATH"));
}

bool Answers(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const absl::Cleanup close_it = [fd] { close(fd); };
  sockaddr_un address = {.sun_family = AF_UNIX};
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 || errno == EAGAIN;
}

// gRPC would take the path from whoever listens there.
absl::Status FreePath(const char* flag, const std::string& path) {
  struct stat file = {};
  if (lstat(path.c_str(), &file) != 0) return absl::OkStatus();
  if (!S_ISSOCK(file.st_mode)) return CantListen(flag, path, "there is a file, and it is no socket");
  if (Answers(path)) return CantListen(flag, path, "another process listens there");
  if (unlink(path.c_str()) != 0) return CantListen(flag, path, strerror(errno));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listeners>> Listeners::Add(grpc::ServerBuilder& builder, ListenOptions options,
                                                          ConnectionMetrics& metrics) {
  auto listeners = absl::WrapUnique(new Listeners);
  listeners->options_ = std::move(options);
  const ListenOptions& wanted = listeners->options_;
  const auto credentials = wanted.tls ? wanted.tls->Credentials() : grpc::InsecureServerCredentials();
  RECURD_ASSIGN_OR_RETURN(const ListenAddress address, ListenAddress::Parse(wanted.listen));
  if (address.IsUnix() && wanted.listen_fd < 0) {
    RECURD_RETURN_IF_ERROR(FreePath("listen", address.unix_path));
    builder.AddListeningPort(wanted.listen, credentials, &listeners->listen_result_);
  } else if (address.IsUnix()) {
    listeners->listen_ = Open(builder, Acceptor::TakeOver(wanted.listen_fd, {}, listeners->uncounted_), credentials);
  } else if (wanted.listen_fd >= 0) {
    listeners->listen_ = Open(builder, Acceptor::TakeOver(wanted.listen_fd, wanted.connections, metrics), credentials);
  } else {
    RECURD_ASSIGN_OR_RETURN(auto acceptor, Acceptor::Listen(address, wanted.connections, metrics));
    listeners->listen_ = Open(builder, std::move(acceptor), credentials);
  }
  if (wanted.admin_listen.empty()) return listeners;
  RECURD_ASSIGN_OR_RETURN(const ListenAddress admin, ListenAddress::Parse(wanted.admin_listen));
  if (!admin.IsUnix() || address.IsUnix()) {
    return absl::InvalidArgumentError("the admin address must be the only one on a unix socket");
  }
  if (wanted.admin_fd >= 0) {
    listeners->admin_ = Open(builder, Acceptor::TakeOver(wanted.admin_fd, {}, listeners->uncounted_),
                             grpc::InsecureServerCredentials());
    return listeners;
  }
  RECURD_RETURN_IF_ERROR(FreePath("admin_listen", admin.unix_path));
  builder.AddListeningPort(wanted.admin_listen, grpc::InsecureServerCredentials(), &listeners->admin_result_);
  return listeners;
}

Listeners::Door Listeners::Open(grpc::ServerBuilder& builder, std::unique_ptr<Acceptor> acceptor,
                                std::shared_ptr<grpc::ServerCredentials> credentials) {
  return {std::move(acceptor),
          builder.experimental().AddExternalConnectionAcceptor(
              grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, std::move(credentials))};
}

absl::StatusOr<std::unique_ptr<grpc::Server>> Listeners::Start(grpc::ServerBuilder& builder) {
  const bool narrow = !options_.admin_listen.empty();
  const mode_t before = narrow ? umask(kAllButOwner) : 0;
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (narrow) umask(before);
  if (!server && listen_result_ == 0) return CantListen("listen", options_.listen, "the path can't be had");
  if (!server && admin_result_ == 0) return CantListen("admin_listen", options_.admin_listen, "the path can't be had");
  if (!server) return absl::InternalError("gRPC couldn't start its server; its log says why");
  for (Door* door : {&listen_, &admin_}) {
    if (door->acceptor) door->acceptor->Start(std::move(door->server));
  }
  return server;
}

void Listeners::LeaveInherited() {
  if (options_.listen_fd >= 0) listen_.acceptor->Stop();
  if (options_.admin_fd >= 0) admin_.acceptor->Stop();
}

void Listeners::Stop() {
  for (Door* door : {&listen_, &admin_}) {
    if (door->acceptor) door->acceptor->Stop();
  }
}

}  // namespace recurd
