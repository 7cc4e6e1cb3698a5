package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/proxenos/proxenos/internal/limitread"
)

// resource is a collection of objects of one kind in the source's namespace.
type resource[O any] struct {
	name  string               // such as endpointslices.discovery.k8s.io
	path  string               // of the collection
	query url.Values           // the selectors
	kind  string               // of a list
	meta  func(*O) *metadata   // of an object
	keep  func(*state, *O)     // puts an object into the state
	drop  func(*state, string) // removes the object of that name
	clear func(*state)         // removes all objects
}

// accept returns the media type to ask for, of a list or of the events of a watch.
func (r *resource[O]) accept(list bool) string {
	kind, isPartial := strings.CutSuffix(r.kind, "List")
	if kind != partialKind || !isPartial {
		return "application/json"
	}
	if list {
		kind = r.kind
	}
	return "application/json;as=" + kind + ";g=meta.k8s.io;v=v1"
}

// metadata is what every object has.
type metadata struct {
	Name            string            `json:"name"`
	UID             string            `json:"uid"`
	ResourceVersion string            `json:"resourceVersion"`
	Labels          map[string]string `json:"labels"`
	Annotations     map[string]string `json:"annotations"`
}

// Limits on what the API server sends.
const (
	// MaxAnswer is the most bytes of one part of a list and of one event of a
	// watch. A larger one is ErrUnreachable.
	MaxAnswer = 64 << 20
	// chunk is how many objects one part of a list has: an EndpointSlice has up to
	// 1000 endpoints, 100 by default.
	chunk = 100
	// maxChunks bounds the parts of a list.
	maxChunks = 1000
	// pluginTimeout bounds how long a credential plug-in may take.
	pluginTimeout = time.Minute
)

// get sends a request. The credentials are fetched before within begins to count,
// which bounds the time until the answer begins.
func (s *Source) get(ctx context.Context, path string, query url.Values, accept string, within time.Duration) (*http.Response, error) {
	a, err := s.send(ctx, path, query, accept, within)
	if err != nil || a.StatusCode != http.StatusUnauthorized || !s.connection.auth.refused(a.Request) {
		return a, err
	}
	_ = a.Body.Close() // a refusal, which another credential may avoid
	return s.send(ctx, path, query, accept, within)
}

func (s *Source) send(ctx context.Context, path string, query url.Values, accept string, within time.Duration) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.connection.server+path+"?"+query.Encode(), nil)
	if err != nil {
		cancel(nil)
		return nil, configError("%w", err)
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "proxenos")
	limit, done := context.WithTimeout(ctx, pluginTimeout)
	err = s.connection.auth.authorize(limit, r)
	done()
	if err != nil {
		cancel(nil)
		return nil, err
	}
	timer := time.AfterFunc(within, func() { cancel(errLate) })
	a, err := s.connection.client.Do(r)
	if !timer.Stop() && err == nil {
		_ = a.Body.Close() // it came too late
		err = errLate
	}
	if err != nil {
		if context.Cause(ctx) == errLate { //nolint:errorlint // identity is meant
			err = errLate
		}
		cancel(nil)
		return nil, err
	}
	a.Body = &body{a.Body, cancel}
	return a, nil
}

// errLate means that the answer did not begin in time.
var errLate = fmt.Errorf("the answer did not begin in time: %w", context.DeadlineExceeded)

// body frees the context of its request when it is closed.
type body struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *body) Close() error {
	b.cancel(nil)
	return b.ReadCloser.Close()
}

// open sends a request and returns the body of an answer with status 200.
func (s *Source) open(ctx context.Context, path string, query url.Values, accept string) (io.ReadCloser, error) {
	a, err := s.get(ctx, path, query, accept, s.config.Timeout)
	if err != nil {
		return nil, err
	}
	if a.StatusCode == http.StatusOK {
		return a.Body, nil
	}
	defer a.Body.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(io.LimitReader(a.Body, maxRefusal))
	if err != nil {
		return nil, err
	}
	return nil, refusalOf(a.StatusCode, a.Header, text)
}

// list is one part of a list of objects.
type list[O any] struct {
	Kind     string `json:"kind"`
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
	Items []O `json:"items"`
}

// listAll returns all objects of a collection, and the version to watch from. A
// list whose continuation has expired begins again.
func listAll[O any](ctx context.Context, s *Source, r *resource[O]) (objects []O, version string, err error) {
	for range 3 {
		objects, version, err = listOnce(ctx, s, r)
		if !isGone(err) {
			break
		}
	}
	if err != nil {
		return nil, "", s.fail(ctx, "list", r.name, err)
	}
	return objects, version, nil
}

func listOnce[O any](ctx context.Context, s *Source, r *resource[O]) (objects []O, version string, err error) {
	query := cloneValues(r.query)
	query.Set("limit", strconv.Itoa(chunk))
	for range maxChunks {
		part, err := listPart(ctx, s, r, query)
		if err != nil {
			return nil, "", err
		}
		objects, version = append(objects, part.Items...), part.Metadata.ResourceVersion
		switch part.Metadata.Continue {
		case "":
			return objects, version, nil
		case query.Get("continue"):
			return nil, "", errors.New("a part of the list names itself as the next one")
		}
		query.Set("continue", part.Metadata.Continue)
	}
	return nil, "", fmt.Errorf("the list has more than %d parts", maxChunks)
}

func listPart[O any](ctx context.Context, s *Source, r *resource[O], query url.Values) (part list[O], err error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout+pluginTimeout)
	defer cancel()
	in, err := s.open(ctx, r.path, query, r.accept(true))
	if err != nil {
		return part, err
	}
	defer in.Close() //nolint:errcheck // it is only read
	timer := time.AfterFunc(s.config.Timeout, cancel)
	defer timer.Stop()
	if err := json.NewDecoder(limitread.New(in, MaxAnswer)).Decode(&part); err != nil {
		if ctx.Err() != nil {
			err = context.DeadlineExceeded
		}
		return part, fmt.Errorf("reading the list: %w", err)
	}
	if part.Kind != r.kind || part.Metadata.ResourceVersion == "" {
		return part, fmt.Errorf("the answer is of kind %.40q, not %q", part.Kind, r.kind)
	}
	for i := range part.Items {
		if m := r.meta(&part.Items[i]); m.Name == "" {
			return part, fmt.Errorf("an object of %s has no name", r.name)
		}
	}
	return part, nil
}

func cloneValues(v url.Values) url.Values {
	c := make(url.Values, len(v)+4)
	for name, values := range v {
		c[name] = values
	}
	return c
}
