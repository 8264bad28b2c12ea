#ifndef RECURD_HW_PL_GRU_AGGREGATOR_H_
#define RECURD_HW_PL_GRU_AGGREGATOR_H_

#include "hw/config/geometry.h"
#include "hw/pl/activation_lut.h"
#include "hw/pl/pl_types.h"

namespace recurd {
namespace hw {

// Vectors under construction, one a gate, and what of them is still to be written.
template <int hidden_size>
struct gate_buffers {
  static constexpr int kWords = PaddedWords(hidden_size);
  uint32_t values[kGates][kWords];
  int missing[kGates];  // rows that have not come
  bool complete[kGates], writing[kGates];
  bool z_written;  // in this step
  int beat;        // of the vectors being written

  void clear() {
#pragma HLS INLINE
    for (int gate = 0; gate < kGates; ++gate) {
#pragma HLS UNROLL
      missing[gate] = hidden_size;
      complete[gate] = writing[gate] = false;
      for (int i = 0; i < kWords; ++i) values[gate][i] = 0;
    }
    z_written = false;
    beat = 0;
  }
  bool busy() const { return writing[kGateReset] || writing[kGateUpdate] || writing[kGateNew]; }
  // z and n share a stream, on which z goes first.
  bool new_gate_waits() const { return complete[kGateNew] && z_written; }
  // Begins with the vectors that are complete.
  void start_writing() {
#pragma HLS INLINE
    writing[kGateReset] = complete[kGateReset];
    writing[kGateUpdate] = complete[kGateUpdate];
    writing[kGateNew] = complete[kGateNew] && z_written;
    if (writing[kGateUpdate]) z_written = true;
    if (writing[kGateNew]) z_written = false;
    for (int gate = 0; gate < kGates; ++gate) {
#pragma HLS UNROLL
      complete[gate] = complete[gate] && !writing[gate];
    }
    beat = 0;
  }
};

// One packet from every interface tile: decodes who sent it, looks the activation up, files the value.
// Returns the echoes among the packets.
template <int hidden_size>
int read_packets(beat_stream rows[hidden_size / RowReuse(hidden_size)], const float (&sigmoid)[kLutWords],
                 const float (&tanh)[kLutWords], gate_buffers<hidden_size>& buffers) {
#pragma HLS INLINE
  int echoes = 0;
  for (int port = 0; port < hidden_size / RowReuse(hidden_size); ++port) {
#pragma HLS UNROLL
    beat_t packet = rows[port].read();
    const uint32_t tag = word_of(packet, 1);
    const uint32_t index = word_of(packet, 2);
    if ((tag & kTagEcho) != 0) {
      ++echoes;
      continue;
    }
    const uint32_t gate = GateOf(tag), row = RowOf(tag);
    if (gate >= kGates || row >= hidden_size || index >= kLutWords) continue;
    const float value = gate == kGateNew ? tanh[index] : sigmoid[index];
    __builtin_memcpy(&buffers.values[gate][row], &value, sizeof(value));
    --buffers.missing[gate];
  }
  for (int gate = 0; gate < kGates; ++gate) {
#pragma HLS UNROLL
    if (buffers.missing[gate] == 0) {
      buffers.missing[gate] = hidden_size;
      buffers.complete[gate] = true;
    }
  }
  return echoes;
}

// The next beat of the vectors under way.
template <int hidden_size>
void write_vectors(gate_buffers<hidden_size>& buffers, beat_stream& r, beat_stream& zn) {
#pragma HLS INLINE
  constexpr int last_beat = gate_buffers<hidden_size>::kWords / kBeatWords - 1;
  for (int gate = 0; gate < kGates; ++gate) {
#pragma HLS UNROLL
    if (!buffers.writing[gate]) continue;
    beat_t beat;
    for (int i = 0; i < kBeatWords; ++i) {
      beat.data(32 * i + 31, 32 * i) = buffers.values[gate][buffers.beat * kBeatWords + i];
    }
    beat.keep = 0xffff;
    beat.last = 0;
    if (gate == kGateReset)
      r.write(beat);
    else
      zn.write(beat);
    if (buffers.beat == last_beat) buffers.writing[gate] = false;
  }
  ++buffers.beat;
}

// The hybrid mapping's PL kernel, a state machine with one iteration of the loop a cycle: blocking reads from all
// interface tiles, decoding, activation; then the padded vectors leave, four words a cycle, the first of them in the
// iteration of the last read, a cycle later. So a vector has depth 1 + B and interval B with B = 2 * ceil(H / 8) beats.
// No iteration writes first and reads then: hardware would keep the write until the read is done, and what is to be
// read may wait for the write.
// With row reuse each interface tile brings that many packets of a gate, and as many reads come before a vector.
//   control: commands and state rows, from the feeder. rows: packets, one port a group of rows.
//   r: reset vectors. zn: commands, state rows, z and n; each RELOAD once more when every row has answered it.
// Source: arXiv 2511.15626, section 4, steps 1-4, and Table 1.   Never returns.   C++14.
template <int hidden_size>
void gru_aggregator(beat_stream& control, beat_stream rows[hidden_size / RowReuse(hidden_size)], beat_stream& r,
                    beat_stream& zn) {
  constexpr int reuse = RowReuse(hidden_size), ports = hidden_size / reuse;
  RECURD_ROM(sigmoid, fill_sigmoid);
  RECURD_ROM(tanh, fill_tanh);
#pragma HLS ARRAY_PARTITION variable = rows complete
  gate_buffers<hidden_size> buffers;
#pragma HLS ARRAY_PARTITION variable = buffers.values complete dim = 0
  buffers.clear();
  enum { kIdle, kState, kGather } state = kIdle;
  uint64_t reads_left = 0;  // packets of each port
  int echoes_left = 0, state_beats = 0;
  beat_t command_beat;
  for (;;) {
#pragma HLS PIPELINE II = 1 style = flp
    if (!buffers.busy()) {
      if (buffers.new_gate_waits()) {
        // It goes before anything is read: what comes next may need it.
      } else if (state == kIdle) {
        command_beat = control.read();
        const Command command = command_of(command_beat);
        const uint32_t op = OpOf(command.head);
        zn.write(command_beat);
        reads_left = op == kOpRun      ? static_cast<uint64_t>(command.steps) * (kGates * reuse)
                     : op == kOpReload ? kGates
                                       : 0;
        echoes_left = op == kOpReload ? kGates * ports : 0;
        state_beats = gate_buffers<hidden_size>::kWords / kBeatWords;
        state = reads_left > 0 ? kGather : op == kOpSwitch ? kState : kIdle;
      } else if (state == kState) {
        zn.write(control.read());
        if (--state_beats == 0) state = kIdle;
      } else {
        const int echoes = read_packets<hidden_size>(rows, sigmoid, tanh, buffers);
        echoes_left -= echoes;
        if (echoes > 0 && echoes_left == 0) zn.write(command_beat);
        if (--reads_left == 0) state = kIdle;
      }
      buffers.start_writing();
    }
    if (buffers.busy()) RECURD_PL_LATER(1, (write_vectors<hidden_size>(buffers, r, zn)));
    RECURD_PL_CLOCK();
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_GRU_AGGREGATOR_H_
