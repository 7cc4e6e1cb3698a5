//go:build !unix

package term

import "os"

// columnsOf returns 0: the width of a terminal is unknown.
func columnsOf(*os.File) int { return 0 }
