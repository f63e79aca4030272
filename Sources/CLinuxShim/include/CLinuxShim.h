#ifndef MILLRACE_CLINUXSHIM_H
#define MILLRACE_CLINUXSHIM_H

/// Calls that glibc declares under `_GNU_SOURCE` only, without which Swift's Glibc module is built.

/// `syncfs(2)`: writes back the file system that holds the open file. 0, or -1 with `errno`.
int millrace_syncfs(int descriptor);

/// Names the calling thread; the kernel keeps 15 bytes. 0 or an error number.
int millrace_name_thread(const char *_Nonnull name);

#endif
