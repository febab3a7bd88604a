/* A library that has openat2, as a later libc does. Prints at the end how often it
 * was called. */

#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int calls;

int openat2(int dirfd, const char *path, const struct open_how *how, size_t size)
{
	calls++;
	return (int)syscall(SYS_openat2, dirfd, path, how, size);
}

__attribute__((destructor)) static void end(void)
{
	printf("called %d\n", calls);
	fflush(stdout);
}
