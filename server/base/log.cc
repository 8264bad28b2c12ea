#include "server/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

namespace recurd {
namespace {

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = spdlog::stderr_logger_mt("recurd");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    return made;
  }();
  return *logger;
}

}  // namespace

void LogInfo(const std::string& message) { Logger().info("{}", message); }
void LogWarning(const std::string& message) { Logger().warn("{}", message); }
void LogError(const std::string& message) { Logger().error("{}", message); }

absl::Status SetLogLevel(const std::string& level) {
  if (level != "debug" && level != "info" && level != "warning" && level != "error" && level != "off") {
    return absl::InvalidArgumentError(
        absl::StrCat("--log_level=", level, ": choose debug, info, warning, error or off"));
  }
  Logger().set_level(spdlog::level::from_str(level));
  return absl::OkStatus();
}

}  // namespace recurd
