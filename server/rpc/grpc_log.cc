#include "server/rpc/grpc_log.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "grpc/support/log.h"
#include "server/base/log.h"

namespace recurd {
namespace {

constexpr int kLinesASecond = 10;

// Any thread of gRPC's. Two that begin a second at once may count a line wrongly, no more.
void Log(gpr_log_func_args* line) {
  static std::atomic<int64_t> second{0};
  static std::atomic<int> lines{0};
  using std::chrono::steady_clock, std::chrono::seconds;
  const int64_t now = std::chrono::duration_cast<seconds>(steady_clock::now().time_since_epoch()).count();
  if (second.exchange(now, std::memory_order_relaxed) != now) {
    const int left_out = lines.exchange(0, std::memory_order_relaxed) - kLinesASecond;
    if (left_out > 0) LogWarning(absl::StrCat("gRPC: ", left_out, " more lines like these"));
  }
  if (lines.fetch_add(1, std::memory_order_relaxed) >= kLinesASecond) return;
  const std::string text = absl::StrCat("gRPC: ", line->message);
  line->severity == GPR_LOG_SEVERITY_ERROR ? LogError(text) : LogInfo(text);
}

}  // namespace

void ShareLogWithGrpc() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function(&Log);
}

}  // namespace recurd
