/* Creates each file named, 0666, and prints its mode as it is then. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(int count, char **names)
{
    int status = 0;
    for (int i = 1; i < count; i++) {
        struct stat inode;
        int fd = open(names[i], O_CREAT | O_WRONLY | O_EXCL, 0666);
        if (fd < 0 || fstat(fd, &inode) != 0) {
            perror(names[i]);
            status = 1;
            continue;
        }
        printf("%04o\n", (unsigned)inode.st_mode & 07777);
    }
    return status;
}
