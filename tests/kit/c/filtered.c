/* filtered DIR read|create|protected|by-number|older|contained: reads, or creates,
 * under a filter that kills at any system call that such a program does not make by
 * itself. Where nothing is created, and where no rule protects anything, a shim has
 * no reason to make one either. Where something is protected it has to look where a
 * path leads: by four calls that read, and one that narrows. By number: the filter is
 * made by syscall(2). The last two: one call fails, by a filter that was inherited. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(name) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* openat2(2) fails with this error, as in a kernel that has no such call, or under
 * the filter of a container: what is created elsewhere is created all the same. */
static int inherited(char **argv, unsigned error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
	char *arguments[] = { argv[0], argv[1], error == EPERM ? "EPERM" : "ENOSYS", NULL };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return errno;
	execv("/proc/self/exe", arguments);
	return 13;
}

static int older(unsigned error)
{
	static const char *const paths[] = { "plain/new", "outside/plain-into/newer" };

	if (syscall(SYS_openat2, -1, NULL, NULL, 0) != -1 || errno != (int)error)
		return 8;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct stat about;
		int fd = open(paths[i], O_CREAT | O_WRONLY, 0666);
		if (fd < 0 || fstat(fd, &about) != 0 || (about.st_mode & 0777) != 0644)
			return 9 + (int)i;
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int reads = argc == 3 && strcmp(argv[2], "read") == 0;
	int by_number = argc == 3 && strcmp(argv[2], "by-number") == 0;
	int protected = by_number || (argc == 3 && strcmp(argv[2], "protected") == 0);
	const char *file = protected ? "outside/secret-into/new" : "plain/new";
	const char *newer = protected ? "secret/newer" : "plain/newer";
	const char *dir = protected ? "outside/dir.iso" : "plain/dir";
	const char *wide = protected ? "secret/wide" : "plain/wide";
	struct sock_filter plain[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(openat), ALLOW(read), ALLOW(write), ALLOW(close), ALLOW(newfstatat), ALLOW(fstat),
#ifdef SYS_mkdir
		ALLOW(mkdir), ALLOW(chmod), ALLOW(rename), ALLOW(creat), ALLOW(open),
#endif
		ALLOW(mkdirat), ALLOW(fchmodat), ALLOW(renameat), ALLOW(renameat2), ALLOW(mknodat),
		ALLOW(brk), ALLOW(getrandom), ALLOW(mmap), ALLOW(lseek), ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_filter more[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(getcwd), ALLOW(readlinkat), ALLOW(rt_sigprocmask), ALLOW(fchmod), ALLOW(ftruncate),
	};
	struct sock_filter filter[(sizeof plain + sizeof more) / sizeof *plain];
	size_t first = protected ? sizeof more : 0;
	memcpy(filter, more, first);
	memcpy((char *)filter + first, plain, sizeof plain);
	struct sock_fprog program = { (first + sizeof plain) / sizeof *plain, filter };
	char buffer[64];

	if (argc != 3 || chdir(argv[1]) != 0)
		return 64;
	umask(022);
	if (strcmp(argv[2], "older") == 0)
		return inherited(argv, ENOSYS);
	if (strcmp(argv[2], "contained") == 0)
		return inherited(argv, EPERM);
	if (strcmp(argv[2], "ENOSYS") == 0)
		return older(ENOSYS);
	if (strcmp(argv[2], "EPERM") == 0)
		return older(EPERM);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* First of all a file that is made as ever. */
	close(open("plain/earlier", O_CREAT | O_WRONLY, 0666));
	if ((by_number ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)
		       : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) != 0)
		return errno;
	if (reads) {
		/* Nothing here creates, widens, names or writes. */
		int fd = open("plain/wide", O_RDONLY);
		if (read(fd, buffer, sizeof buffer) != 4)
			return 2;
		close(fd);
		FILE *stream = fopen("plain/wide", "r");
		if (stream == NULL || fgetc(stream) != 'o')
			return 3;
		fclose(stream);
		return 0;
	}
	int fd = open(file, O_CREAT | O_WRONLY, 0666);
	if (write(fd, "new\n", 4) != 4)
		return 4;
	close(open("plain/besides", O_CREAT | O_WRONLY, 0666));
	close(fd);
	if (mkdir(dir, 0777) != 0 || chmod(file, 0640) != 0)
		return 5;
	if (rename(file, newer) != 0)
		return 6;
	fd = open(wide, O_WRONLY | O_TRUNC);
	if (write(fd, "new\n", 4) != 4)
		return 7;
	close(fd);
	return 0;
}
