#pragma once
// MD5 is a hash function here, not a protection; its one-pass form needs no allocation.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

// Writes the 16 bytes of the MD5 digest.
static inline void millrace_md5(const void *bytes, size_t length, void *digest) {
    MD5_CTX context;
    MD5_Init(&context);
    unsigned char *output = digest;
    if (length > 55) {
        MD5_Update(&context, bytes, length);
        MD5_Final(output, &context);
        return;
    }
    // With its padding and its length in bits this is one block: a partition key, nearly always. Update and Final would
    // take half as long again as the block itself, to gather it and to wipe it afterwards.
    unsigned char block[64] = {0};
    if (length > 0) memcpy(block, bytes, length);
    block[length] = 0x80;
    block[56] = (unsigned char)(length << 3);
    block[57] = (unsigned char)(length >> 5);
    MD5_Transform(&context, block);
    const MD5_LONG words[4] = {context.A, context.B, context.C, context.D};
    for (int index = 0; index < 16; index++) output[index] = (unsigned char)(words[index / 4] >> (8 * (index % 4)));
}

// Adds an extension in OpenSSL's text form. The context is of macros and struct members that Swift cannot use.
static inline int millrace_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL) return 0;
    int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

// Encodes a string with its tag and its length; with no place to write to, tells how many bytes that takes.
static inline int millrace_encode_string(const ASN1_STRING *value, unsigned char *output) {
    unsigned char *place = output;
    ASN1_TYPE type;
    type.type = ASN1_STRING_type(value);
    type.value.asn1_string = (ASN1_STRING *)value;
    return i2d_ASN1_TYPE(&type, output == NULL ? NULL : &place);
}
