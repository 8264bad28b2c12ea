#ifndef RECURD_HW_SHIM_ADF_STREAMS_H_
#define RECURD_HW_SHIM_ADF_STREAMS_H_

#include <stdint.h>
#include <string.h>

#include "hw/emu/process.h"

// Stream ends as a kernel sees them. Source: UG1079, Stream Data Types; UG1076, Packet Stream Operations. C++17.
typedef int32_t int32;
typedef uint32_t uint32;

template <class T>
struct input_stream {
  static_assert(sizeof(T) == 4, "streams carry 32-bit words");
  recurd::emu::InPort port;
};
template <class T>
struct output_stream {
  static_assert(sizeof(T) == 4, "streams carry 32-bit words");
  recurd::emu::OutPort port;
};
// The 384 bits between a tile and the next; read and written as accumulators (aie_adf.hpp).
template <class T>
struct input_cascade {
  recurd::emu::InPort port;
};
template <class T>
struct output_cascade {
  recurd::emu::OutPort port;
};
struct input_pktstream {
  recurd::emu::InPort port;
};
struct output_pktstream {
  recurd::emu::OutPort port;
};

// Hints to the AIE compiler. The emulated tile overlaps what data and units allow; only a separator orders it.
#define chess_prepare_for_pipelining
#define chess_loop_range(...)
#define chess_unroll_loop(...)
#define chess_separator_scheduler() ::recurd::emu::Separate(::recurd::emu::CurrentTiming().loop_overhead)

// What kernels say of scalar instructions (hw/aie/kernels/command.h): plain C++ takes no time here.
#define RECURD_SCALAR_CYCLES(cycles)                                         \
  do {                                                                       \
    const ::recurd::hw::Timing& timing = ::recurd::emu::CurrentTiming();     \
    ::recurd::emu::Process& self = *::recurd::emu::t_process;                \
    self.scalar_ready = ::recurd::emu::Finish(self.scalar_ready + (cycles)); \
  } while (false)

template <class T>
T readincr(input_stream<T>* stream) {
  uint32_t word;
  recurd::emu::Process& self = *recurd::emu::t_process;
  self.scalar_ready = recurd::emu::Read(&stream->port, &word, 1, nullptr);
  T value;
  memcpy(&value, &word, 4);
  return value;
}

template <class T>
void writeincr(output_stream<T>* stream, T value) {
  uint32_t word;
  memcpy(&word, &value, 4);
  recurd::emu::Write(&stream->port, &word, 1, recurd::emu::t_process->scalar_ready, false);
}

inline int32 readincr(input_pktstream* stream, bool& tlast) {
  uint32_t word;
  recurd::emu::t_process->scalar_ready = recurd::emu::Read(&stream->port, &word, 1, &tlast);
  return static_cast<int32>(word);
}
inline int32 readincr(input_pktstream* stream) {
  bool ignored;
  return readincr(stream, ignored);
}

inline void writeincr(output_pktstream* stream, int32 value, bool tlast = false) {
  const uint32_t word = static_cast<uint32_t>(value);
  recurd::emu::Write(&stream->port, &word, 1, recurd::emu::t_process->scalar_ready, tlast);
}

inline uint32 getPacketid(output_pktstream* stream, int) { return stream->port.packet_id; }

// Bits: id 4:0, type 14:12, odd parity 31. The source's row and column (20:16, 27:21) are zero here.
inline void writeHeader(output_pktstream* stream, unsigned type, unsigned id) {
  uint32_t word = (id & 0x1f) | (type & 7) << 12;
  if (__builtin_parity(word) == 0) word |= 1u << 31;
  recurd::emu::Write(&stream->port, &word, 1, 0, false);
}

#endif  // RECURD_HW_SHIM_ADF_STREAMS_H_
