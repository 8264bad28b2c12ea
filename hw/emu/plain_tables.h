#ifndef RECURD_HW_EMU_PLAIN_TABLES_H_
#define RECURD_HW_EMU_PLAIN_TABLES_H_

#include <vector>

namespace recurd {
namespace emu {

// The activation tables of the plain evaluators, made apart from those of hw/pl: kLutWords entries that span the range
// of contract.h, in double precision, rounded once.
std::vector<float> SigmoidTable();
std::vector<float> TanhTable();

// How far `value` stands in a table that spans [-range, range]: the entry floor(clamp(fma(value, scale, middle))). What
// is not a number has entry 0.
int TableEntry(float value, float range);

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PLAIN_TABLES_H_
