#ifndef MILLRACE_CLINUXSHIM_H
#define MILLRACE_CLINUXSHIM_H

#include <semaphore.h>
#include <stdint.h>
#include <time.h>

/// Calls that glibc declares under `_GNU_SOURCE` only, without which Swift's Glibc module is built.

/// `syncfs(2)`: writes back the file system that holds the open file. 0, or -1 with `errno`.
int millrace_syncfs(int descriptor);

/// Names the calling thread; the kernel keeps 15 bytes. 0 or an error number.
int millrace_name_thread(const char *_Nonnull name);

/// `sem_clockwait(3)` by `CLOCK_MONOTONIC`. 0, or -1 with `errno`: `ETIMEDOUT` once the deadline has passed.
int millrace_semaphore_wait_until(sem_t *_Nonnull semaphore, const struct timespec *_Nonnull deadline);

/// Bytes that a read of the socket would give now (`FIONREAD`); 0 when none, at its end and on an error.
int millrace_socket_available(int socket);

/// The next four bytes of the socket, which stay there. 0, or -1 when there are fewer.
int millrace_socket_peek(int socket, int32_t *_Nonnull bytes);

/// Reserves blocks of a file and leaves its size (`fallocate(2)`). 0, or -1 with `errno`.
int millrace_reserve_blocks(int file, int64_t position, int64_t count);

/// `cachestat(2)`, Linux 6.5: the pages of a part of a file that the page cache holds, and those of them that are not
/// on the disk yet. 0, or -1 with `errno`: `ENOSYS` before Linux 6.5, `EPERM` in some sandboxes.
int millrace_cached_pages(int file, int64_t position, int64_t count, int64_t *_Nonnull cached,
                          int64_t *_Nonnull unwritten);

/// Sets glibc's malloc up for buffers that live for milliseconds and are freed on other threads: each arena keeps
/// `kept_bytes` of free memory, and only blocks from `mapped_from_bytes` (at most 32 MiB) on are mapped one by one.
void millrace_tune_malloc(int kept_bytes, int mapped_from_bytes);

/// The permission bits of the file at a path (`stat(2)`), or -1 with `errno`.
int millrace_file_mode(const char *_Nonnull path);

#endif
