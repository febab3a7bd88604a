/* The variadic members of the exec family, which stable Rust cannot define:
 * each collects its arguments in an array on the stack and hands it on.
 *
 * The names are not the ones that programs call: those are exported by the Rust
 * side (src/hooks/execl.rs), which jumps here with all registers as they are. */
#include <stdarg.h>
#include <stddef.h>

#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN int umaskclamp_execl(const char *path, const char *const arguments[]);
HIDDEN int umaskclamp_execlp(const char *file, const char *const arguments[]);
HIDDEN int umaskclamp_execle(const char *path, const char *const arguments[],
                             const char *const environment[]);

/* Counts the arguments up to the null pointer, which it does not count. */
#define COUNT(count, first, list)                                              \
    do {                                                                       \
        va_start(list, first);                                                 \
        if ((first) != NULL)                                                   \
            for (count = 1; va_arg(list, const char *) != NULL;)               \
                count++;                                                       \
        va_end(list);                                                          \
    } while (0)

/* Writes them and the null pointer; the list stands behind it then. */
#define COLLECT(arguments, count, first, list)                                 \
    do {                                                                       \
        arguments[0] = first;                                                  \
        for (size_t i = 1; i <= count; i++)                                    \
            arguments[i] = va_arg(list, const char *);                         \
    } while (0)

HIDDEN int umaskclamp_collect_execl(const char *path, const char *first, ...)
{
    va_list list;
    size_t count = 0;
    COUNT(count, first, list);
    const char *arguments[count + 1];
    va_start(list, first);
    COLLECT(arguments, count, first, list);
    va_end(list);
    return umaskclamp_execl(path, arguments);
}

HIDDEN int umaskclamp_collect_execlp(const char *file, const char *first, ...)
{
    va_list list;
    size_t count = 0;
    COUNT(count, first, list);
    const char *arguments[count + 1];
    va_start(list, first);
    COLLECT(arguments, count, first, list);
    va_end(list);
    return umaskclamp_execlp(file, arguments);
}

HIDDEN int umaskclamp_collect_execle(const char *path, const char *first, ...)
{
    va_list list;
    size_t count = 0;
    COUNT(count, first, list);
    const char *arguments[count + 1];
    va_start(list, first);
    COLLECT(arguments, count, first, list);
    const char *const *environment = va_arg(list, const char *const *);
    va_end(list);
    return umaskclamp_execle(path, arguments, environment);
}
