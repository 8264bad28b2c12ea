#ifndef RECURD_HW_SHIM_HLS_STREAM_H_
#define RECURD_HW_SHIM_HLS_STREAM_H_

#include "hw/emu/process.h"
#include "hw/shim/ap_axi_sdata.h"

// Stands in for the hls_stream.h of Vitis HLS: streams of 128-bit beats, one a PL cycle. C++14.
// Source: UG1399, HLS Stream Library.

// Ends a PL cycle in the emulator; nothing under Vitis, where one iteration of a loop with II=1 is a cycle.
#define RECURD_PL_CLOCK() ::recurd::emu::PlClock()

// What the operators of a pipelined loop take, in PL cycles, an expression of `timing`: a write of an iteration happens
// so much later than its reads, and the loop ends so much after its last iteration. Nothing under Vitis, where the
// operators speak for themselves.
#define RECURD_PL_LATER(cycles, write)                                               \
  do {                                                                               \
    const ::recurd::hw::Timing& timing = ::recurd::emu::CurrentTiming();             \
    ::recurd::emu::Process& process = *::recurd::emu::t_process;                     \
    const ::recurd::emu::Cycles delay = (cycles)*timing.pl_clock;                    \
    const ::recurd::emu::Cycles before = process.floor;                              \
    process.floor += delay;                                                          \
    write;                                                                           \
    process.floor = process.floor > before + delay ? process.floor - delay : before; \
  } while (false)
#define RECURD_PL_DRAIN(cycles)                                          \
  do {                                                                   \
    const ::recurd::hw::Timing& timing = ::recurd::emu::CurrentTiming(); \
    ::recurd::emu::t_process->floor += (cycles)*timing.pl_clock;         \
  } while (false)

namespace hls {

template <class T>
class stream;

template <>
class stream<ap_axiu<128, 0, 0, 0>> {
 public:
  typedef ap_axiu<128, 0, 0, 0> Beat;
  recurd::emu::InPort in;
  recurd::emu::OutPort out;

  Beat read() {
    Beat beat;
    bool last = false;
    const int words = recurd::emu::ReadBeat(&in, beat.data.words, &last);
    beat.keep = (uint64_t{1} << 4 * words) - 1;
    beat.last = last ? 1 : 0;
    return beat;
  }
  // Whole beats: nobody here writes a shorter one.
  void write(const Beat& beat) { recurd::emu::WriteBeat(&out, beat.data.words, 4, beat.last != 0); }

  // False where the other would wait: no beat has come, or there is no room for one.
  bool read_nb(Beat& beat) {
    if (!recurd::emu::BeatWaits(&in)) return false;
    beat = read();
    return true;
  }
  bool write_nb(const Beat& beat) {
    if (!recurd::emu::BeatHasRoom(&out)) return false;
    write(beat);
    return true;
  }
};

}  // namespace hls

#endif  // RECURD_HW_SHIM_HLS_STREAM_H_
