// Package checkfile reads the file of proxenos check: YAML that says which
// nodes there are, how keys are placed, and what must be so.
//
// A check file comes from a repository that anybody may have sent a change
// for, so it is read with distrust: it has at most [MaxSize] bytes, aliases
// and tags are refused before anything is built of them, and a key that means
// nothing is an error with its line. Reading it opens no other file.
//
// Schema is the same in the words of JSON Schema, for editors.
package checkfile

import (
	_ "embed"
	"fmt"
)

// MaxSize is the most bytes that a check file may have.
const MaxSize = 1 << 20

// Schema describes a check file as JSON Schema (2020-12).
//
//go:embed schema.json
var Schema string

// File is a check file. Fields that are not given are zero.
type File struct {
	Name      string // as errors show it
	Nodes     Nodes  // nobody, unless given
	Algorithm string // as --algorithm takes it
	Hash      string // as --hash-method takes it
	Points    int    // as --points takes it
	TableBits int    // as --table-bits takes it
	Sample    int64  // how many keys figures are about
	Keys      string // or a file of them
	Checks    []Check
}

// Nodes is a file of nodes, or nodes written as -n takes them.
type Nodes struct {
	File   string
	Inline []string
}

// Check is one thing that must be so. All but one of its parts are nil.
type Check struct {
	Name     string
	Line     int
	Pins     []Pin
	Shares   *Shares
	Movement *Movement
	Spread   *Spread
	MinNodes *int
}

// Pin says which node a key belongs to, by its ID. No node is a pin that is
// not recorded yet.
type Pin struct {
	Key  string
	Node string
	Line int

	at span // of the node in the file
}

// Shares bound the load. Min and Max are about every node, over what its
// weight asks for; Nodes bound the fraction of all keys that a node has.
type Shares struct {
	Min, Max *float64
	Nodes    []Share
}

// Share bounds the fraction of all keys that one node has.
type Share struct {
	Node     string
	Line     int
	Min, Max *float64
}

// Movement bounds what moves in every round of a scenario. Before is a file of
// the nodes before the first round, which then is the change to the nodes of
// the file.
type Movement struct {
	Before    string
	Rounds    []Round
	MaxMoved  *float64 // fractions of all keys
	MaxExcess *float64
	MaxTotal  *float64 // of all rounds together
	// NoSurvivorMoves forbids moves between nodes that a round leaves alone.
	NoSurvivorMoves bool
}

// Round is one change of the nodes, in the words of the flags of diff.
type Round struct {
	Line                  int
	Add, Remove, Reweight []string
}

// Spread asks that the replicas of every key, but for a fraction, are in a
// number of zones.
type Spread struct {
	Replicas int
	Zones    int
	Policy   string // as mapper.ParseZonePolicy takes it; "" is spread
	Except   float64
}

// Error is what is wrong with a check file, and where.
type Error struct {
	File         string
	Line, Column int
	Err          error
}

// Error names the place as compilers do.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err)
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }
