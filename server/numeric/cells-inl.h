// One step of each recurrent cell: the two products, then the gates in one pass over vectors.
// The gate passes are not inlined: their constants would be hoisted above the product's loop and push its sums out of
// the registers.
#if defined(RECURD_NUMERIC_CELLS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RECURD_NUMERIC_CELLS_INL_H_
#undef RECURD_NUMERIC_CELLS_INL_H_
#else
#define RECURD_NUMERIC_CELLS_INL_H_
#endif

#include "server/numeric/activation-inl.h"
#include "server/numeric/matvec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

struct PlainSigmoid {
  HWY_INLINE V operator()(V v) const { return Sigmoid(v); }
};
struct PlainTanh {
  HWY_INLINE V operator()(V v) const { return Tanh(v); }
};
// Any activation, behind a clip of its argument.
struct AnyActivation {
  HWY_INLINE V operator()(V v) const {
    return ApplyVector(function, clip == 0 ? v : Clamp(v, Constant(-clip), Constant(clip)));
  }
  const Activation& function;
  float clip;
};

// Gate `gate`'s vector at `block` in a buffer [gates][blocks * lanes].
HWY_INLINE V GateAt(const PackedCell& cell, const AlignedFloats& buffer, int gate, int block) {
  return hn::Load(D(), buffer.data() + (gate * cell.blocks + block) * kLanes);
}
// Its pre-activation.
HWY_INLINE V Gate(const PackedCell& cell, int gate, int block) {
  return hn::Add(GateAt(cell, cell.wx, gate, block), GateAt(cell, cell.uh, gate, block));
}
HWY_INLINE V Blend(V z, V h, V n) { return Fma(z, hn::Sub(h, n), n); }

template <class F, class G>
HWY_NOINLINE void GruResetAfterGates(PackedCell& cell, F f, G g) {
  const D d;
  for (int b = 0; b < cell.blocks; ++b) {
    const V z = f(Gate(cell, 0, b));
    const V r = f(Gate(cell, 1, b));
    const V candidate = hn::Add(GateAt(cell, cell.uh, 2, b), GateAt(cell, cell.candidate_bias, 0, b));
    const V n = g(Fma(r, candidate, GateAt(cell, cell.wx, 2, b)));
    hn::Store(Blend(z, GateAt(cell, cell.h, 0, b), n), d, cell.h.data() + b * kLanes);
  }
}

void GruResetAfter(PackedCell& cell, const float* x) {
  Product<true>(cell.w, x, cell.wx.data());
  Product<false>(cell.u, cell.h.data(), cell.uh.data());
  if (cell.plain) return GruResetAfterGates(cell, PlainSigmoid(), PlainTanh());
  GruResetAfterGates(cell, AnyActivation{cell.f, cell.clip}, AnyActivation{cell.g, cell.clip});
}

template <class F>
HWY_NOINLINE void GruResetBeforeGates(PackedCell& cell, F f) {
  const D d;
  for (int b = 0; b < cell.blocks; ++b) {
    const V r = f(Gate(cell, 1, b));
    hn::Store(hn::Mul(r, GateAt(cell, cell.h, 0, b)), d, cell.reset_h.data() + b * kLanes);
    hn::Store(f(Gate(cell, 0, b)), d, cell.z.data() + b * kLanes);
  }
}

template <class G>
HWY_NOINLINE void GruResetBeforeBlend(PackedCell& cell, G g) {
  for (int b = 0; b < cell.blocks; ++b) {
    const V n = g(hn::Add(GateAt(cell, cell.wx, 2, b), GateAt(cell, cell.uh_candidate, 0, b)));
    hn::Store(Blend(GateAt(cell, cell.z, 0, b), GateAt(cell, cell.h, 0, b), n), D(), cell.h.data() + b * kLanes);
  }
}

void GruResetBefore(PackedCell& cell, const float* x) {
  const AnyActivation f{cell.f, cell.clip}, g{cell.g, cell.clip};
  Product<true>(cell.w, x, cell.wx.data());
  Product<false>(cell.u, cell.h.data(), cell.uh.data());
  cell.plain ? GruResetBeforeGates(cell, PlainSigmoid()) : GruResetBeforeGates(cell, f);
  Product<false>(cell.u_candidate, cell.reset_h.data(), cell.uh_candidate.data());
  cell.plain ? GruResetBeforeBlend(cell, PlainTanh()) : GruResetBeforeBlend(cell, g);
}

HWY_NOINLINE void LstmPlainGates(PackedCell& cell) {
  const D d;
  for (int b = 0; b < cell.blocks; ++b) {
    const V i = Sigmoid(Gate(cell, 0, b));
    const V o = Sigmoid(Gate(cell, 1, b));
    const V f = Sigmoid(Gate(cell, 2, b));
    const V g = Tanh(Gate(cell, 3, b));
    const V c = Fma(f, GateAt(cell, cell.c, 0, b), hn::Mul(i, g));
    hn::Store(c, d, cell.c.data() + b * kLanes);
    hn::Store(hn::Mul(o, Tanh(c)), d, cell.h.data() + b * kLanes);
  }
}

// A gate of an LSTM with what it may have beside the products. `gate` counts as the peepholes do: 0 i, 1 o, 2 f.
HWY_INLINE V Peep(const PackedCell& cell, int gate, int block, V c) {
  const V pre = Gate(cell, gate, block);
  return cell.peepholes.size() ? Fma(GateAt(cell, cell.peepholes, gate, block), c, pre) : pre;
}

HWY_NOINLINE void LstmAnyGates(PackedCell& cell) {
  const D d;
  const AnyActivation f{cell.f, cell.clip}, g{cell.g, cell.clip}, out{cell.out, 0};
  for (int b = 0; b < cell.blocks; ++b) {
    const V old = GateAt(cell, cell.c, 0, b);
    const V input = f(Peep(cell, 0, b, old));
    const V forget = cell.input_forget ? hn::Sub(Constant(1.0f), input) : f(Peep(cell, 2, b, old));
    const V c = Fma(forget, old, hn::Mul(input, g(Gate(cell, 3, b))));
    hn::Store(c, d, cell.c.data() + b * kLanes);
    hn::Store(hn::Mul(f(Peep(cell, 1, b, c)), out(c)), d, cell.h.data() + b * kLanes);
  }
}

void Lstm(PackedCell& cell, const float* x) {
  Product<true>(cell.w, x, cell.wx.data());
  Product<false>(cell.u, cell.h.data(), cell.uh.data());
  cell.plain ? LstmPlainGates(cell) : LstmAnyGates(cell);
}

template <class F>
HWY_NOINLINE void RnnGate(PackedCell& cell, F f) {
  for (int b = 0; b < cell.blocks; ++b) hn::Store(f(Gate(cell, 0, b)), D(), cell.h.data() + b * kLanes);
}

void Rnn(PackedCell& cell, const float* x) {
  Product<true>(cell.w, x, cell.wx.data());
  Product<false>(cell.u, cell.h.data(), cell.uh.data());
  if (cell.plain) return RnnGate(cell, PlainTanh());
  RnnGate(cell, AnyActivation{cell.f, cell.clip});
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#endif
