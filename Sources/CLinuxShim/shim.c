#define _GNU_SOURCE
#include "CLinuxShim.h"

#include <pthread.h>
#include <unistd.h>

int millrace_syncfs(int descriptor) { return syncfs(descriptor); }

int millrace_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }
