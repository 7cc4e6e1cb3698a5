// Package agree asks real programs which server owns a key, and compares their
// answers with the vectors in testdata/programs and with those of this
// repository. It has tests only:
//
//	go -C internal/lab/agree test .
//
// They start the programs on 127.0.0.1, in temporary directories. With -short the
// programs that npm installs are left out. "make agree" runs all of them and
// writes README.md, a table of what agreed.
package agree
