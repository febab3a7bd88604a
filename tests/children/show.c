/* Prints what a program is started with: arguments, environment, what the
 * attributes of posix_spawn set, and its descriptors. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

int main(int count, char **v)
{
    if (count > 1 && strcmp(v[1], "environment") == 0) {
        for (char **e = environ; *e != NULL; e++)
            puts(*e);
        return 0;
    }
    for (int i = 0; i < count; i++)
        printf("argument %s\n", v[i]);
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int s = 1; s < 32; s++) {
        struct sigaction action;
        if (sigismember(&blocked, s))
            printf("blocked %d\n", s);
        if (sigaction(s, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            printf("ignored %d\n", s);
    }
    printf("group %s\n", getpgrp() == getpid() ? "own" : "parent's");
    printf("session %s\n", getsid(0) == getpid() ? "own" : "parent's");
    printf("policy %d\n", sched_getscheduler(0));
    char directory[4096];
    printf("cwd %s\n", getcwd(directory, sizeof directory));
    for (int fd = 0; fd < 64; fd++) {
        struct stat inode;
        if (fstat(fd, &inode) == 0)
            printf("descriptor %d type %o flags %o\n", fd, inode.st_mode & S_IFMT,
                   fcntl(fd, F_GETFL) & O_ACCMODE);
    }
    return 0;
}
