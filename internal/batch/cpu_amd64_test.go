//go:build amd64 && !purego

package batch_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/cpu"

	"github.com/proxenos/proxenos/internal/batch"
)

// TestOtherProcessors runs the tests of this package without some of the
// instructions that the processor has.
func TestOtherProcessors(t *testing.T) {
	t.Parallel()
	if !cpu.X86.HasAVX2 {
		t.Skip("this processor has no AVX2")
	}
	for _, c := range []struct {
		name, godebug string
		want          []string
	}{
		{"AVX2", "cpu.avx512f=off", []string{"--- PASS: TestEveryLength/mmh3_32", "--- PASS: TestEveryLength/mmh3_128", "up to 4 nodes", "--- PASS: TestDigits"}},
		{"AVX", "cpu.avx512f=off,cpu.avx2=off", []string{"--- SKIP: TestEveryLength/mmh3_128", "--- SKIP: TestFew"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^(TestEvery|TestEnough|TestBest|TestBound|TestNothing|TestFew|TestTooFew|TestLines|TestTexts|TestDigits|Fuzz)")
			cmd.Env = append(os.Environ(), "GODEBUG="+c.godebug)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			for _, line := range c.want {
				assert.Contains(t, string(out), line)
			}
		})
	}
}

func TestFewWithAVX512(t *testing.T) {
	t.Parallel()
	if x86 := cpu.X86; !x86.HasAVX512F || !x86.HasAVX512DQ || !x86.HasAVX512BW || !x86.HasAVX512VL {
		t.Skip("this processor has no AVX-512")
	}
	at := make([]uint32, 4*batch.MaxFew)
	assert.True(t, batch.Few(at, make([]uint64, 4), make([]uint64, batch.MaxFew), batch.MaxFew))
}
