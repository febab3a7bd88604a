/* A preload of somebody else's: mkdir passes through it, and it says so. OTHER is how it
 * finds the real function. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int mkdir(const char *path, mode_t mode)
{
    static int (*real)(const char *, mode_t);
    static int depth;
    if (++depth > 8)
        _exit(9);
    if (real == NULL) {
        const char *how = getenv("OTHER");
        if (how && strcmp(how, "handle") == 0)
            real = (int (*)(const char *, mode_t))dlsym(dlopen("libc.so.6", RTLD_NOW), "mkdir");
        else
            real = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");
    }
    if (write(1, "second\n", 7) != 7)
        _exit(8);
    int result = real(path, mode);
    depth--;
    return result;
}
