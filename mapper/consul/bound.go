package consul

import (
	"io"
	"net/http"

	"github.com/proxenos/proxenos/internal/limitread"
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
	body := struct {
		io.Reader
		io.Closer
	}{io.LimitReader(a.Body, maxRefusal), a.Body}
	if a.StatusCode == http.StatusOK {
		body.Reader = limitread.New(a.Body, MaxAnswer)
	}
	a.Body = body
	return a, nil
}

// CloseIdleConnections lets http.Client close those of the transport.
func (b bounded) CloseIdleConnections() {
	if t, ok := b.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
