/* A plug-in: what it creates, and whose functions it calls. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void needed(void);

const char *whose(void)
{
    return "plug-in";
}

/* A function of its own under a name of libc's: others may be meant by it. */
int mkfifo(const char *path, mode_t mode)
{
    (void)path;
    return (int)mode + 1000;
}

/* Addresses in data that is read-only later, and in data that is not. */
static int (*const fixed)(const char *, mode_t) = creat;
int (*changing)(const char *, mode_t) = creat;

void work(void)
{
    close(open("opened.iso", O_CREAT | O_WRONLY, 0644));
    fclose(fopen("streamed.iso", "w"));
    mkdir("directory.iso", 0755);
    close(((int (*const volatile *)(const char *, mode_t)) & fixed)[0]("fixed.iso", 0644));
    close(changing("changing.iso", 0644));
    close(open("plain.txt", O_CREAT | O_WRONLY, 0644));
    rename("plain.txt", "renamed.iso");
    /* Bound past the program, these find libc's first. */
    int (*found)(const char *, mode_t) = (int (*)(const char *, mode_t))dlsym(RTLD_DEFAULT, "creat");
    close(found("default.iso", 0644));
    void *libc = dlopen("libc.so.6", RTLD_NOW);
    found = (int (*)(const char *, mode_t))dlsym(libc, "creat");
    close(found("handle.iso", 0644));
    found = (int (*)(const char *, mode_t))dlsym(RTLD_DEFAULT, "mkfifo");
    printf("%s, %d, %d\n", whose(), mkfifo("own.iso", 0644), found("own.iso", 0644));
    needed();
}
