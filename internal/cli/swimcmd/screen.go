package swimcmd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/clipperhouse/displaywidth"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

// quietLog returns a logger that discards everything, because log lines would
// overwrite the screen.
func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// screen draws the cluster until Ctrl-C or the end of the context.
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
	program := tea.NewProgram(&demoModel{demo: d, changes: changes, stop: watching.Done(), colored: std.ColoredScreen(), utf8: std.ShowsUTF8()},
		tea.WithInput(std.In), tea.WithOutput(std.Out), tea.WithoutSignalHandler())
	// bubbletea's WithContext closes the input while it is being read, whereas
	// Quit waits for the reader.
	defer context.AfterFunc(ctx, program.Quit)()
	_, err := program.Run()
	return err
}

// demoModel is the state of the screen.
type demoModel struct {
	demo          *demo
	changes       <-chan struct{}
	stop          <-chan struct{}
	colored, utf8 bool
	width, height int
	members       []swim.Member
	err           error // of the last change of metadata
}

// Messages to the model.
type (
	membersChanged struct{}
	tokenDue       struct{}
)

// Init implements [tea.Model].
func (m *demoModel) Init() tea.Cmd {
	m.members = m.demo.cluster.Members()
	return tea.Batch(m.awaitChange, m.awaitToken())
}

// awaitChange waits for a change of the cluster.
func (m *demoModel) awaitChange() tea.Msg {
	select {
	case <-m.changes:
		return membersChanged{}
	case <-m.stop:
		return nil
	}
}

// awaitToken waits for the next change of the token. It returns nil if the token
// does not change.
func (m *demoModel) awaitToken() tea.Cmd {
	if m.demo.interval == 0 {
		return nil
	}
	return tea.Tick(m.demo.nextToken(), func(time.Time) tea.Msg { return tokenDue{} })
}

// Update implements [tea.Model].
func (m *demoModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case membersChanged:
		m.members = m.demo.cluster.Members()
		return m, m.awaitChange
	case tokenDue:
		m.err = m.demo.renew()
		return m, m.awaitToken()
	case tea.PasteMsg:
		m.err = m.demo.enter(msg.Content)
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+c" {
			return m, tea.Quit
		}
		if msg.Text != "" {
			m.err = m.demo.enter(msg.Text)
		}
	}
	return m, nil
}

// View implements [tea.Model].
func (m *demoModel) View() tea.View {
	v := tea.NewView(demoScreen(m.members, m.width, m.height, m.colored, m.utf8))
	v.AltScreen = true
	return v
}

// Columns of the demo, which are those of swim-protocol's. They fit names of
// fifteen characters; longer names shift the columns to the right.
const (
	nameColumn     = 4
	clockColumn    = 30
	metadataColumn = 38
)

// demoScreen returns the screen: a row for each member, and the number of
// available members at the bottom right. Unless utf8 is set, it is ASCII.
func demoScreen(members []swim.Member, width, height int, colored, utf8 bool) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	rows, available := demoRows(members)
	more := "…"
	if !utf8 {
		more = "..."
		for i := range rows {
			rows[i].name, rows[i].metadata = term.ASCII(rows[i].name), term.ASCII(rows[i].metadata)
		}
	}
	shift := demoShift(rows)
	lines := make([]string, height)
	room := height - 1
	for i, r := range rows {
		if i == room-1 && len(rows) > room {
			lines[i] = clip(fmt.Sprintf("    %s and %d more", more, len(rows)-i), width)
			break
		}
		if i < room {
			lines[i] = paint(demoLine(r, shift, width), r, colored)
		}
	}
	count := clip(fmt.Sprintf(" Available: %d", available), width)
	lines[height-1] = strings.Repeat(" ", width-displaywidth.String(count)) + count
	return strings.Join(lines, "\n")
}

// demoShift returns the number of columns by which the longest name shifts the
// columns.
func demoShift(rows []demoRow) int {
	shift := 0
	for _, r := range rows {
		shift = max(shift, nameColumn+displaywidth.String(r.name+" is OFFLINE ")-clockColumn)
	}
	return shift
}

// demoLine returns the line of a member in shifted columns.
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
	return clip(line+strings.Repeat(" ", inner-displaywidth.String(line))+edge, width)
}

// pad extends a line with spaces to a column. A longer line gets one space, so
// that columns never touch.
func pad(line string, column int) string {
	n := column - displaywidth.String(line)
	if n <= 0 && !strings.HasSuffix(line, " ") {
		n = 1
	}
	return line + strings.Repeat(" ", max(0, n))
}

// clip returns the first width columns of a line.
func clip(line string, width int) string { return displaywidth.TruncateString(line, width, "") }

// paint colors a line by the member's status and makes the local member's bold.
func paint(line string, r demoRow, colored bool) string {
	if !colored {
		return line
	}
	color := map[swim.Status]string{swim.StatusOnline: "32", swim.StatusSuspect: "33", swim.StatusOffline: "31", swim.StatusLeft: "90"}[r.set]
	if r.local {
		color = "1;" + color
	}
	return term.Paint(color, line)
}
