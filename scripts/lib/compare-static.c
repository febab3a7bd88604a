/* compare-static FILE [MODE]: creates the file, and gives it the mode afterwards. Linked
   statically, it is a program that no preload can enter. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **arguments) {
    int file = open(arguments[1], O_WRONLY | O_CREAT, 0666);
    if (file < 0 || write(file, "new\n", 4) != 4) return 1;
    return count > 2 && fchmod(file, strtol(arguments[2], NULL, 8)) != 0;
}
