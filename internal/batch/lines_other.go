//go:build !amd64 || purego

package batch

func haveLines() bool { return false }

func cut([]uint32, []byte, byte, *Class) Found { return Found{} }

func (t *Texts) paste(_, _ []byte, _ []uint32, _ []int) (written, done int) { return 0, 0 }

func haveDigits() bool { return false }

func digits([]byte, uint64, int) {}
