package consul

import (
	"fmt"
	"io"
	"net/http"
)

// MaxAnswer is the most bytes of one answer, which has room for some 60,000
// instances of a service. A larger answer is ErrUnreachable. The bound does not
// apply to Config.Client.
const MaxAnswer = 64 << 20

// maxRefusal is the most bytes of the body that are read of an answer with a
// status other than 200. The rest is ignored.
const maxRefusal = 64 << 10

// bounded bounds the bodies of answers: what listens at the agent's address may
// send without end.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if a.StatusCode == http.StatusOK {
		a.Body = &boundedBody{a.Body, MaxAnswer}
		return a, nil
	}
	body := a.Body
	a.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(body, maxRefusal), body}
	return a, nil
}

// CloseIdleConnections lets http.Client close those of the transport.
func (b bounded) CloseIdleConnections() {
	if t, ok := b.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// boundedBody fails when more than left bytes were read.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("the answer is larger than %d MiB", MaxAnswer>>20)
	}
	return n, err
}
