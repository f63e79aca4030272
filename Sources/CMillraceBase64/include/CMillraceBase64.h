#ifndef MILLRACE_BASE64_H
#define MILLRACE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/// Encodes the front of `source`, as far as whole vectors go: base64 with the standard alphabet (RFC 4648 section 4).
///
/// Returns the bytes encoded, a multiple of 3; they became 4 characters for every 3. Reads nothing behind `source` and
/// writes nothing behind the characters. 0 on a CPU without AVX2.
size_t millrace_base64_encode(const uint8_t *source, size_t length, uint8_t *target);

/// Decodes the front of `source`, as far as whole vectors go and up to the first block of 4 characters that holds one
/// outside the alphabet; padding is outside.
///
/// Returns the characters decoded, a multiple of 4; they became 3 bytes for every 4. `target` has room for 3 bytes for
/// every 4 of `length` and for 8 more, and what follows the bytes there may be overwritten. 0 on a CPU without AVX2.
size_t millrace_base64_decode(const uint8_t *source, size_t length, uint8_t *target);

#endif
