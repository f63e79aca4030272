// Counts what a process asks of the C allocator, for tests that hold the number per request to a threshold.
//
// Loaded with LD_PRELOAD. The counters lie in the file that MILLRACE_ALLOCATION_COUNTS names, mapped shared, so that
// the test reads them while the process runs, without stopping it and without the process knowing:
//
//     offset 0   uint64   allocations: malloc, calloc, posix_memalign, aligned_alloc, memalign, realloc of NULL
//     offset 8   uint64   reallocations of a block
//     offset 16  uint64   frees of a block
//     offset 24  uint64   bytes asked for by the two first
//
// glibc only: it forwards to the __libc_ entry points, since looking the next symbol up would itself allocate.

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

struct counts {
    _Atomic uint64_t allocations, reallocations, frees, bytes;
};

// What is asked before the constructor has run is counted here and not reported.
static struct counts early;
static struct counts *_Atomic counts = &early;

static inline void add(_Atomic uint64_t *counter, uint64_t value) {
    atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

static inline void allocated(size_t size) {
    struct counts *now = atomic_load_explicit(&counts, memory_order_relaxed);
    add(&now->allocations, 1);
    add(&now->bytes, size);
}

__attribute__((constructor)) static void map_counts(void) {
    const char *path = getenv("MILLRACE_ALLOCATION_COUNTS");
    if (path == NULL) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *page = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) atomic_store(&counts, page);
}

void *malloc(size_t size) {
    allocated(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocated(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    if (block == NULL) {
        allocated(size);
    } else {
        struct counts *now = atomic_load_explicit(&counts, memory_order_relaxed);
        add(&now->reallocations, 1);
        add(&now->bytes, size);
    }
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    allocated(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *block = memalign(alignment, size);
    if (block == NULL) return ENOMEM;
    *result = block;
    return 0;
}

void free(void *block) {
    if (block == NULL) return;
    add(&atomic_load_explicit(&counts, memory_order_relaxed)->frees, 1);
    __libc_free(block);
}
