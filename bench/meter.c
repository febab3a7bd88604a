/* What scripts/bench measures with: see usage below. Every figure goes to stdout
 * as one line of tab-separated fields. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "meter start ROUNDS NAME=PRELOAD...   start /bin/true under each in turn; one\n"
    "                                     line a round: NAME, microseconds\n"
    "meter faults ROUNDS NAME=PRELOAD...  the same: NAME, page faults of the child\n"
    "meter loop KIND COUNT DIRECTORY NAME make COUNT calls; prints the median\n"
    "                                     nanoseconds of one\n"
    "meter repeat KIND COUNT DIRECTORY NAME  the same and prints nothing, to have\n"
    "                                     its instructions counted\n"
    "meter cpu COMMAND...                 runs it; prints its and its children's\n"
    "                                     processor time in microseconds\n";

static void fail(const char *what)
{
    fprintf(stderr, "meter: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* Settings of the library reach the children: everything called UMASKCLAMP_*. */
extern char **environ;

static int start(int count, char **arguments, int faults)
{
    int rounds = atoi(arguments[0]);
    char *environments[count][64];
    for (int i = 1; i < count; i++) {
        char *preload = strchr(arguments[i], '=');
        int entries = 0;
        if (preload == NULL)
            fail(arguments[i]);
        *preload++ = '\0';
        if (*preload != '\0' &&
            asprintf(&environments[i][entries++], "LD_PRELOAD=%s", preload) < 0)
            fail("memory");
        for (char **entry = environ; *entry != NULL && entries < 62; entry++)
            if (strncmp(*entry, "UMASKCLAMP_", 11) == 0)
                environments[i][entries++] = *entry;
        environments[i][entries] = NULL;
    }
    int order[count];
    for (int i = 0; i < count - 1; i++)
        order[i] = i + 1;
    srand(1);
    for (int round = 0; round < rounds; round++)
        /* In turn: what changes in the machine meanwhile changes all. Each round
         * but the first in another order: the kernel clears up behind a process while the next
         * one starts, so whoever always came after the largest would pay for it. */
        for (int turn = 0; turn < count - 1; turn++) {
            int other = round == 0 ? turn : turn + rand() % (count - 1 - turn);
            int i = order[other];
            order[other] = order[turn];
            order[turn] = i;
            char *child[] = {"/bin/true", NULL};
            struct rusage used;
            int status;
            pid_t pid;
            double begin = now(CLOCK_MONOTONIC);
            if (posix_spawn(&pid, child[0], NULL, NULL, child, environments[i]) != 0)
                fail(child[0]);
            if (wait4(pid, &status, 0, &used) < 0 || status != 0)
                fail(arguments[i]);
            printf("%s\t%.1f\n", arguments[i],
                   faults ? (double)used.ru_minflt : (now(CLOCK_MONOTONIC) - begin) / 1e3);
        }
    return 0;
}

/* Each makes one call and returns what it took; what surrounds it (closing,
 * removing) is not measured. */
#define MEASURE(call)                                                          \
    double begin = now(CLOCK_MONOTONIC);                                       \
    call;                                                                      \
    double took = now(CLOCK_MONOTONIC) - begin

static double open_read(const char *name)
{
    MEASURE(int fd = open("present", O_RDONLY));
    (void)name;
    if (fd < 0)
        fail("present");
    close(fd);
    return took;
}

static double fopen_read(const char *name)
{
    MEASURE(FILE *file = fopen("present", "r"));
    (void)name;
    if (file == NULL)
        fail("present");
    fclose(file);
    return took;
}

/* Looking around, as a shell or make does. */
static double look(const char *name)
{
    struct stat about;
    MEASURE({
        stat("present", &about);
        access("present", R_OK);
        int fd = open("present", O_RDONLY | O_CLOEXEC);
        close(fd);
        stat("absent", &about);
    });
    (void)name;
    return took;
}

static double create_file(const char *name)
{
    MEASURE(int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644));
    if (fd < 0)
        fail(name);
    close(fd);
    unlink(name);
    return took;
}

static double fopen_write(const char *name)
{
    MEASURE(FILE *file = fopen(name, "w"));
    if (file == NULL)
        fail(name);
    fclose(file);
    unlink(name);
    return took;
}

static double make_directory(const char *name)
{
    MEASURE(int made = mkdir(name, 0755));
    if (made != 0)
        fail(name);
    rmdir(name);
    return took;
}

