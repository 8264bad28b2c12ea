#ifndef RECURD_HW_SHIM_HLS_BURST_MAXI_H_
#define RECURD_HW_SHIM_HLS_BURST_MAXI_H_

#include "hw/emu/memory_port.h"
#include "hw/shim/ap_int.h"

// Stands in for the hls_burst_maxi.h of Vitis HLS: bursts of 128-bit beats that the kernel asks for itself. C++14.
// Source: UG1399, Using Manual Burst.
namespace hls {

template <class T>
class burst_maxi;

template <>
class burst_maxi<ap_uint<128>> {
 public:
  burst_maxi(recurd::emu::MemoryPort* port) : port_(port) {}

  // In beats. The adapter makes of a long request as many bursts as it takes.
  void read_request(uint64_t offset, uint64_t beats) { port_->ReadRequest(offset, beats); }
  ap_uint<128> read() {
    ap_uint<128> beat;
    port_->Read(beat.words);
    return beat;
  }
  void write_request(uint64_t offset, uint64_t beats) { port_->WriteRequest(offset, beats); }
  void write(const ap_uint<128>& beat) { port_->Write(beat.words); }
  // Once for each write_request.
  void write_response() { port_->WriteResponse(); }

 private:
  recurd::emu::MemoryPort* port_;
};

}  // namespace hls

#endif  // RECURD_HW_SHIM_HLS_BURST_MAXI_H_
