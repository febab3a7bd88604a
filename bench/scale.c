/* Many creations at once, for scripts/bench: 8 processes of 4 threads create and
 * remove a sensitive file again and again. Prints, tab-separated: files created,
 * files a second, the most that a process's memory grew in the second half
 * (KiB), the most descriptors that one had more at the end than at the start. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 8, THREADS = 4 };

struct shared {
    long created[PROCESSES], grew[PROCESSES], descriptors[PROCESSES], wide;
};

static struct shared *shared;
static double seconds;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* KiB of its own memory, page by page: what statm says is counted by processor and
 * may be hundreds of KiB off. */
static long resident(void)
{
    char line[256];
    long memory = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (file == NULL)
        exit(1);
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Anonymous: %ld", &memory) == 1)
            break;
    fclose(file);
    return memory;
}

static long descriptors(void)
{
    long count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        closedir(directory);
    return count;
}

static void *create(void *process)
{
    double end = now() + seconds;
    long own = 0;
    char name[64];
    snprintf(name, sizeof name, "secret.%d.%d", (int)getpid(), (int)gettid());
    while (now() < end) {
        struct stat about;
        int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0666);
        if (fd < 0 || fstat(fd, &about) != 0) {
            perror(name);
            exit(1);
        }
        if ((about.st_mode & 0777) != 0600)
            __atomic_fetch_add(&shared->wide, 1, __ATOMIC_RELAXED);
        close(fd);
        unlink(name);
        own++;
    }
    __atomic_fetch_add((long *)process, own, __ATOMIC_RELAXED);
    return NULL;
}

static void run(int process)
{
    pthread_t threads[THREADS];
    long fds = descriptors(), first;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, create, &shared->created[process]) != 0)
            exit(1);
    usleep((useconds_t)(seconds * 5e5));
    first = resident();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    shared->grew[process] = resident() - first;
    shared->descriptors[process] = descriptors() - fds;
    _exit(0);
}

int main(int count, char **arguments)
{
    long created = 0, grew = 0, more = 0;
    int bad = 0, status;
    if (count != 3 || chdir(arguments[2]) != 0) {
        fputs("Usage: scale SECONDS DIRECTORY\n", stderr);
        return 2;
    }
    seconds = atof(arguments[1]);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    umask(0);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        if (pid < 0)
            return 1;
        if (pid == 0)
            run(i);
    }
    while (wait(&status) > 0)
        bad |= status;
    for (int i = 0; i < PROCESSES; i++) {
        created += shared->created[i];
        grew = shared->grew[i] > grew ? shared->grew[i] : grew;
        more = shared->descriptors[i] > more ? shared->descriptors[i] : more;
    }
    printf("%ld\t%.0f\t%ld\t%ld\n", created, (double)created / seconds, grew, more);
    if (shared->wide != 0)
        fprintf(stderr, "%ld files were not 0600\n", shared->wide);
    return bad != 0 || shared->wide != 0;
}
