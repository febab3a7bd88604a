/* An experiment, for scripts/bench and docs/children.md: clamps the modes of a program
 * that a preload cannot enter. The program runs under a seccomp filter that stops it
 * only where it creates or changes a mode; the supervisor, its tracer, reads the path,
 * asks whether that is DIRECTORY (as realpath gives it) or below, and clears bits in the
 * register that holds the mode. x86-64 only. What it lacks: docs/children.md.
 *
 * supervisor DIRECTORY COMMAND...
 *
 * Exit status: the command's. The last line on stderr says how many stops there were. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MASK = 077, NONE = -1, CREATES = O_CREAT | (O_TMPFILE & ~O_DIRECTORY) };

/* The calls and which of their arguments says what. */
static const struct call {
    int number, directory, path, flags, mode;
} calls[] = {
    {SYS_openat, 0, 1, 2, 3},       {SYS_open, NONE, 0, 1, 2},
    {SYS_creat, NONE, 0, NONE, 1},  {SYS_mkdirat, 0, 1, NONE, 2},
    {SYS_mkdir, NONE, 0, NONE, 1},  {SYS_mknodat, 0, 1, NONE, 2},
    {SYS_mknod, NONE, 0, NONE, 1},  {SYS_fchmodat, 0, 1, NONE, 2},
    {SYS_chmod, NONE, 0, NONE, 1},  {SYS_fchmod, 0, NONE, NONE, 1},
    {452, 0, 1, NONE, 2}, /* fchmodat2, which older headers lack */
};
enum { CALLS = sizeof calls / sizeof *calls };

static const size_t registers[] = {
    offsetof(struct user_regs_struct, rdi), offsetof(struct user_regs_struct, rsi),
    offsetof(struct user_regs_struct, rdx), offsetof(struct user_regs_struct, r10),
};

/* What is to be put back when a clamped call is over: the kernel keeps the argument
 * registers, so a compiler may use one again. At the thread's number modulo the size:
 * where another thread is in such a call just then, the value stays clamped. */
static struct change { pid_t thread; size_t place; unsigned long value; } changed[4096];
#define CHANGE(thread) (&changed[(thread) % (sizeof changed / sizeof *changed)])

static char *protected;
static long stops, clamps, others;

