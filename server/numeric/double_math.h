#pragma once

namespace recurd::double_math {

// Elementary functions in plain IEEE double arithmetic, for those float functions that are too rare to deserve a vector
// form. No libm: its versions differ between machines in the last bit. Relative error below 1e-14 on the stated ranges,
// so that a result rounded to float is at most 0.51 ULP off.

double Exp(double x);    // clamped to |x| <= 200, which no float survives
double Log(double x);    // finite normal x > 0
double Log1p(double x);  // 0 <= x <= 1
double Erf(double x);    // any finite x; relative error below 2e-11

}  // namespace recurd::double_math
