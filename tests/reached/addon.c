/* An addon of node: what it is told at its start, and nothing else of node's. */
#include <fcntl.h>
#include <unistd.h>

void *napi_register_module_v1(void *environment, void *exports)
{
    (void)environment;
    close(creat("addon.iso", 0644));
    return exports;
}
