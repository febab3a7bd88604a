/* openat2 name|number DIR: calls openat2 as a program does that was built where
 * libc has it, and by its number, as one does that was built elsewhere. Prints
 * facts that must not depend on which. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Weak: a program can so ask whether there is one. */
__attribute__((weak)) int openat2(int dirfd, const char *path, const struct open_how *how,
				  size_t size);

static int by_number(int dirfd, const char *path, const struct open_how *how, size_t size)
{
	return (int)syscall(SYS_openat2, dirfd, path, how, size);
}

typedef int Call(int, const char *, const struct open_how *, size_t);

static int by_name;

/* In memory that cannot be written: a struct that is edited in place is a crash. */
static void one(const char *path, int flags, int mode, unsigned long resolve, size_t size)
{
	struct open_how *how = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (how == MAP_FAILED)
		exit(1);
	how->flags = (unsigned)flags;
	how->mode = (unsigned)mode;
	how->resolve = resolve;
	mprotect(how, 8192, PROT_READ);
	Call *call = by_name ? openat2 : by_number;
	errno = 1234;
	int fd = call(AT_FDCWD, path, how, size), error = errno;
	printf("%s: %d errno %d", path, fd, error);
	if (fd >= 0) {
		printf(" wrote %d flags %o", (int)write(fd, "new\n", 4), (unsigned)fcntl(fd, F_GETFL));
		close(fd);
	}
	printf("\n");
	munmap(how, 8192);
}

int main(int argc, char **argv)
{
	enum { NEW = O_CREAT | O_WRONLY };
	const size_t size = sizeof(struct open_how);
	if (argc != 3 || chdir(argv[2]) != 0)
		return 64;
	by_name = strcmp(argv[1], "name") == 0;
	if (by_name && openat2 == NULL) {
		puts("there is none");
		return 0;
	}
	one("secret/one", NEW, 0666, 0, size);
	one("secret/two", NEW | O_EXCL, 0777, RESOLVE_BENEATH, size);
	one("outside/three.iso", NEW | O_CLOEXEC, 0644, 0, size);
	one("secret/wide", O_WRONLY | O_TRUNC, 0, 0, size);
	one("secret/longer", NEW, 0666, 0, 64);
	one("plain/one", NEW, 0666, 0, size);
	one("plain/wide", O_RDONLY, 0, 0, size);
	/* Errors of the kernel's. */
	one("secret/one", NEW | O_EXCL, 0666, 0, size);
	one("secret/none/one", NEW, 0666, 0, size);
	one("../secret/one", NEW, 0666, RESOLVE_BENEATH, size);
	one("secret/bad", NEW, 0666, 1UL << 40, size);
	one("secret/bad", NEW, 0200000, 0, size);
	one("secret/bad", O_WRONLY, 0666, 0, size);
	one("secret/short", NEW, 0666, 0, 8);
	one("secret/huge", NEW, 0666, 0, 8192);
	errno = 1234;
	int fd = (by_name ? openat2 : by_number)(AT_FDCWD, "secret/null", NULL, size);
	printf("null: %d errno %d\n", fd, errno);
	return 0;
}
