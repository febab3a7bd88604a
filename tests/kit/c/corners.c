/* corners SCENE DIR: ways by which something came to be wide at a sensitive place, or
 * was otherwise at a plain one, until somebody looked for them. Prints facts that must
 * not depend on a shim; below DIR the tests' tree. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <mntent.h>
#include <mqueue.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void fact(const char *what, long result)
{
	int error = errno;
	printf("%s: %s\n", what, result < 0 ? strerror(error) : "done");
}

static int make(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_RDWR, mode);
	if (fd < 0 || write(fd, "old\n", 4) != 4)
		perror(path);
	return fd;
}

static unsigned mode_of(const char *path)
{
	struct stat about;
	return lstat(path, &about) == 0 ? about.st_mode & 07777 : 0;
}

/* What a child of posix_spawn opens, where an action before says what the path means. */
static void spawned(posix_spawn_file_actions_t *actions)
{
	char *arguments[] = { "echo", "SECRET", NULL };
	pid_t child;
	int status = -1, error = posix_spawn(&child, "/bin/echo", actions, NULL, arguments, environ);
	if (error == 0)
		waitpid(child, &status, 0);
	printf("spawned: %d %d\n", error, status);
	posix_spawn_file_actions_destroy(actions);
	posix_spawn_file_actions_init(actions);
}

static void actions(void)
{
	static const char *const places[] = { "secret", "plain" };
	enum { NEW = O_CREAT | O_WRONLY };
	posix_spawn_file_actions_t list;
	posix_spawn_file_actions_init(&list);
	for (int i = 0; i < 2; i++) {
		char wide[64];
		snprintf(wide, sizeof wide, "%s/wide", places[i]);
		posix_spawn_file_actions_addopen(&list, 9, places[i], O_RDONLY | O_DIRECTORY, 0);
		posix_spawn_file_actions_addfchdir_np(&list, 9);
		posix_spawn_file_actions_addopen(&list, 1, "by-fchdir", NEW, 0666);
		spawned(&list);
		posix_spawn_file_actions_addopen(&list, 9, places[i], O_RDONLY | O_DIRECTORY, 0);
		posix_spawn_file_actions_adddup2(&list, 9, 8);
		posix_spawn_file_actions_addchdir_np(&list, "/");
		posix_spawn_file_actions_addfchdir_np(&list, 8);
		posix_spawn_file_actions_addopen(&list, 1, "by-dup", NEW, 0666);
		posix_spawn_file_actions_addopen(&list, 1, "./by-dup-2", NEW, 0666);
		spawned(&list);
		posix_spawn_file_actions_addopen(&list, 9, places[i], O_RDONLY | O_DIRECTORY, 0);
		posix_spawn_file_actions_addopen(&list, 1, "/proc/self/fd/9/by-entry", NEW, 0666);
		posix_spawn_file_actions_addopen(&list, 1, "plain/by-cwd-after", NEW, 0666);
		spawned(&list);
		static const char *const spelled[] = {
			"//dev/fd/9/by-%s-1", "/dev/./fd/9/by-%s-2", "/proc/self/../self//fd/9//by-%s-3",
		};
		for (int j = 0; j < 3; j++) {
			char path[64];
			snprintf(path, sizeof path, spelled[j], "spelling");
			posix_spawn_file_actions_addopen(&list, 9, places[i], O_RDONLY | O_DIRECTORY, 0);
			posix_spawn_file_actions_addopen(&list, 1, path, NEW, 0666);
			spawned(&list);
		}
		posix_spawn_file_actions_addchdir_np(&list, places[i]);
		posix_spawn_file_actions_addopen(&list, 1, "/proc/self/cwd/by-cwd", NEW, 0666);
		spawned(&list);
		posix_spawn_file_actions_addopen(&list, 9, wide, O_RDONLY, 0);
		posix_spawn_file_actions_addopen(&list, 1, "/dev/fd/9", O_WRONLY | O_TRUNC, 0);
		spawned(&list);
	}
}

/* A directory of the child's, by an entry of `/proc` of its own. */
static void entered(void)
{
	static const char *const places[] = { "secret", "plain" };
	posix_spawn_file_actions_t list;
	posix_spawn_file_actions_init(&list);
	for (int i = 0; i < 2; i++) {
		posix_spawn_file_actions_addopen(&list, 9, places[i], O_RDONLY | O_DIRECTORY, 0);
		posix_spawn_file_actions_addchdir_np(&list, "/dev/fd/9");
		posix_spawn_file_actions_addopen(&list, 1, "by-chdir", O_CREAT | O_WRONLY, 0666);
		posix_spawn_file_actions_addopen(&list, 1, "wide", O_WRONLY | O_TRUNC, 0);
		spawned(&list);
	}
}

