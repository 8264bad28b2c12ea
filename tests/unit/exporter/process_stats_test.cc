#include "server/exporter/process_stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <vector>

namespace recurd {
namespace {

TEST(ProcessStats, CountsOneMoreDescriptorForEachThatIsOpened) {
  const double before = ReadProcessStats().open_fds.value();
  const int fd = open("/dev/null", O_RDONLY);
  EXPECT_EQ(ReadProcessStats().open_fds, before + 1);
  close(fd);
  EXPECT_EQ(ReadProcessStats().open_fds, before);
}

TEST(ProcessStats, StartedInThePastAndNotLongAgo) {
  const double age_seconds = static_cast<double>(time(nullptr)) - ReadProcessStats().start_time_seconds.value();
  EXPECT_GT(age_seconds, -2);  // the kernel's boot time is a whole second
  EXPECT_LT(age_seconds, 300);
}

TEST(ProcessStats, CpuTimeGrowsWithWork) {
  const double before = ReadProcessStats().cpu_seconds;
  const clock_t start = clock();
  while (clock() - start < CLOCKS_PER_SEC / 50) {
  }
  EXPECT_GE(ReadProcessStats().cpu_seconds - before, 0.015);
}

TEST(ProcessStats, ResidentMemoryGrowsWithTouchedMemory) {
  const double before = ReadProcessStats().resident_bytes.value();
  const std::vector<char> touched(64 << 20, 1);
  const ProcessStats after = ReadProcessStats();
  EXPECT_GT(*after.resident_bytes - before, 60e6) << touched.size();
  EXPECT_GE(*after.virtual_bytes, *after.resident_bytes);
}

TEST(ProcessStats, TellsTheSoftLimitOfDescriptors) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(ReadProcessStats().max_fds, static_cast<double>(limit.rlim_cur));
}

}  // namespace
}  // namespace recurd
