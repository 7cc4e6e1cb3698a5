//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(childName); name != "" {
		child(name)
		return
	}
	os.Exit(m.Run())
}

// TestCrowd kills half of a few processes and starts them again. The program does
// so with many.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const size, killed = 6, 3
	summary, err := crowdOf(kindSwim, options{members: size, kill: true})
	require.NoError(t, err, summary)
	t.Log(summary)
	var c counts
	tail := summary[strings.LastIndex(summary, "; ")+2:]
	var cpu string
	_, err = fmt.Sscanf(tail, "%d log lines, %s of CPU, %d suspicions, %d offline", &c.lines, &cpu, &c.suspects, &c.offline)
	require.NoError(t, err, tail)
	require.GreaterOrEqual(t, c.offline, size-killed, "each that stays sees one that was killed")
	require.GreaterOrEqual(t, c.lines, c.offline)
}
