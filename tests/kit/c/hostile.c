/* Surroundings in which a hook is easily wrong: signal handlers, forks of a
 * threaded program, vfork, before and after main, little memory, filters.
 *
 * hostile SCENE DIR: plays one scene in the tree DIR and prints facts that do
 * not depend on whether a shim is there. A deadlock ends in SIGALRM. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEW (O_CREAT | O_WRONLY)

static char dir[4096];

static const char *at(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", dir, name);
	return out;
}

/* Creates, widens, renames and removes, by calls that are safe in a handler. */
static int work(const char *file, const char *other)
{
	int fd = open(file, NEW, 0666), bad = fd < 0;
	bad |= write(fd, "x", 1) != 1;
	bad |= close(fd) != 0;
	bad |= chmod(file, 0666) != 0;
	bad |= rename(file, other) != 0;
	bad |= unlink(other) != 0;
	bad |= mkdir(file, 0777) != 0;
	bad |= rmdir(file) != 0;
	return bad;
}

static char in_handler[4096], in_handler2[4096];
static atomic_int handled, wrong;

static void handler(int signal)
{
	int kept = errno;
	(void)signal;
	wrong += work(in_handler, in_handler2);
	handled++;
	errno = kept;
}

/* A handler on an 8 KiB alternate stack, while main is inside malloc and fopen. */
static void signals(void)
{
	static char stack[8192];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART };
	struct itimerval often = { { 0, 500 }, { 0, 500 } };
	char mine[4096];
	long failed = 0, rounds = 0;

	at("secret/handler", in_handler, sizeof in_handler);
	at("secret/handler2", in_handler2, sizeof in_handler2);
	at("secret/main", mine, sizeof mine);
	sigaltstack(&alternate, NULL);
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &often, NULL);
	while (handled < 300 && rounds < 2000000) {
		FILE *stream = fopen(mine, "w");
		void *memory = malloc(100 + rounds % 5000);
		failed += stream == NULL || memory == NULL;
		free(memory);
		fclose(stream);
		failed += unlink(mine) != 0;
		rounds++;
	}
	often = (struct itimerval){ 0 };
	setitimer(ITIMER_PROF, &often, NULL);
	printf("enough %d failed %ld wrong %d\n", handled >= 300, failed, wrong);
}

static atomic_int stop;

static void *worker(void *number)
{
	char file[4200], other[4200];
	snprintf(file, sizeof file, "%s/secret/w%ld", dir, (long)number);
	snprintf(other, sizeof other, "%s/outside/v%ld", dir, (long)number);
	while (!stop)
		wrong += work(file, other);
	return NULL;
}

/* Children forked while four threads are in hooks. */
static void forks(void)
{
	pthread_t threads[4];
	char file[4200], other[4200];
	int bad = 0;

	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, worker, (void *)i);
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();
		if (child == 0) {
			snprintf(file, sizeof file, "%s/secret/c%d", dir, i);
			snprintf(other, sizeof other, "%s/secret/d%d", dir, i);
			/* Ends a child that hangs; a busy machine takes its time. */
			alarm(600);
			_exit(work(file, other));
		}
		int status;
		waitpid(child, &status, 0);
		bad += status != 0;
	}
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("children that failed %d, threads that failed %d\n", bad, wrong);
}

static void vforks(void)
{
	char file[4200];
	int bad = 0;
	for (int i = 0; i < 50; i++) {
		at("secret/vforked", file, sizeof file);
		pid_t child = vfork();
		if (child == 0) {
			int fd = open(file, NEW, 0666);
			_exit(fd < 0 || close(fd) != 0 || chmod(file, 0644) != 0 || unlink(file) != 0);
		}
		int status;
		waitpid(child, &status, 0);
		bad += status != 0;
	}
	printf("vforked children that failed %d\n", bad);
}

/* Blocked in the open of a fifo: interrupted, jumped out of, cancelled. */
static sigjmp_buf out;

static void nothing(int signal)
{
	(void)signal;
}

