/* For scripts/bench, part supervisor: where a file comes to be, and how wide, if its
 * path changes between the look of whoever clamps and the kernel's. Creates a file
 * again and again, mode 0644, below DIRECTORY/o or DIRECTORY/s, of which the second is
 * to be the sensitive one.
 *
 * race none|memory|link COUNT DIRECTORY
 *
 * none: in turn; memory: another thread writes "o" and "s" into the path meanwhile;
 * link: another process turns the link DIRECTORY/p to one and the other. Prints,
 * tab-separated: files at s, of these wide; files at o, of these narrow; failures. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[4096];
static volatile char *letter;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void *flip(void *nothing)
{
    for (;;)
        *letter = *letter == 'o' ? 's' : 'o';
    return nothing;
}

static void turn(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        if (symlink("o", "next") != 0 || rename("next", "p") != 0 ||
            symlink("s", "next") != 0 || rename("next", "p") != 0)
            fail("next");
}

int main(int count, char **arguments)
{
    long at_s = 0, wide = 0, at_o = 0, narrow = 0, failures = 0;
    pid_t other = 0;
    pthread_t thread;
    if (count != 4 || chdir(arguments[3]) != 0) {
        fputs("Usage: race none|memory|link COUNT DIRECTORY\n", stderr);
        return 2;
    }
    umask(0);
    snprintf(path, sizeof path, "%s/o/file", arguments[3]);
    letter = path + strlen(arguments[3]) + 1;
    if (strcmp(arguments[1], "link") == 0) {
        *letter = 'p';
        if (symlink("o", "p") != 0 || (other = fork()) < 0)
            fail("p");
        if (other == 0)
            turn();
    } else if (strcmp(arguments[1], "memory") == 0 &&
               pthread_create(&thread, NULL, flip, NULL) != 0)
        fail("pthread_create");
    for (long i = atol(arguments[2]); i > 0; i--) {
        struct stat about;
        if (strcmp(arguments[1], "none") == 0)
            *letter = i % 2 ? 'o' : 's';
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (fd < 0 || fstat(fd, &about) != 0) {
            failures++;
            continue;
        }
        close(fd);
        if (unlink("s/file") == 0) {
            at_s++;
            wide += (about.st_mode & 077) != 0;
        } else if (unlink("o/file") == 0) {
            at_o++;
            narrow += (about.st_mode & 077) == 0;
        }
    }
    if (other > 0) {
        kill(other, SIGKILL);
        waitpid(other, NULL, 0);
    }
    printf("%ld\t%ld\t%ld\t%ld\t%ld\n", at_s, wide, at_o, narrow, failures);
    return 0;
}
