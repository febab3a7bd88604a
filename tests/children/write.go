// write.c in Go: creates each file named, 0666, and prints its mode as it is then.
package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

func main() {
	status := 0
	for _, name := range os.Args[1:] {
		file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0666)
		var number syscall.Errno
		if errors.As(err, &number) {
			fmt.Fprintf(os.Stderr, "%s: errno %d\n", name, int(number))
			status = 1
			continue
		}
		inode, _ := file.Stat()
		fmt.Printf("%04o\n", inode.Mode().Perm())
	}
	os.Exit(status)
}
