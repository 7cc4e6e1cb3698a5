package members

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var everyMessage = []Message{
	{Kind: KindSuspect, Name: "a", Life: Life{1, 1 << 63, 2}},
	{Kind: KindAlive, Name: "10.0.0.1:7946", Life: Life{1 << 63, 7, 1 << 40}},
	{Kind: KindLeave, Name: "ä", Life: Life{3, 0, 1}},
	{Kind: KindFetch, Name: "a", Version: Version{1, 9}, From: "b"},
	{Kind: KindData, Name: "a", Version: Version{1, 9}, Metadata: map[string][]byte{"k": {1, 2}, "empty": {}}},
	{Kind: KindPingReq, Name: "a", Nonce: 77, From: "b"},
	{Kind: KindPing, Name: "a", Nonce: 78, From: "b"},
	{Kind: KindAck, Name: "a", Life: Life{5, 8, 6}, Nonce: 77},
	{Kind: KindDigest, Name: "a", Life: Life{5, 8, 6}},
	{Kind: KindDigest, Name: "a", Life: Life{5, 8, 6}, Changes: []Change{{"b", Version{1 << 63, 9}}, {"c", Version{1, maxClock}}}},
}

func TestMessagesRoundTrip(t *testing.T) {
	t.Parallel()
	seen := map[Kind]bool{}
	for _, m := range everyMessage {
		got, err := Decode(m.Encode())
		require.NoError(t, err)
		if m.Metadata != nil {
			require.True(t, equalMetadata(m.Metadata, got.Metadata))
			m.Metadata, got.Metadata = nil, nil
		}
		require.Equal(t, m, got)
		seen[m.Kind] = true
	}
	require.Len(t, seen, int(KindPing), "a kind is missing")
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	good := everyMessage[0].Encode()
	cases := []struct {
		name string
		in   []byte
	}{
		{"nothing", nil},
		{"another format", append([]byte{format + 1}, good[1:]...)},
		{"an unknown kind", []byte{format, 99, 1, 'a'}},
		{"cut short", good[:len(good)-1]},
		{"too long", append(bytes.Clone(good), 0)},
		{"a path as a name", Message{Kind: KindAlive, Name: "../../x", Life: Life{1, 0, 1}}.Encode()},
		{"an escape in a name", Message{Kind: KindAlive, Name: "\x1b[2J", Life: Life{1, 0, 1}}.Encode()},
		{"a huge length", []byte{format, byte(KindAlive), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
		{"too many keys", Message{Kind: KindData, Name: "a", Metadata: manyKeys(MaxKeys + 1)}.Encode()},
		{"too many changes", Message{Kind: KindDigest, Name: "a", Changes: make([]Change, maxChanges+1)}.Encode()},
		{"a change without a name", Message{Kind: KindDigest, Name: "a", Changes: make([]Change, 1)}.Encode()},
		{"a change with a path as the name", Message{Kind: KindDigest, Name: "a", Changes: []Change{{"../x", Version{1, 1}}}}.Encode()},
		{"a change with a clock at its limit", Message{Kind: KindDigest, Name: "a", Changes: []Change{{"b", Version{1, maxClock + 1}}}}.Encode()},
		{"a value too large", Message{Kind: KindData, Name: "a", Metadata: map[string][]byte{"k": make([]byte, MaxValue+1)}}.Encode()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(c.in)
			require.Error(t, err)
		})
	}
}

// metaMaxSize is memberlist.MetaMaxSize.
const metaMaxSize = 512

func manyKeys(n int) map[string][]byte {
	m := map[string][]byte{}
	for i := range n {
		m[strings.Repeat("k", i+1)] = nil
	}
	return m
}

func TestClaimedSizesAllocateNothing(t *testing.T) {
	b := []byte{format, byte(KindData), 1, 'a', 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xff, 1}
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = Decode(b) }), 6.0)
}

func TestNodeMetaAlwaysFits(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 400, 450, 500, 512, 4096, MaxValue} {
		f := NodeMeta{Generation: genOne, Clock: 1 << 40, Observer: size%2 == 0, Metadata: map[string][]byte{"k": make([]byte, size)}}
		b := f.Encode(metaMaxSize)
		require.LessOrEqual(t, len(b), metaMaxSize, "memberlist panics above it")
		got, err := DecodeNodeMeta(b)
		require.NoError(t, err)
		require.Equal(t, f.Generation, got.Generation)
		require.Equal(t, f.Clock, got.Clock)
		require.Equal(t, f.Observer, got.Observer)
		require.Equal(t, digestOf(appendMetadata(nil, f.Metadata)), got.Digest)
		require.Equal(t, size <= 450, got.Metadata != nil, "%d bytes", size)
	}
}

func TestCheckMetadata(t *testing.T) {
	t.Parallel()
	require.NoError(t, CheckMetadata(map[string][]byte{"k": make([]byte, MaxValue)}))
	require.ErrorContains(t, CheckMetadata(map[string][]byte{"k": make([]byte, MaxValue+1)}), `"k"`)
	require.Error(t, CheckMetadata(map[string][]byte{"": nil}))
	require.Error(t, CheckMetadata(map[string][]byte{"\xff": nil}))
	require.Error(t, CheckMetadata(manyKeys(MaxKeys+1)))
	large := map[string][]byte{}
	for i := range 17 {
		large[strings.Repeat("k", i+1)] = make([]byte, MaxValue)
	}
	require.ErrorContains(t, CheckMetadata(large), "bytes of metadata")
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"127.0.0.1:2001", "[::1]:2001", "web-1", "ein Name", "ü"} {
		require.NoError(t, CheckName(good), good)
	}
	for _, bad := range []string{"", ".", "..", ".local", "/etc", "a/b", `a\b`, "a\x00b", "a\nb", "\u202ea", "\xff", strings.Repeat("x", 256)} {
		require.Error(t, CheckName(bad), "%q", bad)
	}
}

func FuzzDecodePacket(f *testing.F) {
	for _, m := range everyMessage {
		f.Add(m.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(m.Encode())
		if err != nil || again.Name != m.Name || again.Life != m.Life || !equalMetadata(again.Metadata, m.Metadata) {
			t.Fatalf("%x: %v, then %v, %v", b, m, again, err)
		}
		m.Apply(tableWith("a"), noon)
	})
}

func FuzzDecodeNodeMeta(f *testing.F) {
	f.Add(NodeMeta{Generation: 1, Clock: 2, Metadata: map[string][]byte{"k": {1}}}.Encode(metaMaxSize))
	f.Add(NodeMeta{Generation: 1, Clock: 2, Metadata: map[string][]byte{"k": make([]byte, 999)}}.Encode(metaMaxSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		shown, err := DecodeNodeMeta(b)
		if err != nil {
			return
		}
		if shown.Metadata != nil {
			require.NoError(t, CheckMetadata(shown.Metadata))
		}
		tableWith("a").Joined(nodeNamed("a"), shown, noon)
	})
}

func FuzzDecodeStream(f *testing.F) {
	f.Add(tableWith("a", "b").Summary())
	f.Fuzz(func(t *testing.T, b []byte) {
		tableWith("a").Merge(b, noon)
	})
}
