package servertest

import "net/http"

// NewHTTPClient returns a client that shares no connections with others, so that
// a test can close all of its own.
func NewHTTPClient() *http.Client {
	return &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
}