static void fail(const char *what)
{
    fprintf(stderr, "supervisor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void filter(void)
{
    struct sock_filter code[16 + 7 * CALLS];
    unsigned short n = 0;
#define ADD(...) code[n++] = (struct sock_filter)__VA_ARGS__
#define AT(member) offsetof(struct seccomp_data, member)
#define LOAD(member) ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(member)))
#define JUMP(test, value, yes, no) ADD(BPF_JUMP(BPF_JMP | (test) | BPF_K, value, yes, no))
#define RETURN(value) ADD(BPF_STMT(BPF_RET | BPF_K, value))
    LOAD(arch);
    JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
    RETURN(SECCOMP_RET_KILL_PROCESS);
    LOAD(nr);
    /* x32 has the same architecture and other numbers. The flags and mode of openat2 are
     * in memory, where a filter cannot look; io_uring opens files without any call. */
    JUMP(BPF_JGE, 0x40000000, 2, 0);
    JUMP(BPF_JEQ, SYS_openat2, 1, 0);
    JUMP(BPF_JEQ, SYS_io_uring_setup, 0, 1);
    RETURN(SECCOMP_RET_ERRNO | ENOSYS);
    for (unsigned i = 0; i < CALLS; i++) {
        JUMP(BPF_JEQ, (unsigned)calls[i].number, 0, calls[i].flags == NONE ? 4 : 6);
        if (calls[i].flags != NONE) {
            LOAD(args[calls[i].flags]);
            JUMP(BPF_JSET, CREATES, 0, 3);
        }
        /* Nor is there anything to do where no bit could be cleared. */
        LOAD(args[calls[i].mode]);
        JUMP(BPF_JSET, MASK, 0, 1);
        RETURN(SECCOMP_RET_TRACE | i);
        RETURN(SECCOMP_RET_ALLOW);
    }
    RETURN(SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, code};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
        return;
    /* Without CAP_SYS_ADMIN: at the price of every set-user-ID program below. */
    if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        fail("seccomp");
}

/* In pieces, for the second page may not be there. */
static int read_path(pid_t thread, unsigned long from, char *path)
{
    size_t first = 4096 - from % 4096; /* PATH_MAX is one page: two at most */
    struct iovec here = {path, PATH_MAX};
    struct iovec there[] = {{(void *)from, first},
                            {(void *)(from + first), PATH_MAX - first}};
    ssize_t got = process_vm_readv(thread, &here, 1, there, 2, 0);
    return got > 0 && memchr(path, '\0', (size_t)got) != NULL;
}

/* As the thread sees the path: its root, working directory and descriptors. */
static int is_sensitive(pid_t thread, const struct call *call, unsigned long *arguments)
{
    char given[PATH_MAX] = "", whole[PATH_MAX + 64], real[PATH_MAX];
    if (call->path != NONE && !read_path(thread, arguments[call->path], given))
        return 0;
    if (strncmp(given, "/proc/self/", 11) == 0) /* would be ours */
        snprintf(whole, sizeof whole, "/proc/%d/%s", thread, given + 11);
    else if (given[0] == '/')
        snprintf(whole, sizeof whole, "/proc/%d/root%s", thread, given);
    else if (call->directory == NONE || (int)arguments[call->directory] == AT_FDCWD)
        snprintf(whole, sizeof whole, "/proc/%d/cwd/%s", thread, given);
    else
        snprintf(whole, sizeof whole, "/proc/%d/fd/%d%s%s", thread,
                 (int)arguments[call->directory], given[0] != '\0' ? "/" : "", given);
    /* Of what is not there yet glibc tells the place all the same, links followed. */
    if (realpath(whole, real) == NULL && errno != ENOENT)
        return 0;
    size_t length = strlen(protected);
    return strncmp(real, protected, length) == 0 && strchr("/", real[length]) != NULL;
}

/* Returns how the thread is to go on: to the end of the call if that was changed. */
static int clamp(pid_t thread)
{
    struct user_regs_struct user;
    unsigned long row, arguments[4];
    if (ptrace(PTRACE_GETEVENTMSG, thread, 0, &row) != 0 || row >= CALLS ||
        ptrace(PTRACE_GETREGS, thread, 0, &user) != 0)
        return PTRACE_CONT;
    for (int i = 0; i < 4; i++)
        memcpy(&arguments[i], (char *)&user + registers[i], sizeof *arguments);
    if (!is_sensitive(thread, &calls[row], arguments))
        return PTRACE_CONT;
    size_t place = registers[calls[row].mode];
    unsigned long mode = arguments[calls[row].mode];
    clamps++;
    ptrace(PTRACE_POKEUSER, thread, place, mode & ~(unsigned long)MASK);
    if (CHANGE(thread)->thread != 0)
        return PTRACE_CONT;
    *CHANGE(thread) = (struct change){thread, place, mode};
    return PTRACE_SYSCALL;
}

static void put_back(pid_t thread)
{
    struct change *change = CHANGE(thread);
    if (change->thread != thread)
        return;
    ptrace(PTRACE_POKEUSER, thread, change->place, change->value);
    change->thread = 0;
}

/* Until the last one is gone: the end of its tracer would be the end of it. */
static int follow(pid_t command)
{
    int status, result = 1;
    pid_t thread;
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        int event = status >> 16, number = WSTOPSIG(status), how = PTRACE_CONT;
        if (!WIFSTOPPED(status)) {
            put_back(thread); /* makes its place free */
            if (thread == command)
                result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        *(event == PTRACE_EVENT_SECCOMP ? &stops : &others) += 1;
        if (event == PTRACE_EVENT_SECCOMP)
            how = clamp(thread);
        else if (number == (SIGTRAP | 0x80))
            put_back(thread);
        else if (event == PTRACE_EVENT_STOP && number != SIGTRAP)
            how = PTRACE_LISTEN; /* stopped by SIGSTOP or the terminal: stays so */
        /* A signal is handed on; what is the tracer's own is not one. */
        if (event != 0 || number == (SIGTRAP | 0x80))
            number = 0;
        ptrace(how, thread, 0, number);
    }
    return result;
}

int main(int count, char **arguments)
{
    int attached[2];
    if (count < 3)
        return fputs("Usage: supervisor DIRECTORY COMMAND...\n", stderr), 2;
    protected = arguments[1];
    pid_t command = pipe2(attached, O_CLOEXEC) == 0 ? fork() : -1;
    if (command == 0) {
        char byte;
        close(attached[1]);
        if (read(attached[0], &byte, 1) != 1)
            _exit(1);
        filter();
        execvp(arguments[2], arguments + 2);
        fail(arguments[2]);
    }
    /* Seized, not PTRACE_TRACEME: only so can a stopped program stay stopped. */
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD |
                   PTRACE_O_EXITKILL;
    if (command < 0 || ptrace(PTRACE_SEIZE, command, 0, options) != 0)
        fail("ptrace");
    /* From the terminal these go to the command as well, which may live on. */
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    if (write(attached[1], "", 1) != 1)
        fail("pipe");
    close(attached[0]);
    close(attached[1]);
    int result = follow(command);
    fprintf(stderr, "supervisor: %ld stops at calls, %ld clamped, %ld other stops\n",
            stops, clamps, others);
    return result;
}