/* A stream that is reopened on its own file, or while others write to its number. */
static void reopened(void)
{
	static const char *const paths[] = { "secret/log", "plain/log", "outside/plain-into/log" };
	char text[64];
	for (int i = 0; i < 3; i++) {
		int fd = open(paths[i], O_CREAT | O_RDWR, 0644);
		FILE *stream = fdopen(dup(fd), "w");
		int number = fileno(stream);
		char entry[64];
		snprintf(entry, sizeof entry, "/proc/self/fd/%d", number);
		fputs("one\n", stream);
		fact("freopen of itself", freopen(entry, "a", stream) == stream ? 0 : -1);
		fputs("two\n", stream);
		fact("freopen", freopen(paths[i], "a+", stream) == stream ? 0 : -1);
		fputs("three\n", stream);
		printf("number %d, close on exec %d, flags %o\n", fileno(stream) == number,
		       fcntl(number, F_GETFD), fcntl(number, F_GETFL));
		fclose(stream);
		memset(text, 0, sizeof text);
		fact("read", pread(fd, text, sizeof text - 1, 0));
		printf("%s", text);
		close(fd);
	}
}

/* Names that `/proc` tells otherwise: a queue's, and one of two whose other is gone. */
static void renamed(void)
{
	struct mq_attr about = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	char name[64];
	struct stat seen;
	snprintf(name, sizeof name, "/umaskclamp-%d.iso", (int)getpid());
	mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0600, &about);
	if (queue != (mqd_t)-1) {
		mq_unlink(name);
		fact("fchmod", fchmod((int)queue, 0644));
		fstat((int)queue, &seen);
		/* A file of this name: the mode is no fact that is to be the same. */
		snprintf(name, sizeof name, "outside/queue-%04o", seen.st_mode & 07777);
		close(make(name, 0600));
	}
	int fd = make("plain/one.iso", 0644);
	if (fork() == 0)
		_exit(system("ln plain/one.iso plain/other.iso && rm plain/one.iso") != 0);
	wait(NULL);
	fact("fchmod", fchmod(fd, 0644));
}

/* Moved by a link and an unlink while it is open; then its other name is an entry of
 * /proc alone. */
static void linked(void)
{
	char entry[64];
	int fd = make("plain/moving", 0600);
	snprintf(entry, sizeof entry, "/proc/self/fd/%d", fd);
	fact("link", link("plain/moving", "secret/moved"));
	fact("unlink", unlink("plain/moving"));
	fact("chmod", chmod(entry, 0644));
	fd = open("plain", O_TMPFILE | O_RDWR, 0600);
	snprintf(entry, sizeof entry, "/proc/self/fd/%d", fd);
	fact("link", linkat(AT_FDCWD, entry, AT_FDCWD, "secret/from-nothing", AT_SYMLINK_FOLLOW));
	fact("chmod", chmod(entry, 0644));
}

static int bound(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int made = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return bind(made, (struct sockaddr *)&address, sizeof address);
}

static void arrive(void)
{
	fact("mkfifo", mkfifo("plain/pipe", 0666));
	fact("rename", rename("plain/pipe", "secret/pipe"));
	fact("bind", bound("plain/socket"));
	fact("rename", rename("plain/socket", "secret/socket"));
	fact("mkdir", mkdir("plain/box", 0755));
	fact("mkfifo", mkfifo("plain/box/pipe", 0666));
	fact("bind", bound("plain/box/socket"));
	fact("rename", rename("plain/box", "secret/box"));
	fact("mkfifo", mkfifo("plain/stays", 0644));
	fact("rename", rename("plain/stays", "secret/none/stays"));
	printf("stays %04o\n", mode_of("plain/stays"));
}

/* A socket that another user made, bound by one who may not change it. */
static void handed(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "secret/handed" };
	int made = socket(AF_UNIX, SOCK_STREAM, 0);
	if (geteuid() == 0 && (chown("secret", 65534, 65534) != 0 || setresgid(65534, 65534, 65534) != 0 ||
			       setresuid(65534, 65534, 65534) != 0))
		perror("user");
	fact("bind", bind(made, (struct sockaddr *)&address, sizeof address));
	printf("umask %04o\n", umask(0));
}

