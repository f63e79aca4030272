#include "CMillraceBase64.h"

#if defined(__x86_64__)

#include <immintrin.h>

// The method is that of Mula and Lemire, "Faster Base64 Encoding and Decoding using AVX2 Instructions" (2018): bits are
// moved by multiplications, characters found by table look-ups in registers.

#define MILLRACE_AVX2 __attribute__((target("avx2")))

MILLRACE_AVX2
static inline __m256i both(__m128i half) { return _mm256_broadcastsi128_si256(half); }

// 24 bytes, of which 12 lie at the start of either half, as 32 numbers below 64 in order.
MILLRACE_AVX2
static inline __m256i sextets_of_bytes(__m256i bytes) {
    // Each lane of 32 bits takes three bytes a, b, c as b, a, c, b from the lowest up: all four sextets then lie whole
    // inside a lane of 16 bits.
    __m256i spread = _mm256_shuffle_epi8(
        bytes, both(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10)));
    // A product's upper half moves bits down by 10 and 6, its lower half moves them up by 4 and 8.
    __m256i odd = _mm256_mulhi_epu16(
        _mm256_and_si256(spread, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
    __m256i even = _mm256_mullo_epi16(
        _mm256_and_si256(spread, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
    return _mm256_or_si256(odd, even);
}

// What is added to a sextet depends on its range: 0 is a-z, 1 to 10 are the digits, 11 is +, 12 is /, 13 is A-Z.
MILLRACE_AVX2
static inline __m256i characters_of_sextets(__m256i sextets) {
    const __m256i distances = both(_mm_setr_epi8(
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '+' - 62, '/' - 63, 'A', 0, 0));
    __m256i range = _mm256_subs_epu8(sextets, _mm256_set1_epi8(51));
    __m256i is_upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), sextets);
    range = _mm256_or_si256(range, _mm256_and_si256(is_upper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(sextets, _mm256_shuffle_epi8(distances, range));
}

MILLRACE_AVX2
static size_t encode_avx2(const uint8_t *source, size_t length, uint8_t *target) {
    size_t read = 0;
    // The upper half is loaded from byte 12 on: 28 bytes are looked at for 24.
    for (; length - read >= 28; read += 24, target += 32) {
        __m128i low = _mm_loadu_si128((const __m128i *)(source + read));
        __m128i high = _mm_loadu_si128((const __m128i *)(source + read + 12));
        __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
        _mm256_storeu_si256((__m256i *)target, characters_of_sextets(sextets_of_bytes(bytes)));
    }
    return read;
}

MILLRACE_AVX2
static size_t decode_avx2(const uint8_t *source, size_t length, uint8_t *target) {
    // For each upper half of a character one bit, and for each lower half the bits of the upper ones that it does not
    // go with: a character is outside the alphabet when the two have a bit in common. Bit 4 stands for upper halves
    // that no character of the alphabet has; every lower half holds it.
    const __m256i upper_bits = both(_mm_setr_epi8(
        0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
    const __m256i lower_bits = both(_mm_setr_epi8(
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A));
    // From a character to its value, by its upper half; 1 is that of the slash alone.
    const __m256i distances = both(_mm_setr_epi8(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a',
                                                 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i slash = _mm256_set1_epi8('/');
    const __m256i lower_half = _mm256_set1_epi8(0x0F);
    const __m256i in_order = both(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));

    size_t read = 0;
    for (; length - read >= 32; target += 24) {
        __m256i characters = _mm256_loadu_si256((const __m256i *)(source + read));
        __m256i upper = _mm256_and_si256(_mm256_srli_epi32(characters, 4), lower_half);
        __m256i lower = _mm256_and_si256(characters, lower_half);
        __m256i conflicts = _mm256_and_si256(
            _mm256_shuffle_epi8(upper_bits, upper), _mm256_shuffle_epi8(lower_bits, lower));
        // A slash is a plus that counts as upper half 1: its mask is -1.
        __m256i range = _mm256_add_epi8(upper, _mm256_cmpeq_epi8(characters, slash));
        __m256i sextets = _mm256_add_epi8(characters, _mm256_shuffle_epi8(distances, range));
        // Four sextets become two numbers of 12 bits, then one of 24.
        __m256i pairs = _mm256_maddubs_epi16(sextets, _mm256_set1_epi32(0x01400140));
        __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
        __m256i halves = _mm256_shuffle_epi8(groups, in_order);
        __m256i bytes = _mm256_permutevar8x32_epi32(halves, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
        _mm256_storeu_si256((__m256i *)target, bytes);
        uint32_t valid = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(conflicts, _mm256_setzero_si256()));
        if (valid != UINT32_MAX) {
            return read + ((unsigned)__builtin_ctz(~valid) & ~3u);
        }
        read += 32;
    }
    return read;
}

size_t millrace_base64_encode(const uint8_t *source, size_t length, uint8_t *target) {
    return __builtin_cpu_supports("avx2") ? encode_avx2(source, length, target) : 0;
}

size_t millrace_base64_decode(const uint8_t *source, size_t length, uint8_t *target) {
    return __builtin_cpu_supports("avx2") ? decode_avx2(source, length, target) : 0;
}

#else

size_t millrace_base64_encode(const uint8_t *source, size_t length, uint8_t *target) { return 0; }

size_t millrace_base64_decode(const uint8_t *source, size_t length, uint8_t *target) { return 0; }

#endif
