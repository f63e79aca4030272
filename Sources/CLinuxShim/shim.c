#define _GNU_SOURCE
#include "CLinuxShim.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int millrace_syncfs(int descriptor) { return syncfs(descriptor); }

int millrace_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

int millrace_semaphore_wait_until(sem_t *semaphore, const struct timespec *deadline) {
    return sem_clockwait(semaphore, CLOCK_MONOTONIC, deadline);
}

int millrace_socket_available(int socket) {
    int count = 0;
    return ioctl(socket, FIONREAD, &count) == 0 ? count : 0;
}

int millrace_socket_peek(int socket, int32_t *bytes) {
    return recv(socket, bytes, sizeof *bytes, MSG_PEEK | MSG_DONTWAIT) == (ssize_t)sizeof *bytes ? 0 : -1;
}

void millrace_tune_malloc(int kept_bytes, int mapped_from_bytes) {
    mallopt(M_ARENA_MAX, 4);
    mallopt(M_MMAP_THRESHOLD, mapped_from_bytes);
    mallopt(M_TRIM_THRESHOLD, kept_bytes);
    mallopt(M_TOP_PAD, 1 << 20);
}

int millrace_reserve_blocks(int file, int64_t position, int64_t count) {
    return fallocate(file, FALLOC_FL_KEEP_SIZE, position, count);
}

// Debian 12 has no header of it; the number is the same on every architecture.
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

int millrace_cached_pages(int file, int64_t position, int64_t count, int64_t *cached, int64_t *unwritten) {
    struct { uint64_t position, count; } range = {(uint64_t)position, (uint64_t)count};
    struct { uint64_t cached, dirty, in_writeback, evicted, recently_evicted; } found = {0};
    if (syscall(SYS_cachestat, file, &range, &found, 0) != 0) return -1;
    *cached = (int64_t)found.cached;
    *unwritten = (int64_t)(found.dirty + found.in_writeback);
    return 0;
}

int millrace_file_mode(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? (int)(status.st_mode & 0777) : -1;
}
