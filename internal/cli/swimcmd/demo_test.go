package swimcmd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper/swim"
)

var demoMembers = []swim.Member{
	{Name: "127.0.0.1:2001", Status: swim.StatusOnline, Clock: 3, Local: true, Metadata: map[string][]byte{"typed": []byte("hello")}},
	{Name: "127.0.0.1:2002", Status: swim.StatusSuspect, Clock: 1, Metadata: map[string][]byte{"token": {0xff, 1}}},
	{Name: "127.0.0.1:2003", Status: swim.StatusOffline, Clock: 0},
	{Name: "\x1b[2Jevil", Status: swim.StatusOnline, Clock: 7, Metadata: map[string][]byte{"k": []byte("\x1b]0;x\a")}},
}

func TestDemoScreenColumns(t *testing.T) {
	lines := strings.Split(demoScreen(demoMembers, 80, 24, false), "\n")
	require.Len(t, lines, 24)
	require.Equal(t, ">>> 127.0.0.1:2001 is ONLINE  3        typed=hello                           <<<", lines[0])
	require.Equal(t, "    127.0.0.1:2002 is SUSPECT 1        token=ff01", lines[1])
	require.Equal(t, "    127.0.0.1:2003 is OFFLINE 0        unknown", lines[2])
	require.True(t, strings.HasSuffix(lines[23], " Available: 3"))
	require.NotContains(t, strings.Join(lines, ""), "\x1b", "names and metadata contain escape sequences")
}

func TestDemoScreenFitsSize(t *testing.T) {
	for _, size := range [][2]int{{200, 50}, {80, 24}, {40, 3}, {10, 2}, {1, 1}} {
		screen := demoScreen(demoMembers, size[0], size[1], false)
		lines := strings.Split(screen, "\n")
		require.Len(t, lines, size[1])
		for _, line := range lines {
			require.LessOrEqual(t, len([]rune(line)), size[0], "%v: %q", size, line)
		}
	}
	require.Empty(t, demoScreen(demoMembers, 0, 0, false))
	require.Contains(t, demoScreen(demoMembers, 80, 3, false), "… and 3 more")
	require.Contains(t, demoScreen(demoMembers, 80, 24, true), "\x1b[1;32m>>>")
}

func TestDemoShowsTypedTextFirst(t *testing.T) {
	require.Equal(t, " typed=x token=ff", demoMetadata(map[string][]byte{"token": {0xff}, "typed": []byte("x")}))
	require.Equal(t, " a=1 b=2", demoMetadata(map[string][]byte{"b": []byte("2"), "a": []byte("1")}))
}

func TestDemoKeepsLastPrintableBytes(t *testing.T) {
	require.Equal(t, "ab c", keepPrintable("a\tb\x1b \nc\u00e9"))
	require.Len(t, lastBytes(strings.Repeat("x", 50), maxTyped), maxTyped)
}
