/* moved HOW OLD NEW: one call that gives a name, and what became of it. mv and ln would
 * copy, or look first. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words)
{
	const char *how = count == 4 ? words[1] : "", *old = words[2], *new = words[3];
	int result = -1;
	errno = 0;
	if (!strcmp(how, "rename"))
		result = rename(old, new);
	else if (!strcmp(how, "noreplace"))
		result = renameat2(AT_FDCWD, old, AT_FDCWD, new, RENAME_NOREPLACE);
	else if (!strcmp(how, "exchange"))
		result = renameat2(AT_FDCWD, old, AT_FDCWD, new, RENAME_EXCHANGE);
	else if (!strcmp(how, "link"))
		result = link(old, new);
	else
		return 64;
	printf("%s %s: %s\n", how, old, result ? strerror(errno) : "done");
	return 0;
}
