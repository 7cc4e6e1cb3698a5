package swimcmd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

// quietLog says nothing: a program that draws the screen has no other place.
func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// screen draws the cluster until the person or a signal ends it.
func (d *demo) screen(ctx context.Context, std *term.Streams) error {
	changes := make(chan struct{}, 1)
	watching, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range d.cluster.Events(watching) {
			select {
			case changes <- struct{}{}:
			default:
			}
		}
	}()
	defer func() { stop(); <-done }()
	program := tea.NewProgram(&demoModel{demo: d, changes: changes, stop: watching.Done(), colored: std.ColoredScreen()},
		tea.WithInput(std.In), tea.WithOutput(std.Out), tea.WithoutSignalHandler())
	// A program whose context ends closes its input while it still reads. One
	// that is told to quit waits for its reader.
	defer context.AfterFunc(ctx, program.Quit)()
	_, err := program.Run()
	return err
}

// demoModel is the state of the screen.
type demoModel struct {
	demo          *demo
	changes       <-chan struct{}
	stop          <-chan struct{}
	colored       bool
	width, height int
	members       []swim.Member
	refused       error
}

// Messages to the model.
type (
	membersChanged struct{}
	tokenDue       struct{}
)

// Init starts what the screen waits for.
func (m *demoModel) Init() tea.Cmd {
	m.members = m.demo.cluster.Members()
	return tea.Batch(m.awaitChange, m.awaitToken())
}

// awaitChange waits for the cluster to change.
func (m *demoModel) awaitChange() tea.Msg {
	select {
	case <-m.changes:
		return membersChanged{}
	case <-m.stop:
		return nil
	}
}

// awaitToken waits for the next token, if there are any.
func (m *demoModel) awaitToken() tea.Cmd {
	if m.demo.token == 0 {
		return nil
	}
	return tea.Tick(m.demo.nextToken(), func(time.Time) tea.Msg { return tokenDue{} })
}

// Update takes what happened.
func (m *demoModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case membersChanged:
		m.members = m.demo.cluster.Members()
		return m, m.awaitChange
	case tokenDue:
		m.refused = m.demo.renew()
		return m, m.awaitToken()
	case tea.PasteMsg:
		m.refused = m.demo.enter(msg.Content)
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+c" {
			return m, tea.Quit
		}
		if msg.Text != "" {
			m.refused = m.demo.enter(msg.Text)
		}
	}
	return m, nil
}

// View draws the screen.
func (m *demoModel) View() tea.View {
	v := tea.NewView(demoScreen(m.members, m.width, m.height, m.colored))
	v.AltScreen = true
	return v
}

// Columns of the demo, those of the ancestor, whose names were of fifteen
// characters at most: longer ones move the columns to the right.
const (
	nameColumn     = 4
	clockColumn    = 30
	metadataColumn = 38
)

// demoScreen draws a row for each member and, at the bottom right, how many
// are available.
func demoScreen(members []swim.Member, width, height int, colored bool) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	rows, available := demoRows(members)
	shift := demoShift(rows)
	lines := make([]string, height)
	room := height - 1
	for i, r := range rows {
		if i == room-1 && len(rows) > room {
			lines[i] = clip(fmt.Sprintf("    … and %d more", len(rows)-i), width)
			break
		}
		if i < room {
			lines[i] = paint(demoLine(r, shift, width), r, colored)
		}
	}
	count := clip(fmt.Sprintf(" Available: %d", available), width)
	lines[height-1] = strings.Repeat(" ", width-utf8.RuneCountInString(count)) + count
	return strings.Join(lines, "\n")
}

// demoShift is how far the longest name moves the columns.
func demoShift(rows []demoRow) int {
	shift := 0
	for _, r := range rows {
		shift = max(shift, nameColumn+utf8.RuneCountInString(r.name+" is OFFLINE ")-clockColumn)
	}
	return shift
}

// demoLine lays a member out in columns, which are shifted.
func demoLine(r demoRow, shift, width int) string {
	line := strings.Repeat(" ", nameColumn)
	if r.local {
		line = ">>> "
	}
	line = pad(line+r.name+" is "+r.status, shift+clockColumn) + r.clock
	line = pad(line, shift+metadataColumn) + r.metadata
	if !r.local {
		return clip(line, width)
	}
	const edge = " <<<"
	inner := max(0, width-len(edge))
	line = clip(line, inner)
	return clip(line+strings.Repeat(" ", inner-utf8.RuneCountInString(line))+edge, width)
}

// pad brings a line to a column. One that is past it gets a blank, so that
// columns never touch.
func pad(line string, column int) string {
	n := column - utf8.RuneCountInString(line)
	if n <= 0 && !strings.HasSuffix(line, " ") {
		n = 1
	}
	return line + strings.Repeat(" ", max(0, n))
}

// clip cuts a line to a width.
func clip(line string, width int) string {
	n := 0
	for i := range line {
		if n == width {
			return line[:i]
		}
		n++
	}
	return line
}

// paint colours a line by the member's status and makes this member's bold.
func paint(line string, r demoRow, colored bool) string {
	if !colored {
		return line
	}
	color := map[swim.Status]string{swim.StatusOnline: "32", swim.StatusSuspect: "33", swim.StatusOffline: "31", swim.StatusLeft: "90"}[r.set]
	if r.local {
		color = "1;" + color
	}
	return "\x1b[" + color + "m" + line + "\x1b[0m"
}
