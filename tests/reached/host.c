/* Reaches functions of libc, and what calls them, in the ways that pass a symbol table's
 * ordinary search. What it is told comes as arguments; what it got goes to stdout. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define FIRST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define FIRST "GLIBC_2.17"
#elif defined(__riscv)
#define FIRST "GLIBC_2.27"
#elif defined(__arm__)
#define FIRST "GLIBC_2.4"
#else
#define FIRST "GLIBC_2.0"
#endif

typedef int maker(const char *, mode_t);

/* Plug-ins that are bound to the program's symbols would call this one. */
const char *whose(void)
{
    return "program";
}

static void make(const char *path, void *function)
{
    if (function == NULL) {
        printf("%s: none\n", path);
        return;
    }
    int fd = ((maker *)function)(path, 0644);
    printf("%s: %s\n", path, fd < 0 ? strerror(errno) : "made");
    if (fd > 0)
        close(fd);
}

static void *handle(const char *name)
{
    void *found = dlopen(name, RTLD_NOW);
    if (found == NULL)
        exit(3);
    return found;
}

static void by_handle(void)
{
    static const char *const parts[] = {"libc.so.6", "libpthread.so.0", "libdl.so.2",
                                        "librt.so.1"};
    char path[64];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "part%d.iso", i);
        make(path, dlsym(handle(parts[i]), "creat"));
    }
    void *libc = handle("libc.so.6");
    make("directory.iso", dlsym(libc, "mkdir"));
    make("node.iso", dlsym(libc, "mkfifo"));
    make("version.iso", dlvsym(libc, "creat", FIRST));
    make("default.iso", dlsym(RTLD_DEFAULT, "creat"));
    make("default-version.iso", dlvsym(RTLD_DEFAULT, "creat", FIRST));
    make("next.iso", dlsym(RTLD_NEXT, "creat"));
    make("next-version.iso", dlvsym(RTLD_NEXT, "creat", FIRST));
    /* The function that finds functions, by a handle. */
    void *(*find)(void *, const char *) = (void *(*)(void *, const char *))dlsym(libc, "dlsym");
    if (find == NULL)
        find = (void *(*)(void *, const char *))dlsym(handle("libdl.so.2"), "dlsym");
    make("found.iso", find(libc, "creat"));
    FILE *(*stream)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) dlsym(libc, "fopen");
    fclose(stream("stream.iso", "w"));
    int (*variadic)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(libc, "open");
    close(variadic("open.iso", O_CREAT | O_WRONLY, 0644));
    make("other.txt", dlsym(libc, "creat"));
    /* What has no hook is libc's own. */
    printf("getpid %d\n", dlsym(libc, "getpid") == (void *)getpid ||
                              ((pid_t(*)(void))dlsym(libc, "getpid"))() == getpid());
}

static void say(const char *what, const void *found)
{
    const char *error = dlerror();
    printf("%s: %s, %s", what, found ? "found" : "nothing", error ? error : "no error");
    /* Told once. */
    printf(", %s\n", dlerror() ? "again" : "no error");
}

static void errors(void)
{
    void *libc = handle("libc.so.6");
    say("nosuch by handle", dlsym(libc, "nosuch"));
    say("nosuch", dlsym(RTLD_DEFAULT, "nosuch"));
    say("nosuch next", dlsym(RTLD_NEXT, "nosuch"));
    say("no such version", dlvsym(libc, "creat", "GLIBC_0.1"));
    say("no such version at all", dlvsym(RTLD_DEFAULT, "creat", "GLIBC_0.1"));
    say("no such version next", dlvsym(RTLD_NEXT, "creat", "GLIBC_0.1"));
    say("no such object", dlopen("./nosuch.so", RTLD_NOW | RTLD_DEEPBIND));
    say("no such name", dlopen("nosuch.so", RTLD_NOW | RTLD_DEEPBIND));
    say("no mode", dlopen("./nosuch.so", RTLD_DEEPBIND));
    say("the program", dlopen(NULL, RTLD_NOW | RTLD_DEEPBIND));
    /* What is found takes an older error away. */
    dlsym(libc, "nosuch");
    say("creat after an error", dlsym(libc, "creat"));
    dlsym(libc, "nosuch");
    say("creat by version after an error", dlvsym(libc, "creat", FIRST));
    dlsym(libc, "nosuch");
    say("creat by default after an error", dlsym(RTLD_DEFAULT, "creat"));
    dlsym(libc, "nosuch");
    say("creat next after an error", dlsym(RTLD_NEXT, "creat"));
}

/* The protections of an object's segments, as they are. */
static void protections(const char *file)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    printf("%s:", file);
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, file))
            printf(" %.4s", strchr(line, ' ') + 1);
    printf("\n");
    if (maps)
        fclose(maps);
}

static void plugin(const char *path, const char *when)
{
    int binding = strcmp(when, "lazy") == 0 ? RTLD_LAZY : RTLD_NOW;
    void *found = dlopen(path, binding | RTLD_GLOBAL | RTLD_DEEPBIND);
    if (found == NULL) {
        printf("%s\n", dlerror());
        exit(4);
    }
    void (*work)(void) = (void (*)(void))dlsym(found, "work");
    if (work == NULL)
        exit(5);
    work();
    protections("plugin");
    protections("needed");
    say("after", found);
    dlclose(found);
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "handle") == 0)
        by_handle();
    else if (count == 2 && strcmp(arguments[1], "errors") == 0)
        errors();
    else if (count == 4 && strcmp(arguments[1], "plugin") == 0) {
        /* Again when it has gone: what is counted as opened since is more then. */
        plugin(arguments[2], arguments[3]);
        fflush(stdout);
        if (system("rm -r *.iso") != 0)
            return 6;
        plugin(arguments[2], arguments[3]);
    }
    else if (count == 2 && strcmp(arguments[1], "mkdir") == 0)
        make("plain.iso", (void *)mkdir);
    else
        return 2;
    return 0;
}
