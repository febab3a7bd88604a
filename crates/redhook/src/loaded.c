/* What is loaded, as dynamic loaders tell debuggers (link.h).
 *
 * dl_iterate_phdr(3) would tell as well; but a program may have a function of that
 * name, and it would be called. These are data that only loaders have, weak, since
 * each loader has one of them: glibc's `_r_debug`, musl's a pointer to it. */
#include <stddef.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* `struct r_debug`, as far as it is the same everywhere. */
struct told {
    int version;
    const void *first;
};

extern const struct told _r_debug __attribute__((weak));
extern const struct told *const _dl_debug_addr __attribute__((weak));

/* This library, by names that the linker gives. */
extern HIDDEN const char _DYNAMIC[], __ehdr_start[], _end[];

HIDDEN const struct {
    const char *start, *end, *dynamic;
} redhook_own = {__ehdr_start, _end, _DYNAMIC};

HIDDEN const void *redhook_loaded(void)
{
    const struct told *told = &_r_debug;
    if (told == NULL && &_dl_debug_addr != NULL)
        told = _dl_debug_addr;
    /* What is no loader's, but a program's under the same name, has no version. */
    if (told == NULL || told->version < 1 || told->version > 2)
        return NULL;
    return told->first;
}
