/* A preload that opens elsewhere than it is told, as fakechroot does: `open` puts
 * `.other` behind the name. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int open(const char *path, int flags, ...)
{
    char other[4096];
    va_list rest;
    va_start(rest, flags);
    unsigned mode = flags & O_CREAT ? va_arg(rest, unsigned) : 0;
    va_end(rest);
    snprintf(other, sizeof other, "%s.other", path);
    return (int)syscall(SYS_openat, AT_FDCWD, other, flags, mode);
}
