#pragma once

#include <filesystem>
#include <string>

namespace recurd::bench {

// A model repository in a temporary folder: the shipped models, and "large", a GRU of 128 units with one input and one
// output, whose weights are arbitrary.
class LargeModelRepository {
 public:
  LargeModelRepository();
  ~LargeModelRepository();
  LargeModelRepository(const LargeModelRepository&) = delete;
  std::string path() const { return path_.string(); }

 private:
  const std::filesystem::path path_;
};

}  // namespace recurd::bench
