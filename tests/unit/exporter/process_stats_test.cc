#include "server/exporter/process_stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <thread>

namespace recurd {
namespace {

int CountOpenFds() {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += fcntl(fd, F_GETFD) != -1;
  return count;
}

TEST(ProcessStats, CountsDescriptors) {
  EXPECT_EQ(ReadProcessStats().open_fds, CountOpenFds());
  const int fd = open("/dev/null", O_RDONLY);
  EXPECT_EQ(ReadProcessStats().open_fds, CountOpenFds());
  close(fd);
}

TEST(ProcessStats, StartedInThePastAndNotLongAgo) {
  const double age_seconds = static_cast<double>(time(nullptr)) - ReadProcessStats().start_time_seconds.value();
  EXPECT_GT(age_seconds, -2);  // the kernel's boot time is a whole second
  EXPECT_LT(age_seconds, 300);
}

TEST(ProcessStats, CpuTimeGrowsWithTheWorkOfEveryThread) {
  const double before = ReadProcessStats().cpu_seconds;
  std::thread([] {
    const clock_t start = clock();
    while (clock() - start < CLOCKS_PER_SEC / 50) {
    }
  }).join();
  EXPECT_GE(ReadProcessStats().cpu_seconds - before, 0.015);
}

TEST(ProcessStats, ResidentMemoryGrowsWithTouchedMemory) {
  constexpr size_t kBytes = 64 << 20;
  const ProcessStats before = ReadProcessStats();
  void* touched = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(touched, MAP_FAILED);
  std::memset(touched, 1, kBytes);  // qemu-user doesn't know MAP_POPULATE
  const ProcessStats after = ReadProcessStats();
  munmap(touched, kBytes);
  EXPECT_GT(*after.resident_bytes - *before.resident_bytes, 60e6);
  EXPECT_GE(*after.virtual_bytes - *before.virtual_bytes, kBytes);
  EXPECT_GE(*after.virtual_bytes, *after.resident_bytes);
}

TEST(ProcessStats, TellsTheSoftLimitOfDescriptors) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(ReadProcessStats().max_fds, static_cast<double>(limit.rlim_cur));
}

}  // namespace
}  // namespace recurd
