// Command network-policy enforces NetworkPolicies on this node: kube-router's network policy controller without its router
// and its service proxy. Its chains and sets have names of their own (names.go).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	retryPeriod = 500 * time.Millisecond
	// A change of an object starts a sync at once. The period bounds how long rules are missing that another program removed.
	syncPeriod = time.Minute
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig file")
	node := flag.String("node", "", "name of this node")
	serviceRange := flag.String("service-range", "", "address range of Services")
	klog.InitFlags(nil)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *node, *serviceRange); err != nil {
		klog.Flush()
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run syncs the rules until ctx is done. The rules stay when it ends, so that policies are enforced during a restart.
func run(ctx context.Context, kubeconfig, node, serviceRange string) error {
	restConfig, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", kubeconfig, err)
	}
	config := options.NewKubeRouterConfig()
	config.EnableIPv4 = true
	config.ClusterIPCIDRs = []string{serviceRange}
	config.HostnameOverride = node
	config.IPTablesSyncPeriod = syncPeriod
	if err := os.Setenv("NODE_NAME", node); err != nil {
		return err
	}
	if !waitForNode(ctx, client, node) {
		return nil
	}

	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	// A sync with incomplete lists would remove the rules of pods that are not listed yet.
	for _, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil
		}
	}

	rules, err := newOwnRules()
	if err != nil {
		return err
	}
	sets, err := newOwnSets()
	if err != nil {
		return err
	}
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &sync.Mutex{},
		map[v1.IPFamily]utils.IPTablesHandler{v1.IPv4Protocol: rules},
		map[v1.IPFamily]utils.IPSetHandler{v1.IPv4Protocol: sets})
	if err != nil {
		return err
	}
	replaceRestorer(controller, &ownFilter{})
	if _, err := pods.AddEventHandler(controller.PodEventHandler); err != nil {
		return err
	}
	if _, err := namespaces.AddEventHandler(controller.NamespaceEventHandler); err != nil {
		return err
	}
	if _, err := policies.AddEventHandler(controller.NetworkPolicyEventHandler); err != nil {
		return err
	}
	heartbeats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		for range heartbeats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(heartbeats, ctx.Done(), &running)
	running.Wait()
	return nil
}

// waitForNode waits until the kubelet has registered the node with an address. It returns false when ctx is done before.
func waitForNode(ctx context.Context, client kubernetes.Interface, name string) bool {
	for {
		node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			if _, err = utils.GetPrimaryNodeIP(node); err == nil {
				return true
			}
		}
		klog.Infof("waiting for node %s: %v", name, err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(retryPeriod):
		}
	}
}
