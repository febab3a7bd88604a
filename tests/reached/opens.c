/* Opens an object and calls a function of it, or asks a handle for one of liburing's. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    int flags = atoi(arguments[3]);
    void *handle = dlopen(arguments[1], RTLD_NOW | flags);
    if (handle == NULL)
        return fprintf(stderr, "%s\n", dlerror()), 3;
    void (*function)(void) = (void (*)(void))dlsym(handle, arguments[2]);
    if (function == NULL)
        return 4;
    if (strcmp(arguments[2], "io_uring_setup") == 0)
        printf("%d\n", ((int (*)(unsigned, void *))function)(7, 0));
    else
        function();
    return 0;
}
