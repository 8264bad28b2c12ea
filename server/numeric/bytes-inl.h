// Products of matrices that are stored as bytes (narrow.h): x becomes bytes too, sums are whole numbers.
#if defined(RECURD_NUMERIC_BYTES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RECURD_NUMERIC_BYTES_INL_H_
#undef RECURD_NUMERIC_BYTES_INL_H_
#else
#define RECURD_NUMERIC_BYTES_INL_H_
#endif

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "server/numeric/narrow.h"
#include "server/numeric/panel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

// The dot product instruction takes unsigned bytes of x: 128 more, which PackedMatrix::offset takes off again.
constexpr bool kUnsignedBytes = HWY_TARGET == HWY_AVX3_DL;

// The largest magnitude of x, as the bits of a float: ordered as the floats are, and above infinity for a NaN.
HWY_INLINE int32_t LargestMagnitude(const float* x, int size) {
  constexpr int32_t kMagnitude = 0x7fffffff;
  const DI di;
  VI largest = hn::Zero(di);
  int i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    largest = hn::Max(largest, hn::And(hn::BitCast(di, hn::LoadU(D(), x + i)), hn::Set(di, kMagnitude)));
  }
  int32_t result = hn::GetLane(hn::MaxOfLanes(di, largest));
  for (; i < size; ++i) result = std::max(result, std::bit_cast<int32_t>(x[i]) & kMagnitude);
  return result;
}

// Quantize (narrow.h): writes x's bytes and returns their scale.
HWY_INLINE float TakeBytes(const float* x, int size, uint8_t* bytes) {
  // A float that is added to 1.5 * 2^23 is rounded to a whole number, which the sum's lowest bits show.
  constexpr float kMagic = 0x1.8p+23f + (kUnsignedBytes ? 128 : 0);
  const auto max = std::bit_cast<float>(LargestMagnitude(x, size));
  float scale = max / 127, inverse = 127 / max;
  if (!(max <= std::numeric_limits<float>::max())) {
    scale = std::numeric_limits<float>::quiet_NaN();
    inverse = 0;
  } else if (max < kSmallestMax) {
    scale = inverse = 0;
  }
  const D d;
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint8_t, D> d8;
  int i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const V shifted = hn::Add(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, inverse)), hn::Set(d, kMagic));
    hn::StoreU(hn::U8FromU32(hn::And(hn::BitCast(du, shifted), hn::Set(du, 0xff))), d8, bytes + i);
  }
  for (; i < size; ++i) {
    const float product = x[i] * inverse;
    bytes[i] = static_cast<uint8_t>(std::bit_cast<uint32_t>(product + kMagic));
  }
  return scale;
}

// A vector of rows' sums of products. Add takes a word of each row and the same word of x: four products.
#if HWY_TARGET == HWY_AVX3_DL
struct ByteSums {
  HWY_INLINE void Start(const float* offset) { sum = hn::BitCast(DI(), hn::Load(D(), offset)); }
  // By name: Highway 1.0.3 asks the processor for the instruction, but not the compiler. On a variable of its own: GCC
  // leaves an array in memory whose elements are operands.
  HWY_INLINE void Add(VI weights, VI x) {
    auto raw = sum.raw;
    asm("vpdpbusd %2, %1, %0" : "+v"(raw) : "v"(x.raw), "v"(weights.raw));
    sum.raw = raw;
  }
  HWY_INLINE VI Result() const { return sum; }
  VI sum;
};
#elif HWY_TARGET == HWY_SCALAR
struct ByteSums {
  void Start(const float*) { sum = hn::Zero(DI()); }
  void Add(VI weights, VI x) {
    for (int byte = 0; byte < 4; ++byte) sum.raw += ByteAt(weights, byte) * ByteAt(x, byte);
  }
  VI Result() const { return sum; }
  static int32_t ByteAt(VI word, int byte) { return static_cast<int8_t>(word.raw >> (8 * byte)); }
  VI sum;
};
#else
struct ByteSums {
  // The compiler's own would not be compiled for the target, and could not make Highway's vectors.
  HWY_INLINE ByteSums() {}
  HWY_INLINE void Start(const float*) { low = high = hn::Zero(DI()); }
  HWY_INLINE void Add(VI weights, VI x) {
    low = hn::ReorderWidenMulAccumulate(DI(), EvenBytes(weights), EvenBytes(x), low, high);
    low = hn::ReorderWidenMulAccumulate(DI(), OddBytes(weights), OddBytes(x), low, high);
  }
  HWY_INLINE VI Result() const { return hn::RearrangeToOddPlusEven(low, high); }
  using D16 = hn::Repartition<int16_t, D>;
  static HWY_INLINE hn::Vec<D16> EvenBytes(VI v) { return hn::ShiftRight<8>(hn::ShiftLeft<8>(hn::BitCast(D16(), v))); }
  static HWY_INLINE hn::Vec<D16> OddBytes(VI v) { return hn::ShiftRight<8>(hn::BitCast(D16(), v)); }
  VI low, high;
};
#endif

// What a panel of bytes needs beside its words. `scale`, `offset` and `bias` are its rows'.
struct BytesOperands {
  const uint8_t* x;
  float x_scale;
  const float* scale;
  const float* offset;
};

// y = panel * x + bias for kVectors vectors of rows.
template <int kVectors, bool kBias>
struct BytesPanel {
  static HWY_INLINE void Product(const float* HWY_RESTRICT weights, const BytesOperands& operands, int cols,
                                 const float* HWY_RESTRICT bias, float* HWY_RESTRICT y) {
    const D d;
    const DI di;
    ByteSums sums[kVectors];
    for (int v = 0; v < kVectors; ++v) sums[v].Start(operands.offset + v * kLanes);
    for (int c = 0; c < cols; c += 4, weights += kVectors * kLanes) {
      int32_t word;
      std::memcpy(&word, operands.x + c, sizeof(word));
      const VI x = hn::Set(di, word);
      for (int v = 0; v < kVectors; ++v) sums[v].Add(hn::BitCast(di, hn::Load(d, weights + v * kLanes)), x);
    }
    const V x_scale = hn::Set(d, operands.x_scale);
    for (int v = 0; v < kVectors; ++v) {
      const V scale = hn::Mul(hn::Load(d, operands.scale + v * kLanes), x_scale);
      V product = hn::Mul(hn::ConvertTo(d, sums[v].Result()), scale);
      if (kBias) product = hn::Add(product, hn::Load(d, bias + v * kLanes));
      hn::Store(product, d, y + v * kLanes);
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#endif