static double change_mode(const char *name)
{
    static int there;
    if (!there) {
        there = 1;
        close(open(name, O_WRONLY | O_CREAT, 0600));
    }
    MEASURE(int changed = chmod(name, 0644));
    if (changed != 0)
        fail(name);
    return took;
}

/* What finding out the place of a creation takes of the kernel, alone. */
static double find_cwd(const char *name)
{
    char path[4096];
    MEASURE(long length = syscall(SYS_getcwd, path, sizeof path));
    if (length < 0)
        fail(name);
    return took;
}

static double look_for_absent(const char *name)
{
    struct stat about;
    MEASURE(int found = fstatat(AT_FDCWD, name, &about, AT_SYMLINK_NOFOLLOW));
    if (found == 0)
        fail(name);
    return took;
}

/* The least that a library can do at a relative path: know where it leads, and create
 * there or nowhere. */
static double find_and_create(const char *name)
{
    char path[4096];
    unsigned long how[] = {O_WRONLY | O_CREAT | O_EXCL, 0644, 4 /* RESOLVE_NO_SYMLINKS */};
    MEASURE(long length = syscall(SYS_getcwd, path, sizeof path);
            int fd = (int)syscall(SYS_openat2, AT_FDCWD, name, how, sizeof how));
    if (length < 0 || fd < 0)
        fail(name);
    close(fd);
    unlink(name);
    return took;
}

static double create_by_absolute_path(const char *name)
{
    static char path[8192];
    if (path[0] == '\0') {
        if (getcwd(path, 4096) == NULL)
            fail("getcwd");
        strcat(strcat(path, "/"), name);
    }
    MEASURE(int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
    if (fd < 0)
        fail(path);
    close(fd);
    unlink(path);
    return took;
}

/* Where a descriptor leads, as an fchmod has to be told. */
static double find_descriptor(const char *name)
{
    static char link[64];
    char path[4096];
    if (link[0] == '\0')
        snprintf(link, sizeof link, "/proc/thread-self/fd/%d", open("present", O_RDONLY));
    MEASURE(long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path));
    if (length < 0)
        fail(name);
    return took;
}

static const struct {
    const char *name;
    double (*call)(const char *);
} kinds[] = {
    {"open-read", open_read},     {"fopen-read", fopen_read},
    {"look", look},               {"create", create_file},
    {"fopen-write", fopen_write}, {"mkdir", make_directory},
    {"chmod", change_mode},       {"getcwd", find_cwd},
    {"lstat-absent", look_for_absent}, {"find-and-create", find_and_create},
    {"create-absolute", create_by_absolute_path}, {"find-descriptor", find_descriptor},
};

static int loop(char **arguments, int report)
{
    int count = atoi(arguments[1]);
    double *took = calloc((size_t)count + 1, sizeof *took);
    if (took == NULL || chdir(arguments[2]) != 0)
        fail(arguments[2]);
    close(open("present", O_WRONLY | O_CREAT, 0600));
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        if (strcmp(kinds[kind].name, arguments[0]) != 0)
            continue;
        for (int i = 0; i < count; i++)
            took[i] = kinds[kind].call(arguments[3]);
        unlink(arguments[3]);
        /* How many comparisons that makes depends on the times. */
        if (!report)
            return 0;
        qsort(took, (size_t)count, sizeof *took, ascending);
        printf("%.1f\n", took[count / 2]);
        return 0;
    }
    fprintf(stderr, "meter: unknown kind %s\n", arguments[0]);
    return 2;
}

static int cpu(char **arguments)
{
    struct rusage used;
    int status;
    pid_t pid;
    if (posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ) != 0)
        fail(arguments[0]);
    if (waitpid(pid, &status, 0) < 0)
        fail("waitpid");
    if (getrusage(RUSAGE_CHILDREN, &used) != 0)
        fail("getrusage");
    printf("%.0f\n", (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
                         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count, char **arguments)
{
    if (count >= 4 && strcmp(arguments[1], "start") == 0)
        return start(count - 2, arguments + 2, 0);
    if (count >= 4 && strcmp(arguments[1], "faults") == 0)
        return start(count - 2, arguments + 2, 1);
    if (count == 6 && strcmp(arguments[1], "loop") == 0)
        return loop(arguments + 2, 1);
    if (count == 6 && strcmp(arguments[1], "repeat") == 0)
        return loop(arguments + 2, 0);
    if (count >= 3 && strcmp(arguments[1], "cpu") == 0)
        return cpu(arguments + 2);
    fputs(usage, stderr);
    return 2;
}
