/* start HOW ENVIRONMENT PROGRAM [ARGUMENT...]
 *
 * Starts a program by one of the ways that libc has, after doing something to
 * the environment, and says afterwards whether anything of its own is not as it
 * was. Ways that replace the process are taken in a child. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

extern char **environ;

static char *own[] = { "A=1", "LANG=C", "A=2", NULL };

static char *twice[] = {
    "UMASKCLAMP_MODE=", "UMASKCLAMP_MODE=audit", "UMASKCLAMP_MODE=off", "UMASKCLAMP", "A=1", NULL
};

/* What sudo(8) gives a command. */
static char *reset[] = {
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent", "SHELL=/bin/sh", "LOGNAME=x",
    "USER=x", "SUDO_COMMAND=x", "SUDO_USER=x", "SUDO_UID=0", "SUDO_GID=0", NULL
};

static char **change(const char *what)
{
    if (strcmp(what, "keep") == 0)
        return environ;
    if (strcmp(what, "clear") == 0)
        return clearenv() == 0 ? environ : NULL;
    if (strcmp(what, "own") == 0)
        return environ = own;
    if (strcmp(what, "reset") == 0)
        return environ = reset;
    if (strcmp(what, "unset") == 0) {
        unsetenv("LD_PRELOAD");
        return environ;
    }
    if (strcmp(what, "off") == 0) {
        setenv("UMASKCLAMP_MODE", "off", 1);
        setenv("UMASKCLAMP_PATTERNS", "", 1);
        setenv("UMASKCLAMP_MASK", "000", 1);
        return environ;
    }
    if (strcmp(what, "empty") == 0) {
        setenv("UMASKCLAMP_MODE", "", 1);
        setenv("UMASKCLAMP_PATTERNS", "", 1);
        setenv("UMASKCLAMP_MASK", "", 1);
        return environ;
    }
    if (strcmp(what, "strange") == 0) {
        setenv("UMASKCLAMP_PATTERN", "*.txt", 1);
        return environ;
    }
    if (strcmp(what, "twice") == 0)
        return environ = twice;
    if (strcmp(what, "other") == 0) {
        setenv("LD_PRELOAD", "libm.so.6", 1);
        return environ;
    }
    if (strcmp(what, "zero") == 0) {
        environ[0] = NULL;
        return environ;
    }
    /* As a program that shows its state in `ps` does. */
    if (strcmp(what, "scribble") == 0) {
        char *start = environ[0];
        size_t size = 0;
        for (char **e = environ; *e != NULL; e++)
            size = (size_t)(*e + strlen(*e) - start);
        char **copy = calloc(2, sizeof *copy);
        memset(start, 'x', size);
        return environ = copy;
    }
    if (strcmp(what, "long") == 0) {
        for (int i = 0; i < 3000; i++) {
            char name[16];
            snprintf(name, sizeof name, "N%d", i);
            setenv(name, "value", 1);
        }
        unsetenv("LD_PRELOAD");
        return environ;
    }
    fprintf(stderr, "start: no environment %s\n", what);
    exit(64);
}

/* For the variadic ways: they look at nothing behind the first null pointer. */
#define EIGHT(v, i) v[i], v[i + 1], v[i + 2], v[i + 3], v[i + 4], v[i + 5], v[i + 6], v[i + 7]
#define LIST(v) EIGHT(v, 0), EIGHT(v, 8), EIGHT(v, 16), EIGHT(v, 24), EIGHT(v, 32), NULL

static void search_from(const char *program)
{
    static char directory[4096];
    snprintf(directory, sizeof directory, "%s", program);
    *strrchr(directory, '/') = '\0';
    setenv("PATH", directory, 1);
}

