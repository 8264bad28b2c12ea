// One step of each recurrent cell: the products, then the gates in one pass over vectors.
// The gate passes are not inlined: their constants would be hoisted above the product's loop and push its sums out of
// the registers.
#if defined(RECURD_NUMERIC_CELLS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RECURD_NUMERIC_CELLS_INL_H_
#undef RECURD_NUMERIC_CELLS_INL_H_
#else
#define RECURD_NUMERIC_CELLS_INL_H_
#endif

#include "server/numeric/activation-inl.h"
#include "server/numeric/activation_form.h"
#include "server/numeric/matvec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

// What is multiplied and added behind a layer's sums (profile.h): rounded once, or the product before the sum.
struct Fused {
  static HWY_INLINE V MultiplyAdd(V a, V b, V c) { return Fma(a, b, c); }
  static HWY_INLINE V Blend(V z, V h, V n) { return Fma(z, hn::Sub(h, n), n); }
};
struct Rounded {
  static HWY_INLINE V MultiplyAdd(V a, V b, V c) { return hn::Add(hn::Mul(a, b), c); }
  static HWY_INLINE V Blend(V z, V h, V n) { return MultiplyAdd(hn::Sub(Constant(1.0f), z), n, hn::Mul(z, h)); }
};

struct PlainSigmoid : Fused {
  HWY_INLINE V operator()(V v) const { return Sigmoid(v); }
};
struct PlainTanh : Fused {
  HWY_INLINE V operator()(V v) const { return Tanh(v); }
};
// Any activation, behind a clip of its argument.
HWY_INLINE V Clip(V v, float clip) { return clip == 0 ? v : Clamp(v, Constant(-clip), Constant(clip)); }
struct AnyActivation : Fused {
  AnyActivation(const Activation& function, const PackedCell&, float clip) : function(function), clip(clip) {}
  HWY_INLINE V operator()(V v) const { return ApplyVector(function, Clip(v, clip)); }
  const Activation& function;
  float clip;
};
// The same in the cell's form, lane by lane.
struct FormActivation : Rounded {
  FormActivation(const Activation& function, const PackedCell& cell, float clip)
      : function(function), form(cell.form), clip(clip) {}
  HWY_NOINLINE V operator()(V v) const {
    alignas(64) float lanes[kLanes];
    hn::Store(Clip(v, clip), D(), lanes);
    for (float& lane : lanes) lane = ApplyGate(form, function, lane);
    return hn::Load(D(), lanes);
  }
  const Activation& function;
  ActivationForm form;
  float clip;
};

// Gate `gate`'s vector at `block` in a buffer [gates][blocks * lanes].
HWY_INLINE V GateAt(const PackedCell& cell, const float* buffer, int gate, int block) {
  return hn::Load(D(), buffer + (gate * cell.blocks + block) * kLanes);
}
// Its pre-activation.
HWY_INLINE V Gate(const PackedCell& cell, int gate, int block) {
  return hn::Add(GateAt(cell, cell.input, gate, block), GateAt(cell, cell.uh.data(), gate, block));
}

// A step that reads more fetches it ahead; less than that, and fetching costs more than it brings.
constexpr size_t kFetchedBytes = 256 << 10;

// The products that need nothing of this step: the recurrent one, and the input's if it isn't there yet.
HWY_INLINE void MatrixPart(PackedCell& cell) {
  cell.backward = cell.turns && !cell.backward;
  const bool has_input = cell.unread == nullptr;
  const size_t bytes = (cell.u.weights.size() + (has_input ? 0 : cell.w.weights.size())) * sizeof(float);
  const Reading reading{cell.backward, bytes > kFetchedBytes};
  if (!has_input && !reading.backward) Product<true>(cell.w, cell.unread, cell.wx.data(), reading);
  Product<false>(cell.u, cell.h.data(), cell.uh.data(), reading);
  if (!has_input && reading.backward) Product<true>(cell.w, cell.unread, cell.wx.data(), reading);
}

template <class F, class G>
HWY_NOINLINE void GruResetAfterGates(PackedCell& cell, F f, G g) {
  const D d;
  for (int b = 0; b < cell.blocks; ++b) {
    const V z = f(Gate(cell, 0, b));
    const V r = f(Gate(cell, 1, b));
    const V candidate = hn::Add(GateAt(cell, cell.uh.data(), 2, b), GateAt(cell, cell.candidate_bias.data(), 0, b));
    const V n = g(F::MultiplyAdd(r, candidate, GateAt(cell, cell.input, 2, b)));
    hn::Store(F::Blend(z, GateAt(cell, cell.h.data(), 0, b), n), d, cell.h.data() + b * kLanes);
  }
}

template <class F>
HWY_INLINE void GruResetAfterAny(PackedCell& cell) {
  GruResetAfterGates(cell, F(cell.f, cell, cell.clip), F(cell.g, cell, cell.clip));
}

