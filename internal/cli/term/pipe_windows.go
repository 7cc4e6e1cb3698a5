package term

import "golang.org/x/sys/windows"

// brokenPipe is the error of a write to a pipe without a reader (232).
const brokenPipe = windows.ERROR_NO_DATA
