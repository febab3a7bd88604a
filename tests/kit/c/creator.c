/* Creates each file that is named, wide. */
#include <fcntl.h>
#include <unistd.h>

int main(int count, char **names)
{
    for (int i = 1; i < count; i++) {
        int fd = open(names[i], O_WRONLY | O_CREAT, 0666);
        if (fd < 0)
            return 1;
        close(fd);
    }
    return 0;
}
