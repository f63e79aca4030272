#pragma once
// MD5 is a hash function here, not a protection; its one-pass form needs no allocation.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>

// Writes the 16 bytes of the MD5 digest.
static inline void millrace_md5(const void *bytes, size_t length, void *digest) {
    MD5_CTX context;
    MD5_Init(&context);
    MD5_Update(&context, bytes, length);
    MD5_Final((unsigned char *)digest, &context);
}
