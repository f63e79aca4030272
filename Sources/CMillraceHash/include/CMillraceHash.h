#ifndef MILLRACE_HASH_H
#define MILLRACE_HASH_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli) of `length` bytes, continuing from `initial` (the checksum of what came before; 0 at the start).
/// Uses the CPU's CRC instructions when it has them.
uint32_t millrace_crc32c(uint32_t initial, const void *bytes, size_t length);

/// The same by tables only (slicing by eight), whatever the CPU.
uint32_t millrace_crc32c_portable(uint32_t initial, const void *bytes, size_t length);

/// What `crc` contributes to the checksum of a text in which `length` more bytes follow:
/// crc(A || B) == shift(crc(A), |B|) ^ crc(B).
uint32_t millrace_crc32c_shift(uint32_t crc, uint64_t length);

/// 1 when `millrace_crc32c` uses CPU instructions.
int millrace_crc32c_is_accelerated(void);

#endif
