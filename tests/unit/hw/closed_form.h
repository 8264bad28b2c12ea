#pragma once

#include <gtest/gtest.h>

#include <string>

#include "hw/emu/step_times.h"
#include "hw/model/closed_form.h"

namespace recurd::emu {

// The constants as they are, and changed ones: long crossings and slow kernels; a PL clock that divides nothing evenly.
inline constexpr const char* kTimingFiles[] = {
    "",
    "cdc_to_aie = 24\n cdc_to_pl = 40\n cdc_fifo = 48\n switch_hop = 3\n reduce_level = 5\n loop_overhead = 12\n"
    "move_latency = 2\n load_latency = 9\n packet_residual = 7",
    "pl_clock = 5\n mac_latency = 8\n add_latency = 4\n convert_latency = 6\n compare_latency = 3\n switch_hop = 6\n"
    "cdc_to_pl = 5\n cdc_to_aie = 7",
};

// The closed form's first step, steady period and switch are within two PL cycles of the emulator's.
inline void ExpectClosedForm(const MakeGruSystem& make, const hw::Shape& shape) {
  constexpr int kSteps = 20;
  for (const char* text : kTimingFiles) {
    SCOPED_TRACE("mapping " + std::to_string(shape.mapping) + " H=" + std::to_string(shape.hidden_size) +
                 " I=" + std::to_string(shape.input_size) + " with timing constants: " + text);
    hw::Timing timing;
    ASSERT_EQ(hw::OverrideTiming(text, &timing), "");
    const auto emulated = RunStepTimes(make, timing, shape.hidden_size, shape.input_size, kSteps);
    ASSERT_TRUE(emulated.ok()) << emulated.status();
    const hw::ClosedForm form = hw::ComputeClosedForm(shape, timing);
    const double bound = 2 * static_cast<double>(timing.pl_clock);
    EXPECT_NEAR(static_cast<double>(form.first), static_cast<double>(emulated->first), bound) << "first";
    EXPECT_NEAR(static_cast<double>(form.steady), emulated->steady, bound) << "steady";
    EXPECT_NEAR(static_cast<double>(form.switch_in), static_cast<double>(emulated->switch_in), bound) << "switch";
  }
}

}  // namespace recurd::emu
