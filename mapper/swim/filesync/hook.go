package filesync

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/proxenos/proxenos/internal/childenv"
	"github.com/proxenos/proxenos/mapper/swim"
)

// hookName is the program that runs after each change.
const hookName = "on-update"

// hook runs DIR/on-update with the name of the member, its status and the
// absolute path of its folder, one process at a time. While one runs, the
// changes of a member are merged into one, so that a slow hook is late but never
// far behind.
type hook struct {
	root    *os.Root
	dir     string
	timeout time.Duration
	log     *slog.Logger

	mu      sync.Mutex
	order   []string
	pending map[string]swim.Member
	ready   chan struct{}
}

func newHook(root *os.Root, dir string, cfg Config) *hook {
	return &hook{
		root: root, dir: dir, timeout: cfg.HookTimeout, log: cfg.Log,
		pending: map[string]swim.Member{}, ready: make(chan struct{}, 1),
	}
}

func (h *hook) queue(m swim.Member) {
	h.mu.Lock()
	if _, waits := h.pending[m.Name]; !waits {
		h.order = append(h.order, m.Name)
	}
	h.pending[m.Name] = m
	h.mu.Unlock()
	select {
	case h.ready <- struct{}{}:
	default:
	}
}

func (h *hook) next() (swim.Member, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.order) == 0 {
		return swim.Member{}, false
	}
	m := h.pending[h.order[0]]
	delete(h.pending, h.order[0])
	h.order = h.order[1:]
	return m, true
}

func (h *hook) run(ctx context.Context) {
	for {
		select {
		case <-h.ready:
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil {
			m, ok := h.next()
			if !ok {
				break
			}
			if err := h.call(ctx, m); err != nil && ctx.Err() == nil {
				h.log.Warn("on-update failed", "member", m.Name, "err", err)
			}
		}
	}
}

// call runs the hook once, if it exists. The arguments do not pass through a
// shell, and the environment holds no secret of this process.
func (h *hook) call(ctx context.Context, m swim.Member) error {
	info, err := h.root.Lstat(hookName)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	if err := trusted(info); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(h.dir, hookName), m.Name, statusArgument(m.Status), filepath.Join(h.dir, m.Name))
	cmd.Dir, cmd.Env = h.dir, childenv.Filter(os.Environ())
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.WaitDelay = time.Second
	withGroup(cmd)
	err = cmd.Run()
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("killed after %v", h.timeout)
	}
	return err
}

// statusArgument returns one of the three names that hooks know.
func statusArgument(s swim.Status) string {
	if s == swim.StatusLeft {
		s = swim.StatusOffline
	}
	return s.String()
}
