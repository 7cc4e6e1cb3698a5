package source

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/kubernetes"
)

// kubernetesOptions holds the flags of the kubernetes backend that no other one
// has.
type kubernetesOptions struct {
	namespace   string
	selector    string
	port        string
	ready       term.Choice
	weightKey   string
	statefulSet string
	kubeconfig  string
	context     string
	caFile      string
	noExec      bool
	readyGiven  bool // on the command line
}

// bind declares the flags on a command.
func (o *kubernetesOptions) bind(c *cobra.Command) {
	const title = "Kubernetes (--host and --port override the server of the kubeconfig file)"
	o.ready = term.Choose("--ready", string(kubernetes.ReadyOnly), string(kubernetes.ReadyServing), string(kubernetes.ReadyAny))
	term.AddGroup(c, title, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.namespace, "namespace", "", "`name` of the namespace (default that of the context or of the pod)")
		fs.StringVar(&o.selector, "selector", "", "label `selector` for EndpointSlices, which carry the labels of their service")
		fs.StringVar(&o.port, "port-name", "", "`name` or number of the service's port (default the only one)")
		fs.Var(&o.ready, "ready", "endpoints that count: ready, serving (includes terminating pods that serve) or any")
		fs.StringVar(&o.weightKey, "weight-key", "", "annotation or label `key` of a pod that holds its weight")
		fs.StringVar(&o.statefulSet, "statefulset", "", "`name` of a StatefulSet whose ordinals are the nodes, whether or not their pods exist")
		fs.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig `file`; overrides KUBECONFIG and ~/.kube/config")
		fs.StringVar(&o.context, "context", "", "`name` of the context of the kubeconfig file (default its current context)")
		fs.StringVar(&o.caFile, "ca-file", "", "`file` with the certificates to trust, instead of those of the kubeconfig file")
		fs.BoolVar(&o.noExec, "no-exec", false, "refuse to run the credential plug-in that the kubeconfig file names")
	})
	aboutBackends(c, title, "kubernetes")
	for _, name := range []string{"service", "identity", "token-file"} { // flags that consul declares
		f := c.Flags().Lookup(name)
		f.Annotations[backendKey] = append(slices.Clone(f.Annotations[backendKey]), "kubernetes")
	}
}

// parse notes what is on the command line.
func (o *kubernetesOptions) parse(c *cobra.Command) { o.readyGiven = c.Flags().Changed("ready") }

// podIdentity is the default of --identity.
const podIdentity = "pod"

// kubernetesIdentity returns what --identity chooses.
func kubernetesIdentity(typed string) (kubernetes.Identity, error) {
	identity := kubernetes.Identity(typed)
	key, byLabel := strings.CutPrefix(typed, "label:")
	switch {
	case typed == "" || typed == podIdentity:
		return kubernetes.IdentityPod, nil
	case identity == kubernetes.IdentityAddress, identity == kubernetes.IdentityNode, byLabel && key != "":
		return identity, nil
	}
	return "", term.UnknownChoice("identity", typed, []string{podIdentity, "address", "node", "label:KEY"})
}

// kubernetesConfig returns the configuration of the source.
func (o *Flags) kubernetesConfig(std *term.Streams) (kubernetes.Config, error) {
	k := &o.kubernetes
	identity, err := kubernetesIdentity(o.consul.identity)
	switch {
	case err != nil:
		return kubernetes.Config{}, err
	case o.consul.service == "" && k.selector == "":
		return kubernetes.Config{}, term.Hint(term.Usagef("-b kubernetes requires --service or --selector"), "such as -s web")
	case k.statefulSet != "" && (k.readyGiven || k.weightKey != "" || identity != kubernetes.IdentityPod):
		return kubernetes.Config{}, term.Hint(term.Usagef("--statefulset excludes --ready, --weight-key and --identity"), "its nodes are its ordinals, whatever their pods do")
	}
	config := kubernetes.Config{
		Service:     o.consul.service,
		Namespace:   k.namespace,
		Selector:    k.selector,
		Port:        k.port,
		Identity:    identity,
		WeightKey:   k.weightKey,
		StatefulSet: k.statefulSet,
		Kubeconfig:  k.kubeconfig,
		Context:     k.context,
		CAFile:      k.caFile,
		TokenFile:   o.consul.tokenFile,
		NoExec:      k.noExec,
		Timeout:     o.timeout,
		Log:         slog.New(slog.NewTextHandler(std.Err, nil)),
	}
	if k.statefulSet == "" {
		config.Ready = kubernetes.Readiness(k.ready.String())
	}
	if o.located != "" {
		config.Server = "https://" + net.JoinHostPort(strings.Trim(o.host, "[]"), strconv.Itoa(o.port))
	}
	return config, nil
}

func openKubernetes(_ context.Context, o *Flags, std *term.Streams) (mapper.Mapper, error) {
	config, err := o.kubernetesConfig(std)
	if err != nil {
		return nil, err
	}
	source, err := kubernetes.New(config)
	if err != nil {
		return nil, term.Hint(err, "proxenos help kubernetes says where the cluster and the credentials come from")
	}
	return source, nil
}

// explainKubernetes adds an exit code and a hint to an error of Kubernetes.
func explainKubernetes(err error) error {
	var e *kubernetes.Error
	if errors.As(err, &e) {
		err = term.Hint(err, "%s", e.Hint())
	}
	var lookup *net.DNSError
	switch {
	case failedAtProxy(err):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "the proxy failed, not Kubernetes: proxy-url of the kubeconfig file, HTTPS_PROXY or HTTP_PROXY names it"))
	case errors.As(err, &lookup):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "the host name of the server does not resolve here: is the context the right one? --context NAME names another"))
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, kubernetes.ErrUnreachable):
		return term.WithCode(term.ErrUnreachable, err)
	case errors.Is(err, kubernetes.ErrPermission):
		return term.WithCode(term.ErrPermission, err)
	}
	return err
}

// kubernetesQuery adds what identifies the query.
func (o *Flags) kubernetesQuery(add func(name, value string)) {
	k := &o.kubernetes
	add("namespace", k.namespace)
	add("context", k.context)
	add("service", o.consul.service)
	add("selector", k.selector)
	add("port", k.port)
	add("ready", k.ready.String())
	add("identity", cmp.Or(o.consul.identity, podIdentity))
	add("weight-key", k.weightKey)
	add("statefulset", k.statefulSet)
}
