// An empty data package of ICU.
//
// Foundation, which GRDB, Yams and ArgumentParser import, comes with 34 MB of ICU data: the languages, calendars and
// time zones of the world. The server formats nothing for a language, so a release binary links this package of no
// entries in its place, and is 40 % smaller (decision 0061).
//
// The name is that of the data in the toolchain's ICU, so a toolchain with another version of ICU links its own data
// again; the size check of the packages notices. The symbol is hidden: a Foundation that is loaded as a shared library
// keeps its data.

#ifdef MILLRACE_EMPTY_ICU_DATA

#include <stdint.h>

// Layout: the comments of ICU's ucmndata.h (MappedData, UDataInfo, the table of contents of "CmnD" version 1).
struct millrace_icu_package {
    uint16_t header_bytes;
    uint8_t magic[2];
    uint16_t info_bytes;
    uint16_t reserved;
    uint8_t is_big_endian;
    uint8_t charset_family;
    uint8_t uchar_bytes;
    uint8_t reserved_byte;
    uint8_t format[4];
    uint8_t format_version[4];
    uint8_t data_version[4];
    uint8_t padding[8];
    uint32_t entries;
    uint32_t end[3];
};

_Static_assert(sizeof(struct millrace_icu_package) == 48, "the header is 32 bytes, the table of contents 16");

__attribute__((used, aligned(16), visibility("hidden")))
const struct millrace_icu_package icudt76_dat = {
    .header_bytes = 32,
    .magic = {0xda, 0x27},
    .info_bytes = 20,
    .is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
    .uchar_bytes = 2,
    .format = {'C', 'm', 'n', 'D'},
    .format_version = {1},
    .data_version = {76, 1},
};

#endif
