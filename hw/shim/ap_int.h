#ifndef RECURD_HW_SHIM_AP_INT_H_
#define RECURD_HW_SHIM_AP_INT_H_

#include <stdint.h>

// Stands in for the ap_int.h of Vitis HLS: ap_uint<> up to 128 bits with the operations that hw/pl uses. C++14.
// Source: UG1399, Arbitrary Precision Data Types.
template <int bits>
struct ap_uint {
  static_assert(bits > 0 && bits <= 128, "at most 128 bits");
  static constexpr int kWords = (bits + 31) / 32;
  uint32_t words[kWords] = {};

  ap_uint() = default;
  ap_uint(uint64_t value) {
    for (int i = 0; i < kWords && i < 2; ++i) words[i] = static_cast<uint32_t>(value >> 32 * i);
    Trim();
  }
  operator uint64_t() const {
    return words[0] | (kWords > 1 ? static_cast<uint64_t>(words[kWords > 1 ? 1 : 0]) << 32 : 0);
  }

  // Bits high..low, at most 32 of them.
  struct Range {
    ap_uint& of;
    int high, low;
    operator uint32_t() const {
      uint64_t pair = of.words[low / 32];
      if (high / 32 != low / 32) pair |= static_cast<uint64_t>(of.words[high / 32]) << 32;
      return static_cast<uint32_t>(pair >> low % 32 & Mask());
    }
    Range& operator=(uint32_t value) {
      const uint64_t mask = Mask() << low % 32, shifted = (value & Mask()) << low % 32;
      uint32_t& first = of.words[low / 32];
      first = static_cast<uint32_t>((first & ~mask) | shifted);
      if (high / 32 == low / 32) return *this;
      uint32_t& second = of.words[high / 32];
      second = static_cast<uint32_t>((second & ~(mask >> 32)) | shifted >> 32);
      return *this;
    }
    uint64_t Mask() const { return (uint64_t{1} << (high - low + 1)) - 1; }
  };
  Range operator()(int high, int low) { return Range{*this, high, low}; }
  Range range(int high, int low) { return Range{*this, high, low}; }

 private:
  void Trim() {
    if (bits % 32 != 0) words[kWords - 1] &= (uint32_t{1} << bits % 32) - 1;
  }
};

#endif  // RECURD_HW_SHIM_AP_INT_H_
