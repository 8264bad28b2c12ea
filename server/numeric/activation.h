#pragma once

#include "server/numeric/ops.h"

namespace recurd {

// The float functions of the numerics profile: every fast path gives exactly their bits, with denormals flushed to
// zero. Bounds are against the exact value, for all floats whose result is normal (measured over every 101st float
// there is, tested over fewer). NaN gives NaN. Threads: any.

// At most 1.1 ULP. With denormals flushed 0 below -87.34; infinity above 88.73.
float Exp(float x);
// e^x - 1, at most 1.6 ULP for x <= 88; above, its value at 88.
float Expm1(float x);
// 1 / (1 + e^-x), at most 2.3 ULP (absolutely 9e-8). With denormals flushed 0 below -87.34; 1 from 17 up.
float Sigmoid(float x);
// At most 2.5 ULP (absolutely 1.5e-7); +-1 from |x| = 9 up.
float Tanh(float x);

// At most 0.51 ULP. Inside they use double precision and no libm, so they are the same on every machine.
float Log(float x);
float Softplus(float x);
float Erf(float x);
// x^y with the special cases of C's pow.
float Pow(float x, float y);

// The same by libm, for statements of accuracy.
double Exp(double x);
double Expm1(double x);
double Sigmoid(double x);
double Tanh(double x);
double Log(double x);
double Softplus(double x);
double Erf(double x);
double Pow(double x, double y);

// function(x). T is float (the profile) or double.
template <typename T>
T Apply(const Activation& function, T x);

// a op b. Min and Max give NaN if either is NaN.
template <typename T>
T Apply(BinaryKind kind, T a, T b);

}  // namespace recurd
