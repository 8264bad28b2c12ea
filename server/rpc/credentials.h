#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/small_file.h"
#include "server/base/tokens.h"
#include "server/rpc/tls.h"

namespace recurd {

// The flags that security is made of.
struct SecurityOptions {
  std::string listen, metrics_listen, admin_listen;  // addresses; metrics_listen also "" or "off"
  TlsFiles tls;                                      // cert "": plain text
  std::string tokens_file;                           // "": nobody needs a token
};

// Whether the flags go together, and no token would cross a network in plain text.
// Errors: INVALID_ARGUMENT naming the flags and the way out.
absl::Status CheckSecurity(const SecurityOptions& options);

// The daemon's certificates and tokens, as their files have them. A file that changes is read again; one that then is
// broken changes nothing but the log. Threads: one, the admin thread.
class Credentials {
 public:
  // Logs whose certificate it is, and a warning where strangers may come in.
  // Errors: those of ServerTls::Load and Tokens::Read, naming flag and file.
  static absl::StatusOr<std::unique_ptr<Credentials>> Load(const SecurityOptions& options);

  std::shared_ptr<ServerTls> tls() const { return tls_; }           // nullptr: none
  std::shared_ptr<const Tokens> tokens() const { return tokens_; }  // nullptr: none
  bool has_files() const { return tls_ != nullptr || tokens_ != nullptr; }

  // Called with each new set of tokens.
  void OnTokens(std::function<void(std::shared_ptr<const Tokens>)> handler) { on_tokens_ = std::move(handler); }

  // Reads again what has changed since it was read last. To be called about once a second: what is being written is
  // left until it looks the same twice.
  void Follow();
  // Reads everything again, now.
  void Reread();

 private:
  // One that is read as a whole.
  struct Watched {
    std::vector<std::string> paths;
    void (Credentials::*reread)();
    std::vector<FileStamp> read, seen;

    std::vector<FileStamp> Now() const;
  };

  void RereadTls();
  void RereadTokens();
  void Watch(std::vector<std::string> paths, void (Credentials::*reread)());

  std::string tokens_file_;
  std::shared_ptr<ServerTls> tls_;
  std::shared_ptr<const Tokens> tokens_;
  std::function<void(std::shared_ptr<const Tokens>)> on_tokens_;
  std::vector<Watched> watched_;
};

}  // namespace recurd
