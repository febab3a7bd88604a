/* under kill|error NAME... -- PROGRAM [ARGUMENT...]
 *
 * Starts a program under a filter of system calls that kills at, or fails with EPERM,
 * the calls of these names; with the one name `service`, all but those of a list such
 * as people write by hand for a service that works with files and starts programs.
 * Linked statically: the filter is not for what a preload does here. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* What the tools of the tests make without a preload, and what the README says that
 * the library adds where a rule protects something. */
static const int service[] = {
#ifdef SYS_open
	SYS_access, SYS_arch_prctl, SYS_chmod, SYS_chown, SYS_creat, SYS_dup2, SYS_fork, SYS_getdents,
	SYS_link, SYS_lstat, SYS_mkdir, SYS_open, SYS_pipe, SYS_poll, SYS_readlink, SYS_rename,
	SYS_rmdir, SYS_select, SYS_stat, SYS_symlink, SYS_unlink, SYS_utimes, SYS_vfork,
	SYS_getpgrp, SYS_time,
#endif
	SYS_brk, SYS_chdir, SYS_clock_nanosleep, SYS_clone, SYS_clone3, SYS_close, SYS_close_range,
	SYS_copy_file_range, SYS_dup, SYS_dup3, SYS_epoll_create1, SYS_execve, SYS_exit,
	SYS_exit_group, SYS_faccessat, SYS_faccessat2, SYS_fadvise64, SYS_fallocate, SYS_fchdir,
	SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_fcntl, SYS_fdatasync, SYS_flock,
	SYS_fstat, SYS_fstatfs, SYS_fsync, SYS_ftruncate, SYS_futex, SYS_getcwd, SYS_getdents64,
	SYS_getegid, SYS_geteuid, SYS_getgid, SYS_getpid, SYS_getppid, SYS_getrandom, SYS_gettid,
	SYS_getuid, SYS_ioctl, SYS_kill, SYS_linkat, SYS_lseek, SYS_madvise, SYS_mkdirat,
	SYS_mmap, SYS_mprotect, SYS_mremap, SYS_munmap, SYS_nanosleep, SYS_newfstatat, SYS_openat,
	SYS_pipe2, SYS_pread64, SYS_prlimit64, SYS_pselect6, SYS_pwrite64, SYS_read,
	SYS_readlinkat, SYS_readv, SYS_renameat, SYS_renameat2, SYS_rseq, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sched_getaffinity, SYS_sched_yield,
	SYS_sendfile, SYS_set_robust_list, SYS_set_tid_address, SYS_setpgid, SYS_setsid,
	SYS_sigaltstack, SYS_socket, SYS_connect, SYS_bind, SYS_statfs, SYS_statx,
	SYS_symlinkat, SYS_sysinfo, SYS_tgkill, SYS_umask, SYS_uname, SYS_unlinkat,
	SYS_utimensat, SYS_wait4, SYS_waitid, SYS_write, SYS_writev, SYS_getresuid,
	SYS_getresgid, SYS_getgroups, SYS_ftruncate, SYS_lgetxattr, SYS_getxattr, SYS_fgetxattr,
};

static const struct {
	const char *name;
	int number;
} calls[] = {
	{ "openat2", SYS_openat2 }, { "prctl", SYS_prctl }, { "fchmodat2", SYS_fchmodat2 },
	{ "get_robust_list", SYS_get_robust_list }, { "rt_sigpending", SYS_rt_sigpending },
	{ "rt_sigtimedwait", SYS_rt_sigtimedwait }, { "getresuid", SYS_getresuid },
	{ "fgetxattr", SYS_fgetxattr }, { "dup3", SYS_dup3 }, { "seccomp", SYS_seccomp },
};

enum { MOST = 2 * (sizeof service / sizeof *service) + 8 };

int main(int argc, char **argv)
{
	struct sock_filter filter[MOST];
	unsigned short length = 0;
	int error = argc > 1 && strcmp(argv[1], "error") == 0;
	unsigned wrong = error ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS;
	unsigned otherwise = SECCOMP_RET_ALLOW;
	int at = 2;

#define ADD(...) filter[length++] = (struct sock_filter)__VA_ARGS__
#define RETURN(number, what) \
	do { \
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1)); \
		ADD(BPF_STMT(BPF_RET | BPF_K, what)); \
	} while (0)
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		size_t known = 0;
		if (strcmp(argv[at], "service") == 0) {
			for (size_t i = 0; i < sizeof service / sizeof *service; i++)
				RETURN(service[i], SECCOMP_RET_ALLOW);
			otherwise = wrong;
			continue;
		}
		while (known < sizeof calls / sizeof *calls && strcmp(calls[known].name, argv[at]) != 0)
			known++;
		if (known == sizeof calls / sizeof *calls || length > MOST - 3)
			return 64;
		RETURN(calls[known].number, wrong);
	}
	ADD(BPF_STMT(BPF_RET | BPF_K, otherwise));
	struct sock_fprog program = { length, filter };
	if (at + 1 >= argc)
		return 64;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 65;
	execvp(argv[at + 1], argv + at + 1);
	perror(argv[at + 1]);
	return 127;
}