void GruResetAfter(PackedCell& cell) {
  MatrixPart(cell);
  if (cell.plain) return GruResetAfterGates(cell, PlainSigmoid(), PlainTanh());
  if (cell.form != ActivationForm::kExact) return GruResetAfterAny<FormActivation>(cell);
  GruResetAfterAny<AnyActivation>(cell);
}

template <class F>
HWY_NOINLINE void GruResetBeforeGates(PackedCell& cell, F f) {
  const D d;
  for (int b = 0; b < cell.blocks; ++b) {
    const V r = f(Gate(cell, 1, b));
    hn::Store(hn::Mul(r, GateAt(cell, cell.h.data(), 0, b)), d, cell.reset_h.data() + b * kLanes);
    hn::Store(f(Gate(cell, 0, b)), d, cell.z.data() + b * kLanes);
  }
}

template <class G>
HWY_NOINLINE void GruResetBeforeBlend(PackedCell& cell, G g) {
  for (int b = 0; b < cell.blocks; ++b) {
    const V n = g(hn::Add(GateAt(cell, cell.input, 2, b), GateAt(cell, cell.uh_candidate.data(), 0, b)));
    hn::Store(G::Blend(GateAt(cell, cell.z.data(), 0, b), GateAt(cell, cell.h.data(), 0, b), n), D(),
              cell.h.data() + b * kLanes);
  }
}

template <class F, class G>
HWY_INLINE void GruResetBeforeWith(PackedCell& cell, F f, G g) {
  MatrixPart(cell);
  GruResetBeforeGates(cell, f);
  Product<false>(cell.u_candidate, cell.reset_h.data(), cell.uh_candidate.data());
  GruResetBeforeBlend(cell, g);
}
template <class F>
HWY_NOINLINE void GruResetBeforeAny(PackedCell& cell) {
  GruResetBeforeWith(cell, F(cell.f, cell, cell.clip), F(cell.g, cell, cell.clip));
}

void GruResetBefore(PackedCell& cell) {
  if (cell.plain) return GruResetBeforeWith(cell, PlainSigmoid(), PlainTanh());
  if (cell.form != ActivationForm::kExact) return GruResetBeforeAny<FormActivation>(cell);
  GruResetBeforeAny<AnyActivation>(cell);
}

HWY_NOINLINE void LstmPlainGates(PackedCell& cell) {
  const D d;
  for (int b = 0; b < cell.blocks; ++b) {
    const V i = Sigmoid(Gate(cell, 0, b));
    const V o = Sigmoid(Gate(cell, 1, b));
    const V f = Sigmoid(Gate(cell, 2, b));
    const V g = Tanh(Gate(cell, 3, b));
    const V c = Fma(f, GateAt(cell, cell.c.data(), 0, b), hn::Mul(i, g));
    hn::Store(c, d, cell.c.data() + b * kLanes);
    hn::Store(hn::Mul(o, Tanh(c)), d, cell.h.data() + b * kLanes);
  }
}

// A gate of an LSTM with what it may have beside the products. `gate` counts as the peepholes do: 0 i, 1 o, 2 f.
HWY_INLINE V Peep(const PackedCell& cell, int gate, int block, V c) {
  const V pre = Gate(cell, gate, block);
  return cell.peepholes.size() ? Fma(GateAt(cell, cell.peepholes.data(), gate, block), c, pre) : pre;
}

template <class F>
HWY_NOINLINE void LstmAnyGates(PackedCell& cell) {
  const D d;
  const F f(cell.f, cell, cell.clip), g(cell.g, cell, cell.clip), out(cell.out, cell, 0);
  for (int b = 0; b < cell.blocks; ++b) {
    const V old = GateAt(cell, cell.c.data(), 0, b);
    const V input = f(Peep(cell, 0, b, old));
    const V forget = cell.input_forget ? hn::Sub(Constant(1.0f), input) : f(Peep(cell, 2, b, old));
    const V c = F::MultiplyAdd(forget, old, hn::Mul(input, g(Gate(cell, 3, b))));
    hn::Store(c, d, cell.c.data() + b * kLanes);
    hn::Store(hn::Mul(f(Peep(cell, 1, b, c)), out(c)), d, cell.h.data() + b * kLanes);
  }
}

void Lstm(PackedCell& cell) {
  MatrixPart(cell);
  if (cell.plain) return LstmPlainGates(cell);
  cell.form == ActivationForm::kExact ? LstmAnyGates<AnyActivation>(cell) : LstmAnyGates<FormActivation>(cell);
}

template <class F>
HWY_NOINLINE void RnnGate(PackedCell& cell, F f) {
  for (int b = 0; b < cell.blocks; ++b) hn::Store(f(Gate(cell, 0, b)), D(), cell.h.data() + b * kLanes);
}

void Rnn(PackedCell& cell) {
  MatrixPart(cell);
  if (cell.plain) return RnnGate(cell, PlainTanh());
  if (cell.form != ActivationForm::kExact) return RnnGate(cell, FormActivation(cell.f, cell, cell.clip));
  RnnGate(cell, AnyActivation(cell.f, cell, cell.clip));
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#endif
