#include "CMillraceHash.h"

#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define MILLRACE_CRC_TARGET __attribute__((target("sse4.2")))
#define MILLRACE_CRC_HARDWARE 1
#define crc_u8(crc, value) _mm_crc32_u8((uint32_t)(crc), (value))
#define crc_u64(crc, value) _mm_crc32_u64((crc), (value))
#elif defined(__aarch64__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#if defined(__linux__)
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif
#define MILLRACE_CRC_TARGET __attribute__((target("crc")))
#define MILLRACE_CRC_HARDWARE 1
#define crc_u8(crc, value) __builtin_arm_crc32cb((uint32_t)(crc), (value))
#define crc_u64(crc, value) __builtin_arm_crc32cd((uint32_t)(crc), (value))
#endif

// The polynomial 0x1EDC6F41 with its bits reversed, as the checksum is.
static const uint32_t polynomial = 0x82F63B78u;

// Block sizes of the three interleaved streams: large ones amortise joining, small ones serve short batches.
enum { block_long = 4096, block_short = 256 };

static uint32_t slices[8][256];
static uint32_t shifts_long[4][256];
static uint32_t shifts_short[4][256];
// x^(8 * 2^k) modulo the polynomial: what 2^k zero bytes multiply a checksum by.
static uint32_t powers[64];
static atomic_int ready;

// The product of two polynomials over GF(2), modulo ours, in reversed bit order.
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (int bit = 31; bit >= 0; bit--) {
        product ^= b & (0u - ((a >> bit) & 1u));
        b = (b >> 1) ^ (polynomial & (0u - (b & 1u)));
    }
    return product;
}

static uint32_t zeros_operator(uint64_t length) {
    uint32_t result = 1u << 31;
    for (int k = 0; length != 0; k++, length >>= 1) {
        if (length & 1) {
            result = multiply(powers[k], result);
        }
    }
    return result;
}

static void fill_shifts(uint32_t table[4][256], uint64_t length) {
    uint32_t operator = zeros_operator(length);
    for (uint32_t n = 0; n < 256; n++) {
        for (int byte = 0; byte < 4; byte++) {
            table[byte][n] = multiply(operator, n << (8 * byte));
        }
    }
}

// Several threads may fill the tables at once: each writes the same values, and only then sets the flag.
static void prepare(void) {
    if (atomic_load_explicit(&ready, memory_order_acquire)) {
        return;
    }
    static atomic_flag filling = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set_explicit(&filling, memory_order_acquire)) {
    }
    if (!atomic_load_explicit(&ready, memory_order_relaxed)) {
        for (uint32_t n = 0; n < 256; n++) {
            uint32_t crc = n;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >> 1) ^ (polynomial & (0u - (crc & 1u)));
            }
            slices[0][n] = crc;
        }
        for (uint32_t n = 0; n < 256; n++) {
            for (int slice = 1; slice < 8; slice++) {
                uint32_t before = slices[slice - 1][n];
                slices[slice][n] = slices[0][before & 0xff] ^ (before >> 8);
            }
        }
        powers[0] = 1u << 23;
        for (int k = 1; k < 64; k++) {
            powers[k] = multiply(powers[k - 1], powers[k - 1]);
        }
        fill_shifts(shifts_long, block_long);
        fill_shifts(shifts_short, block_short);
        atomic_store_explicit(&ready, 1, memory_order_release);
    }
    atomic_flag_clear_explicit(&filling, memory_order_release);
}

uint32_t millrace_crc32c_shift(uint32_t crc, uint64_t length) {
    prepare();
    return multiply(zeros_operator(length), crc);
}

uint32_t millrace_crc32c_portable(uint32_t initial, const void *bytes, size_t length) {
    prepare();
    const uint8_t *next = bytes;
    uint32_t crc = ~initial;
    while (length >= 8) {
        uint32_t low = crc ^ ((uint32_t)next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16
                              | (uint32_t)next[3] << 24);
        crc = slices[7][low & 0xff] ^ slices[6][(low >> 8) & 0xff] ^ slices[5][(low >> 16) & 0xff]
            ^ slices[4][low >> 24] ^ slices[3][next[4]] ^ slices[2][next[5]] ^ slices[1][next[6]]
            ^ slices[0][next[7]];
        next += 8;
        length -= 8;
    }
    while (length-- > 0) {
        crc = slices[0][(crc ^ *next++) & 0xff] ^ (crc >> 8);
    }
    return ~crc;
}

#if MILLRACE_CRC_HARDWARE

static inline uint64_t load(const uint8_t *from) {
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t shift_by(const uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^ table[2][(crc >> 16) & 0xff]
        ^ table[3][crc >> 24];
}

// One CRC instruction takes three cycles and one can start every cycle, so three blocks are hashed side by side
// and joined: the first two are shifted past the zeros that stand for the blocks after them.
#define INTERLEAVED(block, table)                                                         \
    while (length >= 3 * (block)) {                                                       \
        uint64_t first = crc, second = 0, third = 0;                                      \
        const uint8_t *end = next + (block);                                              \
        do {                                                                              \
            first = crc_u64(first, load(next));                                           \
            second = crc_u64(second, load(next + (block)));                               \
            third = crc_u64(third, load(next + 2 * (block)));                             \
            next += 8;                                                                    \
        } while (next < end);                                                             \
        crc = shift_by(table, (uint32_t)first) ^ (uint32_t)second;                        \
        crc = shift_by(table, (uint32_t)crc) ^ (uint32_t)third;                           \
        next += 2 * (block);                                                              \
        length -= 3 * (block);                                                            \
    }

MILLRACE_CRC_TARGET
static uint32_t crc32c_hardware(uint32_t initial, const void *bytes, size_t length) {
    const uint8_t *next = bytes;
    uint64_t crc = (uint32_t)~initial;
    while (length > 0 && ((uintptr_t)next & 7) != 0) {
        crc = crc_u8(crc, *next++);
        length--;
    }
    INTERLEAVED(block_long, shifts_long)
    INTERLEAVED(block_short, shifts_short)
    while (length >= 8) {
        crc = crc_u64(crc, load(next));
        next += 8;
        length -= 8;
    }
    while (length-- > 0) {
        crc = crc_u8(crc, *next++);
    }
    return ~(uint32_t)crc;
}

#endif

int millrace_crc32c_is_accelerated(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("sse4.2") != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
    return 1;
#elif defined(__aarch64__) && defined(__linux__)
    return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#else
    return 0;
#endif
}

uint32_t millrace_crc32c(uint32_t initial, const void *bytes, size_t length) {
#if MILLRACE_CRC_HARDWARE
    if (millrace_crc32c_is_accelerated()) {
        prepare();
        return crc32c_hardware(initial, bytes, length);
    }
#endif
    return millrace_crc32c_portable(initial, bytes, length);
}
