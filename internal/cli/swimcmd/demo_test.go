package swimcmd

import (
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
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
	t.Parallel()
	lines := strings.Split(demoScreen(demoMembers, 80, 24, false, true), "\n")
	require.Len(t, lines, 24)
	require.Equal(t, ">>> 127.0.0.1:2001 is ONLINE  3        typed=hello                           <<<", lines[0])
	require.Equal(t, "    127.0.0.1:2002 is SUSPECT 1        token=ff01", lines[1])
	require.Equal(t, "    127.0.0.1:2003 is OFFLINE 0        unknown", lines[2])
	require.True(t, strings.HasSuffix(lines[23], " Available: 3"))
	require.NotContains(t, strings.Join(lines, ""), "\x1b", "names and metadata contain escape sequences")
}

func TestDemoScreenFitsSize(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{200, 50}, {80, 24}, {40, 3}, {10, 2}, {1, 1}} {
		screen := demoScreen(demoMembers, size[0], size[1], false, true)
		lines := strings.Split(screen, "\n")
		require.Len(t, lines, size[1])
		for _, line := range lines {
			require.LessOrEqual(t, displaywidth.String(line), size[0], "%v: %q", size, line)
		}
	}
	require.Empty(t, demoScreen(demoMembers, 0, 0, false, true))
	require.Contains(t, demoScreen(demoMembers, 80, 3, false, true), "… and 3 more")
	require.Contains(t, demoScreen(demoMembers, 80, 24, true, true), "\x1b[1;32m>>>")
}

func TestDemoScreenAlignsWideCharacters(t *testing.T) {
	t.Parallel()
	wide := []swim.Member{
		{Name: "日本", Status: swim.StatusOnline, Local: true, Metadata: map[string][]byte{"typed": []byte("é日")}},
		{Name: "ab", Status: swim.StatusOnline, Metadata: map[string][]byte{"typed": []byte(strings.Repeat("日", 30))}},
	}
	lines := strings.Split(demoScreen(wide, 60, 3, false, true), "\n")
	require.Equal(t, ">>> 日本 is ONLINE            0        typed=é日         <<<", lines[0])
	require.Equal(t, "    ab is ONLINE              0        typed=日日日日日日日", lines[1])
	lines = strings.Split(demoScreen(wide[:1], 90, 2, false, false), "\n")
	require.Equal(t, ">>> \\u65e5\\u672c is ONLINE    0        typed=\\u00e9\\u65e5                              <<<", lines[0], "without UTF-8")
	require.Contains(t, demoScreen(demoMembers, 80, 3, false, false), "    ... and 3 more")
}

func TestDemoShowsTypedTextFirst(t *testing.T) {
	t.Parallel()
	require.Equal(t, " typed=x token=ff", demoMetadata(map[string][]byte{"token": {0xff}, "typed": []byte("x")}))
	require.Equal(t, " a=1 b=2", demoMetadata(map[string][]byte{"b": []byte("2"), "a": []byte("1")}))
}

func TestDemoKeepsLastPrintableBytes(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ab cé日", keepPrintable("a\tb\x1b \nc\u00e9\xff日\u202e"))
	require.Len(t, lastBytes(strings.Repeat("x", 50), maxTyped), maxTyped)
	require.Equal(t, "日", lastBytes("日日", 5), "whole characters")
}
