#include "server/exporter/process_stats.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <system_error>

namespace recurd {
namespace {

double CpuSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

std::optional<double> BootTimeSeconds() {
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    std::istringstream words(line);
    std::string key;
    double seconds = 0;
    if (words >> key >> seconds && key == "btime") return seconds;
  }
  return std::nullopt;
}

// proc(5), /proc/pid/stat: field 22 is the start in clock ticks after boot. Field 2, the program's name, may hold
// blanks and parentheses, so fields are counted from behind it.
std::optional<double> StartTimeSeconds() {
  const std::optional<double> boot = BootTimeSeconds();
  std::ifstream file("/proc/self/stat");
  std::string stat((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t name_end = stat.rfind(')');
  if (!boot || name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  return *boot + ticks / sysconf(_SC_CLK_TCK);
}

std::optional<double> OpenFds() {
  std::error_code error;
  double count = -1;  // less the one that lists them
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error))
    ++count;
  if (error) return std::nullopt;
  return count;
}

std::optional<double> MaxFds() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  if (limit.rlim_cur == RLIM_INFINITY) return std::numeric_limits<double>::infinity();
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  stats.cpu_seconds = CpuSeconds();
  stats.start_time_seconds = StartTimeSeconds();
  stats.open_fds = OpenFds();
  stats.max_fds = MaxFds();
  double virtual_pages = 0, resident_pages = 0;
  if (std::ifstream("/proc/self/statm") >> virtual_pages >> resident_pages) {
    const double page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    stats.virtual_bytes = virtual_pages * page_bytes;
    stats.resident_bytes = resident_pages * page_bytes;
  }
  return stats;
}

}  // namespace recurd
