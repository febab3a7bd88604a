/* What scripts/portable runs under a library of another machine: a call of each
 * family at a sensitive and at a plain name, in the current directory. The names
 * with an `s` are sensitive. One line a fault on stderr, exit status 1 if any. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int checks, faults;

static void expect(const char *call, const char *name, mode_t wide)
{
    struct stat about;
    mode_t mode = *name == 's' ? wide & 0700 : wide;
    checks++;
    if (lstat(name, &about) != 0 || (about.st_mode & 0777) != mode) {
        fprintf(stderr, "%s %s: mode %o, not %o\n", call, name,
                (unsigned)about.st_mode & 0777, (unsigned)mode);
        faults++;
    }
    if (S_ISDIR(about.st_mode))
        rmdir(name);
    else
        unlink(name);
}

#define FILE_CALL(call)                                                        \
    do {                                                                       \
        int fd = (call);                                                       \
        if (fd >= 0)                                                           \
            close(fd);                                                         \
        expect(#call, name, 0666);                                             \
    } while (0)

static void all(const char *name, const char *other)
{
    const int flags = O_CREAT | O_WRONLY;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FILE *file;
    int fd;

    FILE_CALL(open(name, flags, 0666));
    FILE_CALL(open64(name, flags, 0666));
    FILE_CALL(openat(AT_FDCWD, name, flags, 0666));
    FILE_CALL(openat64(AT_FDCWD, name, flags, 0666));
    FILE_CALL(creat(name, 0666));
    FILE_CALL((int)syscall(SYS_openat, AT_FDCWD, name, flags, 0666));
    if ((file = fopen(name, "w")) != NULL)
        fclose(file);
    expect("fopen", name, 0666);
    if ((file = fopen("/dev/null", "r")) != NULL && (file = freopen(name, "w", file)) != NULL)
        fclose(file);
    expect("freopen", name, 0666);
    (void)!mkdir(name, 0777);
    expect("mkdir", name, 0777);
    (void)!mkfifo(name, 0666);
    expect("mkfifo", name, 0666);
    (void)!mknod(name, S_IFREG | 0666, 0);
    expect("mknod", name, 0666);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(address.sun_path, name);
    (void)!bind(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    expect("bind", name, 0777);
    close(open(name, flags, 0600));
    (void)!chmod(name, 0644);
    expect("chmod", name, 0644);
    fd = open(name, flags, 0600);
    (void)!fchmod(fd, 0644);
    close(fd);
    expect("fchmod", name, 0644);
    close(open(other, flags, 0644));
    (void)!rename(other, name);
    expect("rename", name, 0644);
    close(open(other, flags, 0644));
    (void)!link(other, name);
    unlink(other);
    expect("link", name, 0644);
}

int main(void)
{
    umask(0);
    all("public", "public2");
    all("secret", "public2");
    printf("on glibc %s %d checks, %d faults\n", gnu_get_libc_version(), checks, faults);
    return faults != 0;
}
