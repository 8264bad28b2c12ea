#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace recurd {

// What a shell command printed on stdout, and the exit code of its last process.
struct ShellResult {
  int exit_code;
  std::string output;
};

inline ShellResult RunShell(const std::string& line) {
  std::FILE* pipe = popen(line.c_str(), "r");
  std::string output;
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  return {WEXITSTATUS(pclose(pipe)), output};
}

}  // namespace recurd
