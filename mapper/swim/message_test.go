package swim

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"
)

var everyMessage = []message{
	{kind: kindSuspect, name: "a", life: life{1, 1 << 63, 2}},
	{kind: kindAlive, name: "10.0.0.1:7946", life: life{1 << 63, 7, 1 << 40}},
	{kind: kindLeave, name: "ä", life: life{3, 0, 1}},
	{kind: kindFetch, name: "a", life: life{generation: 1}, clock: 9, from: "b"},
	{kind: kindData, name: "a", life: life{generation: 1}, clock: 9, metadata: map[string][]byte{"k": {1, 2}, "empty": {}}},
	{kind: kindAsk, name: "a", nonce: 77, from: "b"},
	{kind: kindVouch, name: "a", life: life{5, 8, 6}, nonce: 77},
	{kind: kindKnown, name: "a", life: life{5, 8, 6}},
	{kind: kindKnown, name: "a", life: life{5, 8, 6}, reminders: []reminder{{"b", version{1 << 63, 9}}, {"c", version{1, maxClock}}}},
}

func TestMessagesComeBack(t *testing.T) {
	seen := map[kind]bool{}
	for _, m := range everyMessage {
		got, err := decode(m.encode())
		require.NoError(t, err)
		if m.metadata != nil {
			require.True(t, equalMetadata(m.metadata, got.metadata))
			m.metadata, got.metadata = nil, nil
		}
		require.Equal(t, m, got)
		seen[m.kind] = true
	}
	require.Len(t, seen, int(kindKnown), "every kind is tried")
}

func TestMessagesAreRefused(t *testing.T) {
	good := everyMessage[0].encode()
	cases := []struct {
		name string
		in   []byte
	}{
		{"nothing", nil},
		{"another format", append([]byte{format + 1}, good[1:]...)},
		{"an unknown kind", []byte{format, 99, 1, 'a'}},
		{"cut short", good[:len(good)-1]},
		{"too long", append(bytes.Clone(good), 0)},
		{"a path as a name", message{kind: kindAlive, name: "../../x", life: life{1, 0, 1}}.encode()},
		{"an escape in a name", message{kind: kindAlive, name: "\x1b[2J", life: life{1, 0, 1}}.encode()},
		{"a huge length", []byte{format, byte(kindAlive), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
		{"too many keys", message{kind: kindData, name: "a", metadata: manyKeys(MaxKeys + 1)}.encode()},
		{"too many reminders", message{kind: kindKnown, name: "a", reminders: make([]reminder, maxReminders+1)}.encode()},
		{"a reminder of nobody", message{kind: kindKnown, name: "a", reminders: make([]reminder, 1)}.encode()},
		{"a reminder of a path", message{kind: kindKnown, name: "a", reminders: []reminder{{"../x", version{1, 1}}}}.encode()},
		{"a reminder of a clock at its end", message{kind: kindKnown, name: "a", reminders: []reminder{{"b", version{1, maxClock + 1}}}}.encode()},
		{"a value too large", message{kind: kindData, name: "a", metadata: map[string][]byte{"k": make([]byte, MaxValue+1)}}.encode()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := decode(c.in)
			require.Error(t, err)
		})
	}
}

func manyKeys(n int) map[string][]byte {
	m := map[string][]byte{}
	for i := range n {
		m[strings.Repeat("k", i+1)] = nil
	}
	return m
}

func TestClaimedSizesAllocateNothing(t *testing.T) {
	b := []byte{format, byte(kindData), 1, 'a', 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xff, 1}
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = decode(b) }), 6.0)
}

func TestFaceFitsAlways(t *testing.T) {
	for _, size := range []int{0, 1, 400, 450, 500, 512, 4096, MaxValue} {
		f := face{generation: genOne, clock: 1 << 40, observer: size%2 == 0, metadata: map[string][]byte{"k": make([]byte, size)}}
		b := f.encode(memberlist.MetaMaxSize)
		require.LessOrEqual(t, len(b), memberlist.MetaMaxSize, "the engine panics above it")
		got, err := decodeFace(b)
		require.NoError(t, err)
		require.Equal(t, f.generation, got.generation)
		require.Equal(t, f.clock, got.clock)
		require.Equal(t, f.observer, got.observer)
		require.Equal(t, digest(appendMetadata(nil, f.metadata)), got.digest)
		require.Equal(t, size <= 450, got.metadata != nil, "%d bytes", size)
	}
}

func TestCheckMetadata(t *testing.T) {
	require.NoError(t, checkMetadata(map[string][]byte{"k": make([]byte, MaxValue)}))
	require.ErrorContains(t, checkMetadata(map[string][]byte{"k": make([]byte, MaxValue+1)}), `"k"`)
	require.Error(t, checkMetadata(map[string][]byte{"": nil}))
	require.Error(t, checkMetadata(map[string][]byte{"\xff": nil}))
	require.Error(t, checkMetadata(manyKeys(MaxKeys+1)))
	large := map[string][]byte{}
	for i := range 17 {
		large[strings.Repeat("k", i+1)] = make([]byte, MaxValue)
	}
	require.ErrorContains(t, checkMetadata(large), "bytes of metadata")
}

func TestNames(t *testing.T) {
	for _, good := range []string{"127.0.0.1:2001", "[::1]:2001", "web-1", "ein Name", "ü"} {
		require.NoError(t, checkName(good), good)
	}
	for _, bad := range []string{"", ".", "..", ".local", "/etc", "a/b", `a\b`, "a\x00b", "a\nb", "\u202ea", "\xff", strings.Repeat("x", 256)} {
		require.Error(t, checkName(bad), "%q", bad)
	}
}

func FuzzDecodePacket(f *testing.F) {
	for _, m := range everyMessage {
		f.Add(m.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(m.encode())
		if err != nil || again.name != m.name || again.life != m.life || !equalMetadata(again.metadata, m.metadata) {
			t.Fatalf("%x: %v, then %v, %v", b, m, again, err)
		}
		bookWith("a").hear(m, noon)
	})
}

func FuzzDecodeFace(f *testing.F) {
	f.Add(face{generation: 1, clock: 2, metadata: map[string][]byte{"k": {1}}}.encode(memberlist.MetaMaxSize))
	f.Add(face{generation: 1, clock: 2, metadata: map[string][]byte{"k": make([]byte, 999)}}.encode(memberlist.MetaMaxSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		shown, err := decodeFace(b)
		if err != nil {
			return
		}
		if shown.metadata != nil {
			require.NoError(t, checkMetadata(shown.metadata))
		}
		bookWith("a").joined(nodeNamed("a"), shown, noon)
	})
}

func FuzzDecodeStream(f *testing.F) {
	f.Add(bookWith("a", "b").summary())
	f.Fuzz(func(t *testing.T, b []byte) {
		book := bookWith("a")
		for _, m := range readSummary(b) {
			book.hear(m, noon)
		}
	})
}
