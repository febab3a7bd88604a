/* filtered DIR read|create: reads, or creates, under a filter that kills at any
 * system call that such a program does not make by itself. Where nothing is
 * created, and where no rule protects anything, a shim has no reason to make
 * one either. */

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

int main(int argc, char **argv)
{
	int creates = argc == 3 && strcmp(argv[2], "create") == 0;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(openat), ALLOW(read), ALLOW(write), ALLOW(close), ALLOW(newfstatat), ALLOW(fstat),
#ifdef SYS_mkdir
		ALLOW(mkdir), ALLOW(chmod), ALLOW(rename), ALLOW(creat), ALLOW(open),
#endif
		ALLOW(mkdirat), ALLOW(fchmodat), ALLOW(renameat), ALLOW(renameat2), ALLOW(mknodat),
		ALLOW(brk), ALLOW(getrandom), ALLOW(mmap), ALLOW(lseek), ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
	char buffer[64];

	if (argc != 3 || chdir(argv[1]) != 0)
		return 64;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return errno;
	if (!creates) {
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
	int fd = open("plain/new", O_CREAT | O_WRONLY, 0666);
	if (write(fd, "new\n", 4) != 4)
		return 4;
	close(fd);
	if (mkdir("plain/dir", 0777) != 0 || chmod("plain/new", 0640) != 0)
		return 5;
	if (rename("plain/new", "plain/newer") != 0)
		return 6;
	return 0;
}
