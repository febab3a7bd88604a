/* svcunix PATH own|given: makes a service of SunRPC at PATH as a program does that
 * was linked long ago: libc keeps the function for such programs only, and they
 * name it with its version. Prints facts about it, then connects to it. */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#if defined(__x86_64__)
#define VERSION "GLIBC_2.2.5"
#elif defined(__i386__)
#define VERSION "GLIBC_2.1"
#elif defined(__arm__)
#define VERSION "GLIBC_2.4"
#elif defined(__riscv)
#define VERSION "GLIBC_2.27"
#elif defined(__aarch64__)
#define VERSION "GLIBC_2.17"
#else
#error "which version had this symbol first here?"
#endif

/* The head of `SVCXPRT` (rpc/svc.h). */
struct service {
	int socket;
};
extern struct service *create(int socket, unsigned send, unsigned receive, char *path);
__asm__(".symver create, svcunix_create@" VERSION);

int main(int argc, char **argv)
{
	if (argc != 3)
		return 64;
	int given = strcmp(argv[2], "given") == 0;
	int before = given ? socket(AF_UNIX, SOCK_STREAM, 0) : -1;
	struct service *service = create(before, 0, 0, argv[1]);
	if (service == NULL)
		return 1;
	struct stat stat;
	if (fstat(service->socket, &stat) != 0)
		return 2;
	printf("socket %d, of mode %o\n", service->socket, (unsigned)stat.st_mode);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	printf("connected %d\n", connect(client, (struct sockaddr *)&address, sizeof address));
	return 0;
}
