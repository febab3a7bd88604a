/* memcpy, memmove, memset, bcmp, memcmp and strlen of the library's own.
 *
 * libc's are indirect functions, which the loader would look up and call in every
 * process at its start: two microseconds, for paths of a hundred bytes. These are
 * hidden: the program never sees them. Built with -fno-builtin and without loop
 * idioms, or the compiler would make each a call of itself. */
#include <stddef.h>
#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* A piece as wide as a register of the machine, at any address. */
typedef struct {
    uint64_t low, high;
} wide;

#define LOAD(type, from)                                                       \
    ({                                                                         \
        type loaded;                                                           \
        __builtin_memcpy(&loaded, from, sizeof(type));                         \
        loaded;                                                                \
    })
#define STORE(type, to, value)                                                 \
    do {                                                                       \
        type stored = value;                                                   \
        __builtin_memcpy(to, &stored, sizeof(type));                           \
    } while (0)

/* Two pieces that overlap cover any size from one piece to two; both are read
 * before one is written, so the areas may overlap as well. */
#define TWO(type)                                                              \
    do {                                                                       \
        type first = LOAD(type, from);                                         \
        type last = LOAD(type, from + size - sizeof(type));                    \
        STORE(type, to, first);                                                \
        STORE(type, to + size - sizeof(type), last);                           \
    } while (0)

HIDDEN void *memmove(void *target, const void *source, size_t size)
{
    unsigned char *to = target;
    const unsigned char *from = source;
    if (size > 2 * sizeof(wide)) {
        if ((uintptr_t)to - (uintptr_t)from >= size) {
            wide last = LOAD(wide, from + size - sizeof(wide));
            unsigned char *end = to + size - sizeof(wide);
            for (; to < end; to += sizeof(wide), from += sizeof(wide))
                STORE(wide, to, LOAD(wide, from));
            STORE(wide, end, last);
        } else {
            wide first = LOAD(wide, from);
            for (; size > sizeof(wide); size -= sizeof(wide))
                STORE(wide, to + size - sizeof(wide),
                      LOAD(wide, from + size - sizeof(wide)));
            STORE(wide, to, first);
        }
    } else if (size >= sizeof(wide)) {
        TWO(wide);
    } else if (size >= 8) {
        TWO(uint64_t);
    } else if (size >= 4) {
        TWO(uint32_t);
    } else if (size >= 2) {
        TWO(uint16_t);
    } else if (size == 1) {
        *to = *from;
    }
    return target;
}

HIDDEN void *memcpy(void *restrict target, const void *restrict source,
                    size_t size)
{
    return memmove(target, source, size);
}

HIDDEN void *memset(void *target, int byte, size_t size)
{
    unsigned char *to = target;
    uint64_t eight = (unsigned char)byte * UINT64_C(0x0101010101010101);
    if (size >= 8) {
        unsigned char *end = to + size - 8;
        for (; to < end; to += 8)
            STORE(uint64_t, to, eight);
        STORE(uint64_t, end, eight);
    } else {
        for (size_t i = 0; i < size; i++)
            to[i] = (unsigned char)byte;
    }
    return target;
}

/* Rust asks only whether the areas are equal. */
HIDDEN int bcmp(const void *one, const void *other, size_t size)
{
    const unsigned char *a = one, *b = other;
    if (size >= 8) {
        uint64_t different = 0;
        size_t at = 0;
        for (; at + 8 < size; at += 8)
            if (LOAD(uint64_t, a + at) != LOAD(uint64_t, b + at))
                return 1;
        different = LOAD(uint64_t, a + size - 8) ^ LOAD(uint64_t, b + size - 8);
        return different != 0;
    }
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return 1;
    return 0;
}

/* memcmp tells the order as well. */
HIDDEN int memcmp(const void *one, const void *other, size_t size)
{
    const unsigned char *a = one, *b = other;
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return a[i] - b[i];
    return 0;
}

HIDDEN size_t strlen(const char *text)
{
    const char *end = text;
    /* Aligned pieces never reach into a page where the string is not. */
    for (; (uintptr_t)end % sizeof(wide) != 0; end++)
        if (*end == '\0')
            return (size_t)(end - text);
    for (;; end += sizeof(wide)) {
        wide piece = LOAD(wide, end);
        uint64_t low = (piece.low - UINT64_C(0x0101010101010101)) & ~piece.low;
        uint64_t high = (piece.high - UINT64_C(0x0101010101010101)) & ~piece.high;
        if ((low | high) & UINT64_C(0x8080808080808080))
            break;
    }
    while (*end != '\0')
        end++;
    return (size_t)(end - text);
}
