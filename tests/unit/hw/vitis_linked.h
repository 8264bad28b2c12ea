#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hw/emu/gru_system.h"
#include "hw/emu/memory_port.h"
#include "hw/pl/tops.h"
#include "tests/unit/hw/system_cfg.h"

namespace recurd::emu {

// What v++ links: top functions of hw/pl/*.cc as units, joined to each other and to System's graph as
// hw/vitis/system_cfg.py says. What all mappings have is here, and a host in front of it: memory and registers.
template <class System>
class VitisLinked : public System, private BoardMemory {
 public:
  // Hands over one job and returns what the array yields for it: commands as they were, and the rows behind them,
  // `result_words` in all.
  std::vector<uint32_t> Move(const std::vector<uint32_t>& words, size_t result_words) {
    Pass();
    EXPECT_EQ(registers_.generation, registers_.abort);
    std::copy(words.begin(), words.end(), reinterpret_cast<uint32_t*>(Ring(kInput)));
    registers_.input_beats = static_cast<uint32_t>(words.size() / hw::kBeatWords);
    ++registers_.submit;
    for (int i = 0; i < 10000 && registers_.done != registers_.submit; ++i) Pass();
    EXPECT_EQ(registers_.done, registers_.submit) << this->engine().Waiting();
    EXPECT_EQ(registers_.fault, hw::kFaultNone);
    const std::vector<uint32_t> results = WithoutEnds(words);
    EXPECT_EQ(results.size(), result_words);
    return results;
  }

  // What a host reads, and what it has written.
  struct Registers {
    uint32_t magic, abi, build_id, geometry, numerics, generation, heartbeat, fault, done;
    uint32_t abort, submit, input_beats;
  };
  const Registers& registers() const { return registers_; }

 protected:
  VitisLinked() : System(hw::Timing(), {}) {
    static uint32_t hosts = 0;
    registers_.abort = ++hosts;  // the block keeps its state from host to host
    this->engine().Advance(0);
    input_.Connect(this, kInput);
    result_.Connect(this, kResult);
    AddUnit("control", {"jobs", "aborts", "finished"}, [this] {
      Registers& r = registers_;
      for (;;) {
        AwaitNow();
        ::control(&r.magic, &r.abi, &r.build_id, &r.geometry, &r.numerics, &r.generation, &r.heartbeat, &r.fault,
                  &r.done, r.abort, r.submit, 0, r.input_beats, 0, window_, Port("control.jobs"),
                  Port("control.aborts"), Port("control.finished"));
      }
    });
    AddUnit("fetch", {"jobs", "commands", "orders"},
            [this] { ::fetch(&input_, kRingBeats, Port("fetch.jobs"), Port("fetch.commands"), Port("fetch.orders")); });
    AddUnit("store", {"orders", "y", "aborts", "finished"}, [this] {
      ::store(&result_, kRingBeats, Port("store.orders"), Port("store.y"), Port("store.aborts"),
              Port("store.finished"));
    });
    AddUnit("feeder", {"commands", "x", "control"},
            [this] { ::feeder(Port("feeder.commands"), Port("feeder.x"), Port("feeder.control")); });
  }

  void AddUnit(const std::string& name, const std::vector<std::string>& ports, std::function<void()> body) {
    units_[name] = this->AddPlKernel(name, std::move(body));
    for (const std::string& port : ports) {
      streams_.push_back(std::make_unique<hw::beat_stream>());
      ports_[name + "." + port] = streams_.back().get();
    }
  }
  // An array of ports.
  template <size_t count>
  void AddPorts(const std::string& name, hw::beat_stream (&streams)[count]) {
    for (size_t i = 0; i < count; ++i) ports_[name + "_" + std::to_string(i)] = &streams[i];
  }
  // Makes no string: a kernel that never returns would never free it.
  hw::beat_stream& Port(const char* name) const { return *ports_.find(name)->second; }

  // After the graph has been elaborated.
  void JoinAll(const SystemCfg& cfg) {
    for (const auto& [from, to] : cfg.streams) Join(from, to);
  }

 private:
  static constexpr uint32_t kRingBeats = 1 << 16;
  static constexpr uint64_t kInput = 1 << 20, kResult = 1 << 24;

  uint8_t* At(uint64_t address, size_t) override {
    return address >= kResult ? Ring(kResult) + (address - kResult) : Ring(kInput) + (address - kInput);
  }
  uint8_t* Ring(uint64_t ring) { return reinterpret_cast<uint8_t*>(rings_[ring == kInput ? 0 : 1].data()); }

  void Pass() {
    this->engine().Advance(this->engine().now() + 10000);
    this->engine().Run();
  }

  // The records of these commands as y has them.
  std::vector<uint32_t> WithoutEnds(const std::vector<uint32_t>& words) {
    constexpr size_t kStateWords = hw::Design::kStateWords, kInputWords = hw::PaddedWords(hw::Design::kInput);
    std::vector<uint32_t> results;
    const uint32_t* record = rings_[1].data();
    for (size_t at = 0; at < words.size();) {
      const bool run = hw::OpOf(words[at]) == hw::kOpRun;
      const uint32_t rows = run ? words[at + 1] : 1;
      results.insert(results.end(), &words[at], &words[at] + hw::kBeatWords);
      for (uint32_t row = 0; row < rows; ++row) {
        results.insert(results.end(), record, record + kStateWords);
        record += kStateWords + hw::kBeatWords;
        EXPECT_EQ(record[-4], words[at + 3]);
        EXPECT_EQ(record[-3], row);
      }
      at += hw::kBeatWords + rows * (run ? kInputWords : kStateWords);
    }
    return results;
  }

  void Join(const std::string& from, const std::string& to) {
    if (UnitOf(from) == "ai_engine_0") {
      ports_.at(to)->in = this->array().PlReads(PortOf(from), units_.at(UnitOf(to)));
    } else if (UnitOf(to) == "ai_engine_0") {
      ports_.at(from)->out = this->array().PlWrites(PortOf(to));
    } else {
      this->ConnectFifo(from, units_.at(UnitOf(from)), &ports_.at(from)->out, units_.at(UnitOf(to)),
                        &ports_.at(to)->in);
    }
  }

  std::map<std::string, Process*> units_;
  std::map<std::string, hw::beat_stream*, std::less<>> ports_;
  std::vector<std::unique_ptr<hw::beat_stream>> streams_;
  Registers registers_ = {};
  uint32_t window_[hw::kWindowWords] = {};
  std::vector<uint32_t> rings_[2] = {std::vector<uint32_t>(kRingBeats * hw::kBeatWords),
                                     std::vector<uint32_t>(kRingBeats* hw::kBeatWords)};
  MemoryPort input_, result_;
};

}  // namespace recurd::emu