/* Calls that fail leave what they found, and say why as ever. */
static void failing(void)
{
	struct rlimit few = { 64, 64 };
	close(make("plain/kept", 0644));
	close(make("secret/there", 0600));
	fact("link to a name that is there", link("secret/there", "plain/kept"));
	fact("link to another file system", link("secret/there", "/dev/shm/umaskclamp-none"));
	fact("link to no directory", link("secret/there", "plain/none/x"));
	fact("link below a file", link("secret/there", "plain/kept/x"));
	fact("link to a name of a directory", link("secret/there", "plain/new/"));
	fact("link with unknown flags", linkat(AT_FDCWD, "secret/there", AT_FDCWD, "plain/new", 0x4000));
	fact("mkdir", mkdir("plain/locked", 0555));
	if (geteuid() != 0)
		fact("link to a locked directory", link("secret/there", "plain/locked/x"));
	fact("link of a directory", link("plain", "secret/x"));
	setrlimit(RLIMIT_NOFILE, &few);
	while (dup(0) >= 0)
		;
	fact("link", link("plain/kept", "secret/there"));
	printf("kept %04o\n", mode_of("plain/kept"));
	fact("rename", rename("plain/kept", "secret/none/x"));
	printf("kept %04o\n", mode_of("plain/kept"));
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	close(make("secret/after", 0644));
}

/* No place, a name like one of no place, and a root of a call's own. */
static void places(const char *dir)
{
	struct open_how how = { O_CREAT | O_WRONLY, 0644, RESOLVE_IN_ROOT };
	struct stat about;
	char path[4200], *slash;
	int fd = memfd_create("x.iso", 0);
	fact("fchmod", fchmod(fd, 0644));
	fstat(fd, &about);
	printf("memory %04o\n", about.st_mode & 07777);
	fd = open("plain/foo.iso (deleted)", O_CREAT | O_WRONLY, 0600);
	fact("fchmod", fchmod(fd, 0644));
	snprintf(path, sizeof path, "plain%s/secret", dir);
	for (slash = path + 6; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	mkdir(path, 0755);
	snprintf(path, sizeof path, "../../..%s/secret/inside", dir);
	fd = open("plain", O_PATH | O_DIRECTORY);
	fd = (int)syscall(SYS_openat2, fd, path, &how, sizeof how);
	fact("openat2", fd);
	fd = (int)syscall(SYS_openat2, open("secret", O_PATH), "../../by-root", &how, sizeof how);
	fact("openat2", fd);
}

/* A program that cannot be entered, and that nobody may execute. */
static void executed(void)
{
	char *arguments[] = { "x", NULL };
	char copy[] = "cp /sbin/ldconfig plain/static && chmod 644 plain/static";
	if (system(copy) != 0)
		printf("no copy\n");
	fact("execv", execv("plain/static", arguments));
	printf("umask %04o\n", umask(022));
	close(make("secret/after", 0644));
}

/* A cancelled thread ends in open(2), and in none of these. */
static int which;
static volatile int asked;

static void *late(void *path)
{
	FILE *stream = NULL;
	int state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	while (!asked)
		;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	if (which == 0)
		syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0644);
	else if (which == 1)
		stream = setmntent(path, "w");
	else
		stream = fopen(path, "wc");
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return stream;
}

static void uncancelled(void)
{
	static char *const paths[] = { "plain/one", "secret/one" };
	for (which = 0; which < 3; which++)
		for (int i = 0; i < 2; i++) {
			pthread_t thread;
			void *result;
			asked = 0;
			pthread_create(&thread, NULL, late, paths[i]);
			pthread_cancel(thread);
			asked = 1;
			pthread_join(thread, &result);
			printf("%s: cancelled %d, there %d\n", paths[i], result == PTHREAD_CANCELED,
			       unlink(paths[i]) == 0);
		}
	close(make("secret/after", 0644));
}

/* No room to see what is executed. */
static void full(void)
{
	struct rlimit few = { 64, 64 };
	int fd;
	setrlimit(RLIMIT_NOFILE, &few);
	while ((fd = dup(0)) >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	close(63);
	fd = make("secret/after", 0644);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	printf("last %d\n", fd);
	fflush(stdout);
	execl("/sbin/ldconfig", "ldconfig", "-V", (char *)NULL);
	fact("execl", -1);
}

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[2]) != 0)
		return 64;
	umask(022);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(argv[1], "actions") == 0)
		actions();
	else if (strcmp(argv[1], "linked") == 0)
		linked();
	else if (strcmp(argv[1], "arrive") == 0)
		arrive();
	else if (strcmp(argv[1], "handed") == 0)
		handed();
	else if (strcmp(argv[1], "failing") == 0)
		failing();
	else if (strcmp(argv[1], "places") == 0)
		places(argv[2]);
	else if (strcmp(argv[1], "executed") == 0)
		executed();
	else if (strcmp(argv[1], "uncancelled") == 0)
		uncancelled();
	else if (strcmp(argv[1], "full") == 0)
		full();
	else if (strcmp(argv[1], "entered") == 0)
		entered();
	else if (strcmp(argv[1], "reopened") == 0)
		reopened();
	else if (strcmp(argv[1], "renamed") == 0)
		renamed();
	else
		return 64;
	return 0;
}
