#pragma once

#include <filesystem>
#include <string>

#include "tests/integration/child.h"

namespace recurd::bench {

// A repository in a temporary folder: the shipped model digits, and copies of it named copy1, copy2, ...
class CopiesRepository {
 public:
  explicit CopiesRepository(int models);
  ~CopiesRepository();
  CopiesRepository(const CopiesRepository&) = delete;
  std::string flag() const { return "--model_repository=" + path_.string(); }

  // Has each model compute some sequences, so that all its histograms count. Throws std::runtime_error.
  void UseAll(const Daemon& daemon) const;

 private:
  std::string Name(int index) const;
  const int models_;
  const std::filesystem::path path_;
};

}  // namespace recurd::bench
