/* first WAY DIRECTORY
 *
 * Creates secret/first1 to secret/first4 and the same in plain/, with 0666; the first of
 * them where WAY says. Prints how many calls failed or changed errno. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char names[8][4200];
static volatile int failed;

static void create(int number)
{
	errno = 77;
	int fd = open(names[number], O_WRONLY | O_CREAT | O_EXCL, 0666);
	failed += fd < 0 || errno != 77;
	close(fd);
}

static void both(int number)
{
	create(number);
	create(number + 4);
}

static void handler(int signal)
{
	(void)signal;
	both(0);
}

/* As little as a signal handler may have. */
static void in_a_handler(void)
{
	static char stack[8192];
	stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	failed += sigaltstack(&other, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0;
	raise(SIGUSR1);
	both(1);
}

/* What the child makes is its parent's as well. */
static void in_a_vfork_child(void)
{
	int status;
	pid_t child = vfork();
	if (child == 0) {
		both(0);
		_exit(0);
	}
	failed += waitpid(child, &status, 0) != child || status != 0;
	both(1);
}

static pthread_barrier_t barrier;

static void *thread(void *number)
{
	pthread_barrier_wait(&barrier);
	both((int)(long)number);
	return NULL;
}

static void in_two_threads(void)
{
	pthread_t threads[2];
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	pthread_barrier_init(&barrier, NULL, 2);
	for (long i = 0; i < 2; i++)
		failed += pthread_create(&threads[i], &small, thread, (void *)i) != 0;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static void without_memory(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_AS, &limit);
	rlim_t before = limit.rlim_cur;
	limit.rlim_cur = 1;
	setrlimit(RLIMIT_AS, &limit);
	both(0);
	limit.rlim_cur = before;
	setrlimit(RLIMIT_AS, &limit);
	both(1);
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "handler", in_a_handler },
	{ "vfork", in_a_vfork_child },
	{ "threads", in_two_threads },
	{ "memory", without_memory },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	printf("%s\n", argv[1]);
	fflush(stdout);
	for (int i = 0; i < 8; i++)
		snprintf(names[i], sizeof names[i], "%s/%s/first%d", argv[2],
			 i < 4 ? "secret" : "outside", i % 4);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (strcmp(ways[i].name, argv[1]) == 0)
			ways[i].run();
	both(2);
	printf("failed %d\n", failed);
	return 0;
}
