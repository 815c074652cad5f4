package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	_ "k8s.io/component-base/logs/json/register"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

type server struct {
	base   string
	token  string
	client *http.Client
	failed chan error
}

// start runs etcd and kube-apiserver with their files below dir.
func start(ctx context.Context, dir string) (*server, error) {
	store, err := startEtcd(filepath.Join(dir, "etcd"))
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	key := filepath.Join(dir, "service-account.pem")
	if err := writeKey(key); err != nil {
		return nil, err
	}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	token := hex.EncodeToString(secret)
	tokens := filepath.Join(dir, "tokens.csv")
	if err := os.WriteFile(tokens, []byte(token+",asker,asker,system:masters\n"), 0o600); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	command := app.NewAPIServerCommand()
	command.SetArgs([]string{
		"--etcd-servers=" + store,
		"--bind-address=127.0.0.1",
		// Where there is no route out it finds no address to tell others; nobody asks for it.
		"--advertise-address=192.0.2.1",
		"--endpoint-reconciler-type=none",
		fmt.Sprintf("--secure-port=%d", port),
		"--cert-dir=" + filepath.Join(dir, "certificates"),
		"--token-auth-file=" + tokens,
		"--authorization-mode=AlwaysAllow",
		"--allow-privileged=true",
		"--service-cluster-ip-range=10.96.0.0/12,fd96::/108",
		"--service-account-key-file=" + key,
		"--service-account-signing-key-file=" + key,
		"--service-account-issuer=https://kubernetes.default.svc",
		// Objects are asked about alone: what an admission plugin would miss beside them is not their fault.
		"--disable-admission-plugins=NamespaceLifecycle,PodSecurity,ServiceAccount,LimitRanger,ResourceQuota,Priority,RuntimeClass,StorageObjectInUseProtection,PersistentVolumeClaimResize",
		"--v=0",
	})
	s := &server{
		base:   fmt.Sprintf("https://127.0.0.1:%d", port),
		token:  token,
		failed: make(chan error, 1),
		client: &http.Client{
			Timeout: time.Minute,
			// The certificate was made by this very process a moment ago, on loopback.
			Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		},
	}
	go func() { s.failed <- command.ExecuteContext(ctx) }()
	return s, nil
}

func startEtcd(dir string) (string, error) {
	config := embed.NewConfig()
	config.Dir = dir
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	var addresses [2]url.URL
	for i := range addresses {
		port, err := freePort()
		if err != nil {
			return "", err
		}
		addresses[i] = url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	}
	config.ListenClientUrls, config.AdvertiseClientUrls = addresses[:1], addresses[:1]
	config.ListenPeerUrls, config.AdvertisePeerUrls = addresses[1:], addresses[1:]
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	store, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-store.Server.ReadyNotify():
		return addresses[0].String(), nil
	case err := <-store.Err():
		return "", err
	case <-time.After(time.Minute):
		return "", fmt.Errorf("not ready after a minute")
	}
}

// ready waits until the API server says so.
func (s *server) ready(ctx context.Context) error {
	deadline := time.Now().Add(3 * time.Minute)
	for time.Now().Before(deadline) {
		select {
		case err := <-s.failed:
			return fmt.Errorf("kube-apiserver ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		// /readyz alone is not enough: the default namespace is made a little later.
		if status, _, _, err := s.do(ctx, "GET", "/readyz", ""); err != nil || status != http.StatusOK {
			continue
		}
		if status, _, _, err := s.do(ctx, "GET", "/api/v1/namespaces/default", ""); err == nil && status == http.StatusOK {
			fmt.Fprintln(os.Stderr, "kube-apiserver", version.Get().GitVersion, "at", s.base)
			return nil
		}
	}
	return fmt.Errorf("kube-apiserver is not ready after three minutes")
}

// ask sends one object as `kubectl apply --dry-run=server --validate=strict` would.
func (s *server) ask(ctx context.Context, q Question) (Answer, error) {
	status, body, warnings, err := s.do(ctx, "POST", q.Path+"?dryRun=All&fieldValidation=Strict", q.Manifest)
	if err != nil {
		return Answer{}, fmt.Errorf("question %d: %w", q.ID, err)
	}
	answer := Answer{ID: q.ID, Code: status, Accepted: status == http.StatusCreated, Warnings: warnings}
	if !answer.Accepted {
		var refusal struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(body, &refusal) != nil {
			refusal.Message = string(body)
		}
		answer.Message = refusal.Message
	}
	return answer, nil
}

func (s *server) do(ctx context.Context, method, path, body string) (int, []byte, []string, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/yaml")
	request.Header.Set("Accept", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, response.Header.Values("Warning"), err
}

func writeKey(path string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
