#pragma once

#include <cstddef>
#include <cstdint>

namespace recurd {

// CRC-32C (Castagnoli) of `size` bytes, by table: about 2 ns a byte; for states and tests, not for streams.
// Pass an earlier result as `crc` to go on: Crc32c(b, m, Crc32c(a, n)) is the CRC of a followed by b.
// Source: RFC 3720, appendix B.4 (its test vectors are in the unit test).
uint32_t Crc32c(const void* data, size_t size, uint32_t crc = 0);

}  // namespace recurd
