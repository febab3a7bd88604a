/* attributes PROGRAM DIRECTORY: starts a program by posix_spawn with every
 * attribute and every file action, one set after the other. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int count, char **v)
{
    if (count != 3)
        return 64;
    const short sets[] = {
        0,
        POSIX_SPAWN_SETSIGMASK,
        POSIX_SPAWN_SETSIGDEF,
        POSIX_SPAWN_SETPGROUP,
        POSIX_SPAWN_SETSID,
        POSIX_SPAWN_RESETIDS,
        POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_SETSCHEDPARAM,
        POSIX_SPAWN_USEVFORK,
        POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP,
    };
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        posix_spawnattr_t attributes;
        posix_spawn_file_actions_t actions;
        sigset_t set;
        struct sched_param parameter = { 0 };
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_setflags(&attributes, sets[i]);
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        posix_spawnattr_setsigmask(&attributes, &set);
        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        posix_spawnattr_setsigdefault(&attributes, &set);
        posix_spawnattr_setschedpolicy(&attributes, SCHED_BATCH);
        posix_spawnattr_setschedparam(&attributes, &parameter);
        posix_spawn_file_actions_addopen(&actions, 7, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, 7, 9);
        posix_spawn_file_actions_addclose(&actions, 7);
        posix_spawn_file_actions_addclose(&actions, 0);
        posix_spawn_file_actions_addchdir_np(&actions, v[2]);
        char *arguments[] = { "show", "x", NULL };
        pid_t pid;
        int status = 0;
        printf("set %zu\n", i);
        fflush(stdout);
        int error = posix_spawn(&pid, v[1], &actions, i ? &attributes : NULL, arguments, environ);
        if (error == 0)
            waitpid(pid, &status, 0);
        printf("error %d status %d\n", error, status);
        fflush(stdout);
    }
    return 0;
}
