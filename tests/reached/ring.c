/* Stands for liburing: makes no ring, and says what it was asked. */
struct ring;
int io_uring_queue_init(unsigned entries, struct ring *ring, unsigned flags)
{
    (void)ring;
    return (int)(entries + flags);
}
int io_uring_queue_init_params(unsigned entries, struct ring *ring, void *parameters)
{
    (void)ring, (void)parameters;
    return (int)entries;
}
int io_uring_queue_init_mem(unsigned entries, struct ring *ring, void *parameters, void *buffer,
                            unsigned long size)
{
    (void)ring, (void)parameters, (void)buffer;
    return (int)(entries + size);
}
int io_uring_setup(unsigned entries, void *parameters)
{
    (void)parameters;
    return (int)entries;
}
