/* threads SECONDS DIRECTORY PROGRAM...: eight threads start the programs in turn,
 * by posix_spawn and vfork, with and without an environment, while two more make
 * plain files and look at their modes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static atomic_int done, wrong, started;
static char **programs;
static int program_count;
static const char *directory;

static pid_t by_vfork(char *path, char **arguments, char **env)
{
    pid_t pid = vfork();
    if (pid == 0) {
        execve(path, arguments, env);
        _exit(127);
    }
    return pid;
}

static void *starter(void *number)
{
    char *none[] = { NULL };
    for (size_t i = (size_t)number; !done; i++) {
        char *path = programs[i % (size_t)program_count];
        char *arguments[] = { path, NULL };
        char **env = i % 3 ? environ : none;
        pid_t pid;
        int status;
        if (i % 2 == 0) {
            pid = by_vfork(path, arguments, env);
        } else if (posix_spawn(&pid, path, NULL, NULL, arguments, env) != 0) {
            wrong++;
            continue;
        }
        if (waitpid(pid, &status, 0) != pid || status != 0)
            wrong++;
        started++;
    }
    return NULL;
}

static void *maker(void *number)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/plain%zu", directory, (size_t)number);
    while (!done) {
        struct stat inode;
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
        if (fd < 0 || fstat(fd, &inode) != 0 || (inode.st_mode & 0777) != 0644) {
            printf("a plain file: %o, errno %d\n", fd < 0 ? 0 : inode.st_mode & 0777, errno);
            wrong++;
        }
        close(fd);
        unlink(path);
    }
    return NULL;
}

static int count(const char *path)
{
    int entries = 0;
    DIR *list = opendir(path);
    while (readdir(list) != NULL)
        entries++;
    closedir(list);
    return entries;
}

static int mappings(void)
{
    int lines = 0, c;
    FILE *maps = fopen("/proc/self/maps", "re");
    while ((c = getc(maps)) != EOF)
        lines += c == '\n';
    fclose(maps);
    return lines;
}

int main(int argc, char **v)
{
    if (argc < 4)
        return 64;
    directory = v[2];
    programs = v + 3;
    program_count = argc - 3;
    umask(022);
    /* Whatever the first use of a thread or stream maps is there already. */
    pthread_t threads[10];
    done = 1;
    for (size_t i = 0; i < 10; i++)
        pthread_create(&threads[i], NULL, starter, (void *)i);
    for (size_t i = 0; i < 10; i++)
        pthread_join(threads[i], NULL);
    mappings();
    done = 0;
    int open_before = count("/proc/self/fd"), mapped = mappings();
    for (size_t i = 0; i < 10; i++)
        pthread_create(&threads[i], NULL, i < 8 ? starter : maker, (void *)i);
    nanosleep(&(struct timespec){ .tv_sec = atoi(v[1]) }, NULL);
    done = 1;
    for (size_t i = 0; i < 10; i++)
        pthread_join(threads[i], NULL);
    /* Threads' heaps and stacks may have come and gone: some ten each. */
    if (mappings() > mapped + 40)
        printf("mappings: %d, then %d\n", mapped, mappings());
    if (count("/proc/self/fd") != open_before)
        printf("another number of descriptors\n");
    if (umask(0) != 022)
        printf("another umask\n");
    printf("wrong %d\n", wrong);
    fprintf(stderr, "started %d\n", started);
    return 0;
}