static void replace(const char *how, char **given, char **env)
{
    char *v[41] = { NULL };
    for (int i = 0; i < 40 && given[i] != NULL; i++)
        v[i] = given[i];
    const char *name = strrchr(v[0], '/');
    name = name == NULL ? v[0] : name + 1;
    if (strcmp(how, "execve") == 0)
        execve(v[0], v, env);
    else if (strcmp(how, "execv") == 0)
        execv(v[0], v);
    else if (strcmp(how, "execvp") == 0)
        execvp(v[0], v);
    else if (strcmp(how, "execvpe") == 0)
        execvpe(v[0], v, env);
    else if (strcmp(how, "execl") == 0)
        execl(v[0], LIST(v));
    else if (strcmp(how, "execlp") == 0)
        execlp(v[0], LIST(v));
    else if (strcmp(how, "execle") == 0) {
        if (v[1] == NULL)
            execle(v[0], v[0], NULL, env);
        else if (v[2] == NULL)
            execle(v[0], v[0], v[1], NULL, env);
        else if (v[3] == NULL)
            execle(v[0], v[0], v[1], v[2], NULL, env);
        else
            execle(v[0], v[0], v[1], v[2], v[3], v[4], v[4] ? v[5] : NULL, NULL, env);
    } else if (strcmp(how, "fexecve") == 0) {
        int fd = open(v[0], O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            fexecve(fd, v, env);
    } else if (strcmp(how, "fexecve-path") == 0) {
        int fd = open(v[0], O_PATH | O_CLOEXEC);
        if (fd >= 0)
            fexecve(fd, v, env);
    } else if (strcmp(how, "execveat") == 0)
        execveat(AT_FDCWD, v[0], v, env, 0);
    else if (strcmp(how, "syscall") == 0)
        syscall(SYS_execve, v[0], v, env);
    else if (strcmp(how, "search") == 0) {
        /* By its name alone, from the directory where it is. */
        search_from(v[0]);
        execvp(name, v);
    } else {
        fprintf(stderr, "start: no way %s\n", how);
        _exit(64);
    }
    dprintf(2, "%s: errno %d\n", how, errno);
    _exit(126);
}

static int replaced(void *arguments)
{
    void **a = arguments;
    replace(a[0], a[1], a[2]);
    return 0;
}

static void *in_handler[3];

static void handler(int signal)
{
    (void)signal;
    replaced(in_handler);
}

/* From a signal handler on an alternate stack of 8 KiB, below which nothing is
 * mapped. */
static void replace_in_handler(const char *how, char **v, char **env)
{
    const size_t size = 8192, page = 4096;
    char *stack = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(stack, page, PROT_NONE);
    stack_t alternate = { .ss_sp = stack + page, .ss_size = size };
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
    in_handler[0] = (void *)how;
    in_handler[1] = v;
    in_handler[2] = env;
    if (sigaltstack(&alternate, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
        perror("start");
    raise(SIGUSR1);
    _exit(126);
}

/* The program and its arguments as a line for the shell: no blanks in them. */
static char *line(char **v)
{
    static char text[65536];
    text[0] = '\0';
    for (; *v != NULL; v++) {
        strcat(text, *v);
        strcat(text, " ");
    }
    return text;
}

static pid_t vforked(const char *how, char **v, char **env)
{
    pid_t pid = vfork();
    if (pid == 0)
        replace(how, v, env);
    return pid;
}

/* A kernel that makes processes but no threads: container runtimes and services
 * filter system calls by their arguments as well. */
static void without_threads(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        perror("start: filter");
}

/* The next children are to be in a pid namespace of their own: a task of this process
 * can be in none then. Root may; others in a user namespace of their own. */
static void in_another_namespace(void)
{
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
        perror("start: unshare");
}

static int spawn(pid_t *pid, char **v, char **env)
{
    errno = 0;
    int error = posix_spawn(pid, v[0], NULL, NULL, v, env);
    if (error == 0 && errno != 0)
        printf("start: errno %d after a success\n", errno);
    return error;
}

static int start(const char *how, char **v, char **env)
{
    pid_t pid = 0;
    int status = 0, error = 0;
    if (strcmp(how, "posix_spawn") == 0)
        error = spawn(&pid, v, env);
    else if (strcmp(how, "filtered-posix_spawn") == 0) {
        without_threads();
        error = spawn(&pid, v, env);
    } else if (strcmp(how, "elsewhere-posix_spawn") == 0) {
        in_another_namespace();
        error = spawn(&pid, v, env);
    } else if (strcmp(how, "posix_spawnp") == 0)
        error = posix_spawnp(&pid, v[0], NULL, NULL, v, env);
    else if (strcmp(how, "system") == 0)
        return system(line(v));
    else if (strcmp(how, "popen") == 0) {
        FILE *out = popen(line(v), "r");
        if (out == NULL) {
            fprintf(stderr, "popen: errno %d\n", errno);
            return 126 << 8;
        }
        char text[65536];
        size_t length = fread(text, 1, sizeof text, out);
        fwrite(text, 1, length, stdout);
        return pclose(out);
    } else if (strcmp(how, "wordexp") == 0) {
        char text[65600];
        wordexp_t words;
        snprintf(text, sizeof text, "$(%s)", line(v));
        error = wordexp(text, &words, 0);
        for (size_t i = 0; error == 0 && i < words.we_wordc; i++)
            puts(words.we_wordv[i]);
        return error << 8;
    } else if (strncmp(how, "vfork-", 6) == 0) {
        pid = vforked(how + 6, v, env);
    } else if (strncmp(how, "clone-", 6) == 0) {
        static char stack[256 * 1024] __attribute__((aligned(16)));
        void *arguments[] = { (void *)(how + 6), v, env };
        pid = clone(replaced, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, arguments);
    } else if (strncmp(how, "handler-", 8) == 0) {
        fflush(NULL);
        pid = fork();
        if (pid == 0)
            replace_in_handler(how + 8, v, env);
    } else {
        fflush(NULL);
        pid = fork();
        if (pid == 0)
            replace(how, v, env);
    }
    if (error != 0) {
        fprintf(stderr, "%s: error %d\n", how, error);
        return 126 << 8;
    }
    waitpid(pid, &status, 0);
    return status;
}

/* "fill" as the last argument stands for arguments of two million bytes: of the
 * 2 MiB that there are under a stack limit of 8 MiB, less than 100,000 are left. */
static char **filled(char **v)
{
    static char *longer[64];
    int count = 0;
    for (; v[count] != NULL && strcmp(v[count], "fill") != 0; count++)
        longer[count] = v[count];
    if (v[count] == NULL || count > 32)
        return v;
    char *text = malloc(100000);
    memset(text, 'x', 99999);
    text[99999] = 0;
    for (int i = 0; i < 20; i++)
        longer[count++] = text;
    return longer;
}

static int descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

int main(int count, char **v)
{
    if (count < 4)
        return 64;
    mode_t mask = umask(0);
    umask(mask);
    sigset_t before, after;
    sigprocmask(SIG_SETMASK, NULL, &before);
    int open_before = descriptors();
    char **env = change(v[2]);
    int status = start(v[1], filled(v + 3), env);
    mode_t now = umask(0);
    umask(now);
    sigprocmask(SIG_SETMASK, NULL, &after);
    if (now != mask)
        printf("start: umask was %03o, is %03o\n", mask, now);
    if (memcmp(&before, &after, 8) != 0)
        printf("start: another signal mask\n");
    if (descriptors() != open_before)
        printf("start: another number of descriptors\n");
    fflush(NULL);
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "start: killed by %d\n", WTERMSIG(status));
        return 125;
    }
    return WEXITSTATUS(status);
}
