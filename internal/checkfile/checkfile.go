// Package checkfile parses the YAML file of proxenos check, which names the
// nodes, the placement algorithm and the checks that placement must pass.
//
// A check file is untrusted: anyone may propose a change to the repository that
// holds it. It is limited to [MaxSize] bytes, aliases and tags are rejected
// before they are expanded, and an unknown key is an error with its line.
// Parsing opens no other file.
//
// [Schema] describes the same format to editors.
package checkfile

import (
	_ "embed"
	"fmt"
)

// MaxSize is the maximum size of a check file in bytes.
const MaxSize = 1 << 20

// Schema is the JSON Schema (2020-12) of a check file.
//
//go:embed schema.json
var Schema string

// File is a parsed check file. Absent fields are zero.
type File struct {
	Name      string // the name given to Parse, for errors
	Nodes     Nodes
	Algorithm string  // a value of --algorithm
	Hash      string  // a value of --hash-method
	Points    int     // a value of --points
	Unit      float64 // a value of --unit
	TableBits int     // a value of --table-bits
	Sample    int64   // the number of sample keys to measure
	Keys      string  // a file of keys to measure instead
	Checks    []Check
}

// Nodes names a file of nodes, or lists nodes in the form of -n. At most one of
// its fields is set.
type Nodes struct {
	File   string
	Inline []string
}

// Check is a named check. Exactly one of Pins, Shares, Movement, Spread and
// MinNodes is not nil.
type Check struct {
	Name     string
	Line     int
	Pins     []Pin
	Shares   *Shares
	Movement *Movement
	Spread   *Spread
	MinNodes *int
}

// Pin is a key and the ID of the node that must own it.
type Pin struct {
	Key  string
	Node string // empty if the pin is not recorded yet
	Line int

	at span // where the file has the pin
}

// Shares bounds the load. Min and Max bound the load of every node divided by
// the load that its weight calls for. Nodes bounds the fraction of all keys that
// single nodes hold.
type Shares struct {
	Min, Max *float64
	Nodes    []Share
}

// Share bounds the fraction of all keys that one node holds.
type Share struct {
	Node     string
	Line     int
	Min, Max *float64
}

// Movement bounds the fraction of all keys that moves in each round of a
// scenario. If Before is set, the first round is the change from the nodes of
// that file to the nodes of the check file.
type Movement struct {
	Before    string
	Rounds    []Round
	MaxMoved  *float64 // in any round
	MaxExcess *float64 // beyond the ideal, in any round
	MaxTotal  *float64 // in all rounds together
	// NoSurvivorMoves forbids moves between nodes that a round does not change.
	NoSurvivorMoves bool
}

// Round is one change of the nodes. Its fields are values of the flags --add,
// --remove and --reweight of proxenos diff.
type Round struct {
	Line                  int
	Add, Remove, Reweight []string
}

// Spread requires the replicas of keys to be in at least Zones zones.
type Spread struct {
	Replicas int
	Zones    int
	Policy   string  // a value for mapper.ParseZonePolicy; "" is spread
	Except   float64 // the fraction of keys that may fail the requirement
}

// Error is an error in a check file.
type Error struct {
	File         string
	Line, Column int // from 1; 0 if the error concerns the whole file
	Err          error
}

// Error returns the message in the form "file:line:column: message".
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }
