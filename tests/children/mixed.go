// A Go program that is linked with libc: with "c" it makes the file named by a
// function of libc, else as Go does, by a system call of its own.
package main

/*
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int create(const char *path) { return open(path, O_CREAT | O_WRONLY | O_EXCL, 0666); }
*/
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

func main() {
	for i := 1; i+1 < len(os.Args); i += 2 {
		by, name := os.Args[i], os.Args[i+1]
		if by == "c" {
			text := C.CString(name)
			C.close(C.create(text))
			C.free(unsafe.Pointer(text))
		} else if file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0666); err == nil {
			file.Close()
		}
		inode, err := os.Stat(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%04o\n", inode.Mode().Perm())
	}
}
