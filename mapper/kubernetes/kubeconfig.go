package kubernetes

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// kubeconfig is what several files say together. Of entries with the same name
// the first stands, as for kubectl.
type kubeconfig struct {
	CurrentContext string `yaml:"current-context"`
	Contexts       []struct {
		Name    string      `yaml:"name"`
		Context contextInfo `yaml:"context"`
	} `yaml:"contexts"`
	Clusters []struct {
		Name    string      `yaml:"name"`
		Cluster clusterInfo `yaml:"cluster"`
	} `yaml:"clusters"`
	Users []struct {
		Name string   `yaml:"name"`
		User userInfo `yaml:"user"`
	} `yaml:"users"`
}

type contextInfo struct {
	Cluster   string `yaml:"cluster"`
	User      string `yaml:"user"`
	Namespace string `yaml:"namespace"`
}

type clusterInfo struct {
	Server        string `yaml:"server"`
	TLSServerName string `yaml:"tls-server-name"`
	Insecure      bool   `yaml:"insecure-skip-tls-verify"`
	CAFile        string `yaml:"certificate-authority"`
	CAData        string `yaml:"certificate-authority-data"`
	ProxyURL      string `yaml:"proxy-url"`
}

type userInfo struct {
	Token        string    `yaml:"token"`
	TokenFile    string    `yaml:"tokenFile"`
	CertFile     string    `yaml:"client-certificate"`
	CertData     string    `yaml:"client-certificate-data"`
	KeyFile      string    `yaml:"client-key"`
	KeyData      string    `yaml:"client-key-data"`
	Username     string    `yaml:"username"`
	Password     string    `yaml:"password"`
	As           string    `yaml:"as"`
	AsUID        string    `yaml:"as-uid"`
	AsGroups     []string  `yaml:"as-groups"`
	Exec         *execInfo `yaml:"exec"`
	AuthProvider *struct {
		Name string `yaml:"name"`
	} `yaml:"auth-provider"`
}

// execInfo is the credential plug-in of a user.
type execInfo struct {
	APIVersion string   `yaml:"apiVersion"`
	Command    string   `yaml:"command"`
	Args       []string `yaml:"args"`
	Env        []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
	InstallHint        string `yaml:"installHint"`
	InteractiveMode    string `yaml:"interactiveMode"`
	ProvideClusterInfo bool   `yaml:"provideClusterInfo"`
}

// maxKubeconfig is more bytes than any kubeconfig file has.
const maxKubeconfig = 16 << 20

// readKubeconfig merges files. It skips missing ones unless there is only one.
func readKubeconfig(files []string, mustExist bool) (k kubeconfig, found bool, err error) {
	for _, file := range files {
		one, err := readFile(file)
		if errors.Is(err, fs.ErrNotExist) && !mustExist {
			continue
		}
		if err != nil {
			return k, false, configError("kubeconfig: %w", err)
		}
		found = true
		if k.CurrentContext == "" {
			k.CurrentContext = one.CurrentContext
		}
		k.Contexts = append(k.Contexts, one.Contexts...)
		k.Clusters = append(k.Clusters, one.Clusters...)
		k.Users = append(k.Users, one.Users...)
	}
	return k, found, nil
}

// readFile reads one file and makes its paths absolute, as they are relative to
// its directory.
func readFile(file string) (k kubeconfig, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return k, err
	}
	if info.Size() > maxKubeconfig {
		return k, fmt.Errorf("%s: larger than %d MiB", file, maxKubeconfig>>20)
	}
	text, err := os.ReadFile(file) //nolint:gosec // the caller's own file
	if err != nil {
		return k, err
	}
	if err := yaml.Unmarshal(text, &k); err != nil {
		return k, fmt.Errorf("%s: %w", file, err)
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return k, err
	}
	absolute := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
	for i := range k.Clusters {
		absolute(&k.Clusters[i].Cluster.CAFile)
	}
	for i := range k.Users {
		u := &k.Users[i].User
		absolute(&u.TokenFile)
		absolute(&u.CertFile)
		absolute(&u.KeyFile)
		if u.Exec != nil && filepath.Base(u.Exec.Command) != u.Exec.Command { // a bare name is in PATH
			absolute(&u.Exec.Command)
		}
	}
	return k, nil
}

// choose returns the parts of a context; empty means the current one.
func (k *kubeconfig) choose(name string) (c contextInfo, cluster clusterInfo, user userInfo, err error) {
	if name == "" {
		name = k.CurrentContext
	}
	if name == "" {
		return c, cluster, user, configError("kubeconfig: no current-context: name a context")
	}
	found := false
	for _, e := range k.Contexts {
		if e.Name == name && !found {
			c, found = e.Context, true
		}
	}
	if !found {
		return c, cluster, user, configError("kubeconfig: no context %q", name)
	}
	found = false
	for _, e := range k.Clusters {
		if e.Name == c.Cluster && !found {
			cluster, found = e.Cluster, true
		}
	}
	if !found {
		return c, cluster, user, configError("kubeconfig: context %q: no cluster %q", name, c.Cluster)
	}
	found = c.User == ""
	for _, e := range k.Users {
		if e.Name == c.User && !found {
			user, found = e.User, true
		}
	}
	if !found {
		return c, cluster, user, configError("kubeconfig: context %q: no user %q", name, c.User)
	}
	return c, cluster, user, nil
}

// pemOf returns the content of a file, or of the data that stands for it.
func pemOf(file, data string) ([]byte, error) {
	if data == "" {
		text, err := os.ReadFile(file) //nolint:gosec // the caller's own file
		if err != nil {
			return nil, configError("%w", err)
		}
		return text, nil
	}
	text, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, configError("kubeconfig: certificate data is not base64: %w", err)
	}
	return text, nil
}
