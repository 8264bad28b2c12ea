#ifndef RECURD_TESTS_VIRTUAL_BOARD_BOARD_FIXTURE_H_
#define RECURD_TESTS_VIRTUAL_BOARD_BOARD_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "hw/emu/commands.h"
#include "tests/virtual_board/board_client.h"
#include "tests/virtual_board/xclbin_writer.h"

namespace recurd {
namespace virtual_board {

// A board that was just switched on, and xclbins for it. The design is a GRU of 32 units, reset after the matrix, on
// `lanes` unless a test says otherwise.
class BoardTest : public testing::Test {
 protected:
  static constexpr int kHidden = 32, kInput = 8;

  BoardTest() : device(0u) { Reset(); }
  ~BoardTest() override {
    client.reset();
    Reset();
    std::filesystem::remove_all(folder_);
  }

  virtual hw::Mapping mapping() const { return hw::kMappingLanes; }
  const emu::Placement& Placement() const {
    return *emu::FindPlacement(mapping(), {kHidden, kInput, hw::LaneCell::kGruAfter});
  }

  // Path of a new file.
  std::string Xclbin(XclbinKind kind = XclbinKind::kFull, std::array<uint8_t, 16> uuid = {}, uint32_t build_id = 7) {
    const XclbinOptions options = {&Placement(), build_id, kind, uuid};
    const std::string path = (folder_ / (std::to_string(++files_) + ".xclbin")).string();
    std::ofstream(path, std::ios::binary) << MakeXclbin(options);
    return path;
  }

  BoardClient& Open(const std::string& xclbin) {
    client = std::make_unique<BoardClient>(device, xclbin);
    return *client;
  }
  // With weights, graph and movers.
  BoardClient& Started() {
    Open(Xclbin());
    WriteWeights(1);
    client->Start();
    return *client;
  }

  static std::vector<float> Random(size_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<float> values(count);
    for (float& value : values) value = std::uniform_real_distribution<float>(-0.5f, 0.5f)(random);
    return values;
  }
  static emu::GruWeights Weights(uint32_t seed) {
    return {kHidden,
            kInput,
            Random(3 * kHidden * kInput, seed),
            Random(3 * kHidden * kHidden, seed + 1),
            Random(3 * kHidden, seed + 2),
            Random(kHidden, seed + 3)};
  }
  std::vector<emu::GruSystem::Parameter> Parameters(uint32_t seed) const {
    const auto system = Placement().make(hw::Timing());
    return (*system)->Parameters(std::vector<emu::GruWeights>(Placement().weight_sets, Weights(seed)));
  }
  // XRT 2.13 takes objects of a type's size in C++, and any size in C.
  void WriteWeights(uint32_t seed) {
    xrtDeviceHandle open = xrtDeviceOpenFromXcl(device);
    xrtGraphHandle graph = xrtGraphOpen(open, client->uuid().get(), "gru");
    for (const auto& each : Parameters(seed)) {
      const auto* bytes = reinterpret_cast<const char*>(each.words.data());
      ASSERT_EQ(xrtGraphUpdateRTP(graph, each.port.c_str(), bytes, 4 * each.words.size()), 0) << each.port;
    }
    xrtGraphClose(graph);
    xrtDeviceClose(open);
  }

  static std::vector<uint32_t> RunJob(uint32_t sequence, const std::vector<float>& x) {
    emu::CommandWriter writer;
    writer.Run(0, 0, sequence, x.data(), static_cast<int>(x.size()) / kInput, kInput);
    return writer.Take();
  }
  static constexpr size_t kRecordWords = kHidden + hw::kBeatWords;
  static std::vector<uint32_t> Records(const std::vector<uint32_t>& rows, uint32_t sequence, uint32_t generation) {
    std::vector<uint32_t> records;
    for (uint32_t row = 0; row < rows.size() / kHidden; ++row) {
      std::vector<uint32_t> record(rows.begin() + row * kHidden, rows.begin() + (row + 1) * kHidden);
      record.insert(record.end(), {sequence, row, generation, 0});
      uint32_t check = 0;
      for (size_t i = 0; i < record.size(); i += 4) {
        check = hw::CheckBeat(check, record[i], record[i + 1], record[i + 2], record[i + 3]);
      }
      record.back() = check;
      records.insert(records.end(), record.begin(), record.end());
    }
    return records;
  }
  // The states that the array alone yields, without the board.
  std::vector<uint32_t> EmulatedRows(uint32_t seed, const std::vector<uint32_t>& job, size_t steps) const {
    auto system = *Placement().make(hw::Timing());
    system->SetWeights(std::vector<emu::GruWeights>(Placement().weight_sets, Weights(seed)));
    system->Give(job);
    EXPECT_TRUE(system->RunUntil(hw::kBeatWords + steps * kHidden).ok());
    return {system->results().begin() + hw::kBeatWords, system->results().end()};
  }

  xrt::device device;
  const BoardHooks hooks;
  std::unique_ptr<BoardClient> client;

 private:
  void Reset() {
    hooks.set_faults("");
    hooks.power_cycle();
  }

  const std::filesystem::path folder_ = [] {
    std::string path = testing::TempDir() + "recurd_board_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) ADD_FAILURE() << path;
    return path;
  }();
  int files_ = 0;
};

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_BOARD_FIXTURE_H_
