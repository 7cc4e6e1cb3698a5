package prf_test

import (
	"fmt"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
)

func ExampleNew() {
	h, err := prf.New("mmh3_64", prf.Options{Seed: 42})
	if err != nil {
		panic(err)
	}
	set, err := rendezvous.New([]string{"ant", "bee", "cat"}, rendezvous.Config[string]{ID: name, Hash: h})
	if err != nil {
		panic(err)
	}
	circle, err := ring.New([]string{"ant", "bee", "cat"}, ring.Config[string]{ID: name, Hash: h})
	if err != nil {
		panic(err)
	}
	fmt.Println(set.Select("user:42"))
	fmt.Println(circle.Select("user:42"))
	// Output:
	// ant true
	// cat true
}

func name(node string) string { return node }

func ExampleNew_secret() {
	key := [16]byte([]byte("sixteen secrets!")) // read it from a file
	h, err := prf.New("siphash", prf.Options{Key: &key})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%016x\n", h("user:42"))
	// Output:
	// ee6a27bc60a70727
}

func ExampleNew_unknown() {
	_, err := prf.New("sha-256", prf.Options{})
	fmt.Println(err)
	// Output:
	// unknown hash method "sha-256": did you mean sha256? (one of md5, sha1, sha224, sha256, sha384, sha512, mmh3_32, mmh3_64, mmh3_128, siphash)
}

func ExampleNames() {
	fmt.Println(prf.Names())
	// Output:
	// [md5 sha1 sha224 sha256 sha384 sha512 mmh3_32 mmh3_64 mmh3_128 siphash]
}

func ExampleMethods() {
	key := "user:42"
	for _, m := range prf.Methods()[:3] {
		fmt.Printf("%v %016x\n", m, m.Func(prf.Options{})(key))
	}
	// Output:
	// md5 56dadf1868c3ba34
	// sha1 adf14d23d3caa129
	// sha224 0eead15f3bddb51e
}

func ExampleParse() {
	m, err := prf.Parse("MMH_128")
	fmt.Println(m, err)
	// Output:
	// mmh3_128 <nil>
}

func ExampleMethod_Func() {
	h := prf.SHA256.Func(prf.Options{})
	fmt.Printf("%016x\n", h("abc"))
	// Output:
	// ba7816bf8f01cfea
}

func ExampleMethod_Append() {
	fmt.Printf("%x\n", prf.MD5.Append(nil, prf.Options{}, "abc"))
	// Output:
	// 900150983cd24fb0d6963f7d28e17f72
}

func ExampleMethod_Integer() {
	n := prf.MMH32.Integer(prf.Options{}, "abc")
	fmt.Println(n.Negative, n.Abs[0], n.Big())
	// Output:
	// true 1277324294 -1277324294
}

func ExampleMethod_Permitted() {
	for _, m := range []prf.Method{prf.MD5, prf.SHA256} {
		if err := m.Permitted(); err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(m, "is available")
	}
	// Output:
	// md5 is available
	// sha256 is available
}

func ExampleFinalize() {
	fmt.Printf("%016x %016x\n", prf.Finalize(1), prf.Finalize(2))
	// Output:
	// b456bcfc34c2cb2c 3abf2a20650683e7
}

func ExampleDefaultKey() {
	key := prf.DefaultKey()
	named := prf.SipHash.Func(prf.Options{Key: &key})
	byDefault := prf.SipHash.Func(prf.Options{})
	fmt.Println(named("user:42") == byDefault("user:42"))
	// Output:
	// true
}

func ExampleXXHash64() {
	fmt.Printf("%016x %016x\n", prf.XXHash64("user:42", 0), prf.XXHash64("user:42", 1))
	// Output:
	// dc1fea7da8d2d1c2 2396108e3b1a682b
}

func ExampleHashTag() {
	tag := prf.HashTag('{', '}')
	fmt.Println(tag("{user:42}:cart"), tag("user:42"), tag("{}user:42"))
	// Output: user:42 user:42 {}user:42
}
