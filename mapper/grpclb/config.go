package grpclb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"google.golang.org/grpc/serviceconfig"
)

// Config is what the service config says of a balancer:
//
//	{"loadBalancingConfig": [{"orders": {"header": "user-id", "bound": 1.25}}]}
//
// Every field may be left out. An unknown field is an error, and so is a value that
// cannot mean anything.
type Config struct {
	serviceconfig.LoadBalancingConfig `json:"-"`

	// Header names the request header that holds the key. Several values are
	// joined by commas. A key from [WithKey] comes before it. Without a header, every
	// key comes from WithKey.
	Header string `json:"header,omitempty"`

	// Bound is the greatest number of calls in progress on a node, relative to its
	// share by weight of all calls in progress on the channel: 1.25 allows a quarter
	// more. Nodes that cannot be reached have no share. It is at least 1; 0 means no
	// bound.
	Bound float64 `json:"bound,omitempty"`

	// MissingKey says what becomes of a call without a key. The default, "fail",
	// fails it with the status INTERNAL. "random" sends it to a random node.
	MissingKey string `json:"missingKey,omitempty"`
}

const (
	fail   = "fail"
	random = "random"
)

// fields are those of Config as JSON.
const fields = "header, bound and missingKey"

func parseConfig(js []byte) (*Config, error) {
	cfg := new(Config)
	d := json.NewDecoder(bytes.NewReader(js))
	d.DisallowUnknownFields()
	if err := d.Decode(cfg); err != nil {
		return nil, explain(err)
	}
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// explain says which field is wrong, and why.
func explain(err error) error {
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("unknown field %s; the fields are %s", field, fields)
	}
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case !ok:
		return err
	case wrong.Field == "":
		return fmt.Errorf("got a JSON %s; want an object with the fields %s", wrong.Value, fields)
	case wrong.Field == "bound":
		return fmt.Errorf("bound: got a %s; want a number such as 1.25", wrong.Value)
	default:
		return fmt.Errorf("%s: got a %s; want a string", wrong.Field, wrong.Value)
	}
}

// normalize checks the values and puts in the defaults.
func (c *Config) normalize() error {
	c.Header = strings.ToLower(c.Header)
	if err := checkHeader(c.Header); err != nil {
		return err
	}
	if c.Bound != 0 && (!(c.Bound >= 1) || math.IsInf(c.Bound, 0)) { // NaN too
		return fmt.Errorf("bound %v: must be at least 1, or 0 for no bound; 1.25 is usual", c.Bound)
	}
	switch c.MissingKey {
	case "":
		c.MissingKey = fail
	case fail, random:
	default:
		return fmt.Errorf("missingKey %q: must be %q or %q", c.MissingKey, fail, random)
	}
	return nil
}

// checkHeader returns an error for a header that no request has, or whose values are
// not text. The empty name is no header.
func checkHeader(name string) error {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-_."
	switch {
	case strings.Trim(name, letters) != "":
		return fmt.Errorf("header %q: a name holds letters, digits, '-', '_' and '.' only", name)
	case strings.HasSuffix(name, "-bin"):
		return fmt.Errorf("header %q: binary headers, whose names end in -bin, cannot hold the key", name)
	case strings.HasPrefix(name, "grpc-"):
		return fmt.Errorf("header %q: gRPC reserves names that begin with grpc-", name)
	}
	return nil
}