static void jump(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

static void interrupt(void (*how)(int), int flags)
{
	struct sigaction action = { .sa_handler = how, .sa_flags = flags };
	/* Again and again: on a busy machine the first may come too early. */
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void quiet(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &never, NULL);
}

static void cleanup(void *seen)
{
	*(int *)seen = 1;
}

static char blocking[4200];
static int cleaned;

static void *blocked(void *unused)
{
	(void)unused;
	pthread_cleanup_push(cleanup, &cleaned);
	open(blocking, O_WRONLY | O_CREAT, 0666);
	pthread_cleanup_pop(0);
	return NULL;
}

static void fifos(void)
{
	static const char *const sides[] = { "secret/fifo", "plain/fifo" };
	for (int side = 0; side < 2; side++) {
		at(sides[side], blocking, sizeof blocking);
		interrupt(nothing, 0);
		errno = 0;
		int fd = open(blocking, O_WRONLY | O_CREAT, 0666), error = errno;
		quiet();
		printf("interrupted %d errno %d\n", fd, error);
		interrupt(nothing, 0);
		errno = 0;
		FILE *stream = fopen(blocking, "w");
		error = errno;
		quiet();
		printf("fopen interrupted %d errno %d\n", stream != NULL, error);
		if (sigsetjmp(out, 1) == 0) {
			interrupt(jump, 0);
			open(blocking, O_WRONLY | O_CREAT, 0666);
			printf("not reached\n");
		} else {
			quiet();
			printf("jumped out\n");
		}
		pthread_t thread;
		void *result;
		cleaned = 0;
		pthread_create(&thread, NULL, blocked, NULL);
		usleep(50000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("cancelled %d cleaned up %d\n", result == PTHREAD_CANCELED, cleaned);
		/* After all that, hooks still work. */
		char file[4200], other[4200];
		at("secret/after", file, sizeof file);
		at("secret/after2", other, sizeof other);
		printf("works %d\n", work(file, other) == 0);
	}
}

/* Cancelled before it opens: it ends there, and nothing is made. */
static sem_t asked, given;

static void *late(void *path)
{
	int fd;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	sem_post(&asked);
	while (sem_wait(&given) != 0)
		;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	fd = open(path, O_WRONLY | O_CREAT, 0666);
	printf("opened %d\n", fd >= 0);
	return NULL;
}

static void cancelled(void)
{
	static const char *const sides[] = { "secret/never", "plain/never" };
	char file[4200], other[4200];
	for (int side = 0; side < 2; side++) {
		pthread_t thread;
		void *result;
		at(sides[side], file, sizeof file);
		sem_init(&asked, 0, 0);
		sem_init(&given, 0, 0);
		pthread_create(&thread, NULL, late, file);
		while (sem_wait(&asked) != 0)
			;
		pthread_cancel(thread);
		sem_post(&given);
		pthread_join(thread, &result);
		printf("cancelled %d there %d\n", result == PTHREAD_CANCELED, access(file, F_OK) == 0);
	}
	at("secret/after", file, sizeof file);
	at("secret/after2", other, sizeof other);
	printf("works %d\n", work(file, other) == 0);
}

/* Often jumped out of, and then no memory to be had: what a call that blocks holds
 * would be lost, and so be missing here. Each place takes working memory to be
 * told: it is sensitive behind a link. */
static void jumps(void)
{
	char file[4200];
	struct rlimit limit = { 0, 0 };
	int bad = 0;
	at("outside/secret-into/fifo", blocking, sizeof blocking);
	for (volatile int i = 0; i < 40; i++) {
		if (sigsetjmp(out, 1) == 0) {
			interrupt(jump, 0);
			if (i % 2 == 0)
				open(blocking, O_WRONLY | O_CREAT, 0666);
			else
				creat(blocking, 0666);
			bad++;
		}
		quiet();
	}
	printf("jumped, but for %d\n", bad);
	fflush(stdout);
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = 1;
	setrlimit(RLIMIT_AS, &limit);
	bad = 0;
	for (int i = 0; i < 20; i++) {
		snprintf(file, sizeof file, "%s/outside/secret-into/j%d", dir, i);
		bad += close(open(file, NEW, 0666)) != 0;
	}
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_AS, &limit);
	printf("failed %d\n", bad);
}

/* No more memory to be had: hooks need none. */
static void memory(void)
{
	char file[4200], other[4200];
	struct rlimit limit = { 0, 0 };
	at("secret/memory", file, sizeof file);
	at("outside/memory2.iso", other, sizeof other);
	printf("warm\n");
	fflush(stdout);
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = 1;
	setrlimit(RLIMIT_AS, &limit);
	int bad = 0;
	for (int i = 0; i < 20; i++)
		bad += work(file, other);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_AS, &limit);
	printf("failed %d\n", bad);
}

/* Before any constructor, in one, in a destructor, at exit. */
static int early = -1;

static void before_everything(int argc, char **argv, char **envp)
{
	(void)envp;
	if (argc == 3 && strcmp(argv[1], "ends") == 0) {
		char file[4200];
		snprintf(file, sizeof file, "%s/plain/preinit", argv[2]);
		early = open(file, NEW, 0666) >= 0;
	}
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) =
	before_everything;

static int made;

static void once(const char *name)
{
	char file[4200];
	made += close(open(at(name, file, sizeof file), NEW, 0666)) == 0;
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "ends") == 0) {
		snprintf(dir, sizeof dir, "%s", argv[2]);
		once("secret/constructor");
	}
}

static int ends;

static void at_exit(void)
{
	once("secret/atexit");
}

__attribute__((destructor)) static void end(void)
{
	if (ends) {
		once("secret/destructor");
		printf("made %d\n", made);
		fflush(stdout);
	}
}

static void both_ends(void)
{
	ends = 1;
	atexit(at_exit);
	printf("before everything %d\n", early);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*play)(void);
	} scenes[] = {
		{ "signals", signals }, { "forks", forks },   { "vforks", vforks },
		{ "fifos", fifos },     { "memory", memory }, { "ends", both_ends },
		{ "jumps", jumps },     { "cancelled", cancelled },
	};
	if (argc != 3)
		return 64;
	snprintf(dir, sizeof dir, "%s", argv[2]);
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		if (strcmp(scenes[i].name, argv[1]) == 0) {
			scenes[i].play();
			return 0;
		}
	}
	return 64;
}
