#include "tests/integration/digits.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace recurd {
namespace {

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "digits: %s\n", what);
  std::abort();
}

void ReadSequences(Digits* digits) {
  std::ifstream file(RECURD_SOURCE_DIR "/deploy/models/digits/held_out.csv");
  std::string line;
  if (!std::getline(file, line)) Die("no held_out.csv");
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::vector<float> values;
    for (std::string field; std::getline(fields, field, ',');) values.push_back(std::stof(field));
    if (values.size() != 11) Die("a line of held_out.csv hasn't 11 fields");
    const auto sequence = static_cast<size_t>(values[0]);
    if (sequence >= digits->sequences.size()) digits->sequences.resize(sequence + 1);
    digits->sequences[sequence].label = static_cast<int>(values[2]);
    digits->sequences[sequence].rows.emplace_back(values.begin() + 3, values.end());
  }
}

}  // namespace

Golden LoadGolden(const std::string& name) {
  std::ifstream file(RECURD_SOURCE_DIR "/tests/golden/" + name, std::ios::binary);
  char magic[8];
  uint32_t header[4];
  if (!file.read(magic, 8) || std::string(magic, 8) != "RCGOLD01") Die("a golden file has another magic");
  file.read(reinterpret_cast<char*>(header), sizeof header);
  if (!file || header[0] != 1) Die("a golden file has another version");
  Golden golden(header[1], {header[2], std::vector<float>(header[3])});
  for (auto& sequence : golden) {
    for (auto& row : sequence) {
      file.read(reinterpret_cast<char*>(row.data()), static_cast<std::streamsize>(row.size() * sizeof(float)));
    }
  }
  if (!file) Die("a golden file is too short");
  return golden;
}

Digits LoadDigits(const std::string& model) {
  Digits digits;
  ReadSequences(&digits);
  digits.golden = LoadGolden(model + "_outputs.bin");
  if (digits.golden.size() != digits.sequences.size()) Die("the golden outputs don't fit held_out.csv");
  return digits;
}

}  // namespace recurd
