/* What a plug-in needs: it is opened along with it, and creates as well. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

const char *whose(void);
int mkfifo(const char *, mode_t);

void needed(void)
{
    close(creat("needed.iso", 0644));
    printf("%s, %d\n", whose(), mkfifo("own.iso", 0644));
}
