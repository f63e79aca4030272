#pragma once
#include <zlib.h>

// `inflateInit2` and `deflateInit2` are macros over the version and the struct size, which Swift cannot call.
static inline int millrace_inflate_init(z_streamp stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

static inline int millrace_deflate_init(z_streamp stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}
