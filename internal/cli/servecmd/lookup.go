package servecmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
)

// maxCount is the greatest number of owners per key.
const maxCount = 1000

var (
	plainText   = []string{"text/plain; charset=utf-8"}
	jsonText    = []string{"application/json"}
	jsonLines   = []string{"application/jsonl"}
	errBadQuery = errors.New("the query is not valid")
	errBadCount = errors.New("count must be an integer from 1 to " + strconv.Itoa(maxCount))
)

// query holds the parameters of /select.
type query struct {
	key    string
	hasKey bool
	count  int
}

// parseQuery parses the parameters without the allocations of [url.ParseQuery]. It
// rejects those that it does not know, and one that is repeated.
func parseQuery(raw string) (q query, err error) {
	counted := false
	q.count = 1
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case name == "key" && !q.hasKey:
			q.hasKey = true
			if q.key, err = url.QueryUnescape(value); err != nil {
				return q, errBadQuery
			}
		case name == "count" && !counted:
			counted = true
			if q.count, err = strconv.Atoi(value); err != nil || q.count < 1 || q.count > maxCount {
				return q, errBadCount
			}
		case name == "key" || name == "count":
			return q, errors.New("parameter " + name + " is repeated; POST /select takes many keys")
		case pair != "":
			return q, unknownParameter(name, "key", "count")
		}
	}
	return q, nil
}

// unknownParameter returns the error of a parameter that a path does not have.
func unknownParameter(name string, known ...string) error {
	return fmt.Errorf("unknown parameter %q: there are %s", name, strings.Join(known, ", "))
}

// buffers are reused by responses.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// selectOne responds with the owners of ?key=, as many as ?count=.
func (s *server) selectOne(w http.ResponseWriter, r *http.Request, one *set) {
	q, err := parseQuery(r.URL.RawQuery)
	html := report.WantsHTML(r)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case html:
		s.ask(w, r, one, q)
		return
	case !q.hasKey:
		http.Error(w, "parameter key is missing, as in /select?key=user:42", http.StatusBadRequest)
		return
	}
	f := textOne
	if report.WantsJSON(r) {
		f = jsonOne
	}
	responder := one.begin(w, f, q.count)
	if responder == nil {
		return
	}
	one.lookups.Add(1)
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	body, err := responder.Append(b.AvailableBuffer(), q.key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h["Content-Type"] = formats[f].kind
	delete(h, "Content-Security-Policy") // for pages only
	delete(h, "Referrer-Policy")
	_, _ = w.Write(body)
	b.Reset()
	_, _ = b.Write(body) // keeps the memory
	b.Reset()
}

// begin returns the responder for a format and a number of owners, and sets the headers
// about the nodes. It responds itself and returns nil if no node can own keys.
func (s *set) begin(w http.ResponseWriter, f format, count int) *answer.Responder {
	at := s.current.Load()
	s.describe(w.Header(), at)
	if at.Placement == nil {
		http.Error(w, at.lack(), http.StatusServiceUnavailable)
		return nil
	}
	responder, err := at.responder(f, count)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return nil
	}
	return responder
}

// manyFormat returns the format of the answer to many keys: what Accept names, or
// that of the keys.
func manyFormat(r *http.Request, array bool) format {
	accept := r.Header.Get("Accept")
	switch {
	case strings.Contains(accept, jsonLines[0]), strings.Contains(accept, "application/x-ndjson"):
		return jsonlMany
	case strings.Contains(accept, "text/plain"):
		return textMany
	case array, strings.Contains(accept, jsonText[0]):
		return jsonMany
	default:
		return textMany
	}
}

// wholeBody is the size up to which the keys are read before the first answer is
// written, so that a client need not read while it sends.
const wholeBody = 1 << 20

// selectMany responds with the owners of the keys in the body, in order. It answers
// while keys arrive, unless their size is known and small.
func (s *server) selectMany(w http.ResponseWriter, r *http.Request, one *set) {
	q, err := parseQuery(r.URL.RawQuery)
	if r.Header.Get("Content-Encoding") != "" {
		http.Error(w, "the keys must not be compressed: send no Content-Encoding", http.StatusUnsupportedMediaType)
		return
	}
	if err == nil && q.hasKey {
		err = errors.New("POST takes keys in its body, not in parameter key")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	array := media == jsonText[0]
	f := manyFormat(r, array)
	responder := one.begin(w, f, q.count)
	if responder == nil {
		return
	}
	out := &answerWriter{w: w, kind: formats[f].kind}
	count := 0
	if r.ContentLength >= 0 && r.ContentLength <= wholeBody {
		count, err = answerWhole(r.Body, array, responder, out)
	} else {
		count, err = answerStream(r.Body, s.maxBody, array, responder, out)
	}
	one.lookups.Add(uint64(count))
	out.end(err)
}

// answerWhole reads all keys and answers them.
func answerWhole(body io.Reader, array bool, responder *answer.Responder, out *answerWriter) (count int, err error) {
	b := buffers.Get().(*bytes.Buffer)
	defer func() {
		b.Reset()
		buffers.Put(b)
	}()
	if _, err := b.ReadFrom(body); err != nil {
		return 0, err
	}
	if array {
		return responder.Whole(b.Bytes(), out)
	}
	return responder.Lines(b, out)
}

// answerStream answers keys while they arrive, of a body of at most that many bytes.
func answerStream(body io.ReadCloser, most int64, array bool, responder *answer.Responder, out *answerWriter) (count int, err error) {
	control := http.NewResponseController(out.w)
	if err := control.EnableFullDuplex(); err != nil {
		return 0, err
	}
	out.control = control
	in := &patientBody{http.MaxBytesReader(out.w, body, most), control}
	if array {
		return responder.Array(in, out)
	}
	return responder.Lines(in, out)
}

// patientBody is a body whose client has ioTimeout for every Read.
type patientBody struct {
	io.Reader
	control *http.ResponseController
}

func (b *patientBody) Read(p []byte) (int, error) {
	if err := b.control.SetReadDeadline(time.Now().Add(ioTimeout)); err != nil {
		return 0, err
	}
	return b.Reader.Read(p)
}

// answerWriter writes the answers of a request.
type answerWriter struct {
	w       http.ResponseWriter
	kind    []string
	control *http.ResponseController // flushes every Write; nil if the keys are read
	begun   bool
}

func (a *answerWriter) Write(p []byte) (int, error) {
	if !a.begun {
		a.begun = true
		a.w.Header()["Content-Type"] = a.kind
	}
	if a.control == nil {
		return a.w.Write(p)
	}
	if err := a.control.SetWriteDeadline(time.Now().Add(ioTimeout)); err != nil {
		return 0, err
	}
	n, err := a.w.Write(p)
	if err == nil {
		err = a.control.Flush()
	}
	return n, err
}

// end ends the response after err. If answers were written, only a broken connection
// shows the client that the others are missing.
func (a *answerWriter) end(err error) {
	switch {
	case err == nil && !a.begun:
		a.w.Header()["Content-Type"] = a.kind
	case err == nil:
	case a.begun:
		panic(http.ErrAbortHandler)
	case errors.As(err, new(*http.MaxBytesError)):
		http.Error(a.w, "the keys are too large: divide them", http.StatusRequestEntityTooLarge)
	case errors.Is(err, answer.ErrKeys), term.IsUsage(err):
		http.Error(a.w, err.Error(), http.StatusBadRequest)
	default:
		panic(http.ErrAbortHandler)
	}
}
