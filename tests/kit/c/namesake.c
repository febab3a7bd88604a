/* namesake PROGRAM: a program that has functions of its own under names of libc's, as
 * any may that does not use those, and exports them (`-rdynamic`). It creates files in
 * the current directory in ways that take a shim through all that it might have called
 * by these names, and says which of its own were. */

typedef unsigned long size_t;
int printf(const char *, ...);
int open(const char *, int, ...);
int mkdir(const char *, unsigned);
int chmod(const char *, unsigned);
int rename(const char *, const char *);
int posix_spawn(int *, const char *, const void *, const void *, char *const[], char *const[]);
int waitpid(int, int *, int);
void *fopen(const char *, const char *);
int fclose(void *);
void *setmntent(const char *, const char *);
int endmntent(void *);
int link(const char *, const char *);
void *svcunix_create(int, unsigned, unsigned, char *);
extern char **environ;

#define O_WRONLY 1
#define O_CREAT 0100

/* Functions that libc itself never calls by their names. */
#define NAMES(_) \
	_(__fsetlocking) _(clock_gettime) _(clone) _(dl_iterate_phdr) _(getauxval) \
	_(posix_spawnattr_init) _(posix_spawnattr_getflags) _(posix_spawnattr_setflags) \
	_(posix_spawnattr_setsigmask) _(socket) _(abort) _(memcpy) _(memmove) _(memset) \
	_(memcmp) _(bcmp) _(strlen) _(strchr) _(strstr) _(writev) _(readv) _(pthread_key_create) \
	_(pthread_key_delete) _(pthread_setspecific) _(pthread_getspecific) _(getenv) _(close) \
	_(read) _(write) _(fcntl) _(munmap) _(mmap) _(mmap64) _(lseek64) _(fstat64) _(stat64) \
	_(statx) _(getcwd) _(readlink) _(realpath) _(gettid) _(getpid) _(geteuid) _(umask) \
	_(dlsym) _(dlvsym) _(dlerror) _(sigprocmask) _(nanosleep) \
	_(fdopen) _(fileno) _(fseek) _(pthread_testcancel) _(pthread_setcancelstate) _(dup3) \
	_(sendto) _(sysconf) _(secure_getenv) _(dladdr) _(connect) _(setsockopt)

#define COUNT(name) static int own_##name;
NAMES(COUNT)
#define DEFINE(name) size_t name(void) { own_##name++; return 0; }
NAMES(DEFINE)
#define TELL(name) if (own_##name != 0) printf("%s called %d times\n", #name, own_##name);

int main(int argc, char **argv)
{
	char *arguments[] = { argv[1], "child.iso", 0 };
	int pid = 0, status = -1;

	if (argc != 2)
		return 64;
	open("one.iso", O_CREAT | O_WRONLY, 0644);
	open("two.txt", O_CREAT | O_WRONLY, 0644);
	open("missing/two.iso", O_CREAT | O_WRONLY, 0644);
	mkdir("dir.iso", 0755);
	chmod("one.iso", 0644);
	rename("two.txt", "two.iso");
	link("two.iso", "three.iso");
	void *file = fopen("four.iso", "w");
	if (file != 0)
		fclose(file);
	file = setmntent("five.iso", "w");
	if (file != 0)
		endmntent(file);
	if (posix_spawn(&pid, argv[1], 0, 0, arguments, environ) == 0)
		waitpid(pid, &status, 0);
	NAMES(TELL)
	printf("status %d\n", status);
	return 0;
}
