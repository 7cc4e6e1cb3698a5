// Package checkfile parses the YAML file of proxenos check, which names the
// nodes, the placement algorithm and the checks that placement must pass.
//
// A check file is untrusted: anyone may propose a change to the repository that
// holds it. It is limited to [MaxSize] bytes, aliases and tags are rejected
// before they are expanded, and an unknown key is an error with its line.
// Parsing opens no other file.
//
// One table is both the parser and, by [Format.Schema], the JSON Schema for
// editors. Plain scalars have the types of the core schema of YAML 1.2, which
// editors use: 1_000 and yes are text.
package checkfile

import "fmt"

// MaxSize is the maximum size of a check file in bytes.
const MaxSize = 1 << 20

// Format is the format of check files for a set of algorithms and hashes.
type Format struct {
	Algorithms []string // the values of algorithm
	Hashes     []string // the values of hash
}

// File is a parsed check file. Absent fields are zero.
type File struct {
	Name  string // the name given to Parse, for errors
	Nodes Nodes
	Settings
	Levels     []string // of the domains of the nodes, widest first; that named zone gives nodes their zones
	Sample     int64    // the number of sample keys to measure
	Keys       string   // a file of keys to measure instead
	KeyWeights bool     // each line of Keys ends in a tab and the weight of the key
	Checks     []Check

	format *Format
}

// Settings select the placement algorithm. Zero fields are not given.
type Settings struct {
	Algorithm string  // a value of --algorithm
	Hash      string  // a value of --hash-method
	KeyHash   string  // a value of --key-hash
	HashBy    string  // a value of --hash-by
	HashTag   string  // a value of --hash-tag
	Points    int     // a value of --points
	Unit      float64 // a value of --unit
	TableBits int     // a value of --table-bits

	Partitions int     // a value of --partitions
	Bound      float64 // a value of --bound

	LayoutFile string // a file, as of --layout-file
	Slots      string // a file, as of --slots
}

// Nodes names a file of nodes, or lists nodes in the form of -n. At most one of
// its fields is set.
type Nodes struct {
	File   string
	Inline []string
}

// Check is a named check. Exactly one of the fields after Warn is set.
type Check struct {
	Name          string
	Line          int
	Warn          bool // a failure is a warning
	Pins          []Pin
	Checksum      *Checksum
	Shares        *Shares
	Movement      *Movement
	LoadAfterLoss *Loss
	Spread        *Spread
	Nodes         *Count
	Shards        *Shards
	Domains       *Domains

	column int
}

// Pin is a key and the IDs of the nodes that must own it, best first.
type Pin struct {
	Key   string
	Nodes []string // empty if the pin is not recorded yet
	Line  int

	at span // where the file has the pin
}

// Checksum is the checksum that the placement must have: 16 hexadecimal digits.
type Checksum struct {
	Text string // empty if the checksum is not recorded yet
	Line int

	at span
}

// Shares bounds the load. Min and Max bound the load of every node divided by
// the load that its weight calls for, and MaxKeys the keys of every node. Zones
// and Nodes bound what single zones and nodes hold.
type Shares struct {
	Min, Max     *float64
	MaxKeys      *int64
	Zones, Nodes []Share
}

// Share bounds what one node or zone holds: a fraction of all keys, or a number
// of keys.
type Share struct {
	Name             string // the ID of the node, or the zone
	Line             int
	Min, Max         *float64
	MinKeys, MaxKeys *int64
}

// Movement bounds the keys that move in each round of a scenario. If Before is
// set, the first round is the change from it to the nodes and the settings of
// the check file.
type Movement struct {
	Before      *Side
	Replicas    int    // the nodes of a key that hold it; 0 means 1
	Policy      string // a value for mapper.ParseZonePolicy; "" is any
	Rounds      []Round
	EachRemoval bool     // instead of Rounds: every node is removed alone
	MaxMoved    *float64 // in any round
	MaxCopied   *float64 // in any round: replicas on a node that did not hold the key
	MaxExcess   *float64 // beyond the ideal, in any round
	MaxTotal    *float64 // in all rounds together
	// NoSurvivorMoves forbids moves between nodes that a round does not change.
	NoSurvivorMoves bool
}

// Side is the nodes and the settings before a change. Without Nodes they are
// the nodes of the check file.
type Side struct {
	Nodes Nodes
	Settings
	Line int
}

// Round is one change of the nodes. Add, Remove and Reweight are values of the
// flags of that name of proxenos diff.
type Round struct {
	Line                  int
	Add, Remove, Reweight []string
	RemoveZone            []string
}

// Loss bounds the load of every node after the loss of any one node or zone,
// divided by the load that its weight calls for before the loss.
type Loss struct {
	Zone bool // of any zone, otherwise of any node
	Max  float64
}

// Spread requires the replicas of keys to be in at least Zones zones.
type Spread struct {
	Replicas int
	Zones    int
	Policy   string  // a value for mapper.ParseZonePolicy; "" is spread
	Except   float64 // the fraction of keys that may fail the requirement
}

// Count bounds the number of nodes that are not drained.
type Count struct {
	Min, Max, MinPerZone int // 0 is no bound
}

// Shards bounds the nodes that the shards of sample tenants share.
type Shards struct {
	Size, Tenants int
	MaxPoisoned   *float64 // of tenants that share all nodes with one other
	MaxAllButOne  *float64 // of pairs that share all nodes or all but one
}

// Domains is a rule for the failure domains of replicas.
type Domains struct {
	Levels   []string
	Replicas int
	Most     []DomainLimit
	Nearest  *DomainLimit // so many replicas in the domain of the first one, the others elsewhere
	Except   float64      // the fraction of keys that may break the rule
	MaxLoss  *float64     // of keys whose first replica is in one domain
	MaxGone  *float64     // of keys whose replicas are all in one domain
}

// DomainLimit allows at most Most replicas of a key in one domain of a level.
type DomainLimit struct {
	Level string
	Most  int
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
