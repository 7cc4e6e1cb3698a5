package etcd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/proxenos/proxenos/internal/limitread"
	"github.com/proxenos/proxenos/internal/secret"
)

// MaxAnswer is the most bytes of one answer or one event of a watch. A larger one
// is an error.
const MaxAnswer = 64 << 20

// maxRefusal is how much is read of an answer with a status other than 200.
const maxRefusal = 64 << 10

// client sends requests to one endpoint of the JSON gateway. It is safe for
// concurrent use.
type client struct {
	config   Config
	endpoint string
	http     *http.Client

	mu    sync.Mutex
	token string // of the authentication; empty: none yet
}

// header of every answer. The gateway writes 64-bit numbers as text.
type header struct {
	ClusterID string `json:"cluster_id"`
	Revision  int64  `json:"revision,string"`
}

// call sends a request and decodes the answer within the timeout. It
// authenticates again once if the token is too old.
func (c *client) call(ctx context.Context, path string, request, answer any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.Timeout, fmt.Errorf("no answer within %v: %w", c.config.Timeout, context.DeadlineExceeded))
	defer cancel()
	body, err := c.open(ctx, path, request)
	if err == nil {
		err = json.NewDecoder(limitread.New(body, MaxAnswer)).Decode(answer)
		_ = body.Close()
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// open sends a request and returns the body of the answer. The caller closes it.
func (c *client) open(ctx context.Context, path string, request any) (io.ReadCloser, error) {
	token, err := c.authenticate(ctx, "")
	if err != nil {
		return nil, err
	}
	body, err := c.send(ctx, path, token, request)
	if r, ok := errors.AsType[*refusal](err); ok && r.isExpired() && token != "" {
		if token, err = c.authenticate(ctx, token); err == nil {
			body, err = c.send(ctx, path, token, request)
		}
	}
	return body, err
}

// authenticate returns a token other than the expired one. It returns none for
// a client without a user.
func (c *client) authenticate(ctx context.Context, expired string) (string, error) {
	if c.config.Username == "" {
		return "", nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != expired {
		return c.token, nil
	}
	password, err := c.password(ctx)
	if err != nil {
		return "", err
	}
	body, err := c.send(ctx, "/v3/auth/authenticate", "", map[string]string{"name": c.config.Username, "password": password})
	if err != nil {
		return "", err
	}
	defer body.Close() //nolint:errcheck // it was only read
	var answer struct{ Token string }
	if err := json.NewDecoder(limitread.New(body, maxRefusal)).Decode(&answer); err != nil {
		return "", fmt.Errorf("the authentication has no valid answer: %w", err)
	}
	if answer.Token == "" {
		return "", errors.New("the answer to the authentication has no token")
	}
	c.token = answer.Token
	return c.token, nil
}

func (c *client) password(ctx context.Context) (string, error) {
	if c.config.PasswordFile == "" {
		return c.config.Password, nil
	}
	content, err := secret.ReadFile(ctx, c.config.PasswordFile, secret.MaxFile)
	if err != nil {
		return "", configError("the password: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" {
		return "", configError("the password: file %q is empty", c.config.PasswordFile)
	}
	return password, nil
}

// send returns the body of an answer with status 200.
func (c *client) send(ctx context.Context, path, token string, request any) (io.ReadCloser, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		if transport, ok := errors.AsType[*url.Error](err); ok {
			err = transport.Err // without the URL, which Error words better
		}
		return nil, err
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	return nil, refused(answer)
}

// refused reads why a request was refused.
func refused(answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
	if err != nil {
		return err
	}
	var said struct{ Message, Error string }
	message := strings.TrimSpace(string(text))
	if json.Unmarshal(text, &said) == nil && said.Message+said.Error != "" {
		message = said.Message
		if message == "" {
			message = said.Error
		}
	}
	const enough = 200
	return &refusal{answer.StatusCode, message[:min(len(message), enough)]}
}

// newHTTP returns a client that follows no redirect: the token must not follow one
// to another host.
func newHTTP(c Config) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = c.TLS.Clone()
	t.ResponseHeaderTimeout = 0 // a watch of a quiet prefix may answer late
	t.IdleConnTimeout = time.Minute
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
