/* Asks for rings: linked with liburing, or opened with it later, or by a handle of it. */
#include <dlfcn.h>
#include <stdio.h>

int io_uring_queue_init(unsigned, void *, unsigned);
int io_uring_queue_init_params(unsigned, void *, void *);
int io_uring_queue_init_mem(unsigned, void *, void *, void *, unsigned long);
int io_uring_setup(unsigned, void *);

void rings(void)
{
    printf("%d", io_uring_queue_init(1, 0, 2));
    printf(" %d", io_uring_queue_init_params(4, 0, 0));
    printf(" %d", io_uring_queue_init_mem(5, 0, 0, 0, 6));
    printf(" %d\n", io_uring_setup(7, 0));
}

#ifdef PROGRAM
int main(void)
{
    rings();
    return 0;
}
#endif
