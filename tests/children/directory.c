/* directory HOW DIRECTORY PROGRAM FILE...: posix_spawn of a relative path, behind
 * file actions that change the directory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int count, char **v)
{
    if (count < 5)
        return 64;
    const char *how = v[1], *directory = v[2];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int fd = open(directory, O_RDONLY | O_DIRECTORY);
    if (strcmp(how, "chdir") == 0 || strcmp(how, "search") == 0) {
        posix_spawn_file_actions_addchdir_np(&actions, directory);
    } else if (strcmp(how, "twice") == 0) {
        posix_spawn_file_actions_addchdir_np(&actions, "/");
        posix_spawn_file_actions_addchdir_np(&actions, directory);
        posix_spawn_file_actions_addchdir_np(&actions, "..");
        posix_spawn_file_actions_addchdir_np(&actions, strrchr(directory, '/') + 1);
    } else if (strcmp(how, "fchdir") == 0) {
        posix_spawn_file_actions_addfchdir_np(&actions, fd);
    } else if (strcmp(how, "opened") == 0) {
        posix_spawn_file_actions_addopen(&actions, 40, directory, O_RDONLY | O_DIRECTORY, 0);
        posix_spawn_file_actions_addfchdir_np(&actions, 40);
    } else if (strcmp(how, "copied") == 0) {
        posix_spawn_file_actions_adddup2(&actions, fd, 41);
        posix_spawn_file_actions_addfchdir_np(&actions, 41);
    }
    pid_t pid;
    int status = 0, error;
    if (strcmp(how, "search") == 0) {
        setenv("PATH", "nowhere:.", 1);
        error = posix_spawnp(&pid, v[3], &actions, NULL, v + 3, environ);
    } else {
        error = posix_spawn(&pid, v[3], &actions, NULL, v + 3, environ);
    }
    if (error != 0) {
        fprintf(stderr, "error %d\n", error);
        return 126;
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}
