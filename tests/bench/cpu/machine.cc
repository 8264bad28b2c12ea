#include "tests/bench/cpu/machine.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <thread>

#include "server/numeric/kernels.h"

namespace recurd::bench {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string Processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(": ") + 2);
  }
  return "unknown processor";
}

std::string Caches() {
  std::string text;
  for (int i = 0; i < 8; ++i) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i) + "/";
    const std::string type = FirstLine(folder + "type");
    if (type.empty() || type == "Instruction") continue;
    text += (text.empty() ? "L" : ", L") + FirstLine(folder + "level") + " " + FirstLine(folder + "size");
  }
  return text.empty() ? "caches unknown" : text;
}

std::string Now() {
  char text[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  return text;
}

}  // namespace

std::string DescribeMachine() {
  const std::string load = FirstLine("/proc/loadavg");
  return "machine: " + Processor() + ", " + std::to_string(std::thread::hardware_concurrency()) +
         " CPUs\ncaches: " + Caches() + "\ntarget: " + BestKernels().target +
         "\nload average: " + load.substr(0, load.find(' ')) + "\ndate: " + Now() + "\n";
}

}  // namespace recurd::bench
