package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	"github.com/coreos/go-iptables/iptables"
	v1 "k8s.io/api/core/v1"
)

// ownRules is iptables with names translated. It shows the controller no chains but its own.
type ownRules struct{ *iptables.IPTables }

func newOwnRules() (*ownRules, error) {
	handler, err := iptables.NewWithProtocol(iptables.ProtocolIPv4)
	if err != nil {
		return nil, fmt.Errorf("iptables: %w", err)
	}
	return &ownRules{handler}, nil
}

func (r *ownRules) Exists(table, chain string, rule ...string) (bool, error) {
	return r.IPTables.Exists(table, toOurs(chain), allToOurs(rule)...)
}

func (r *ownRules) Insert(table, chain string, position int, rule ...string) error {
	return r.IPTables.Insert(table, toOurs(chain), position, allToOurs(rule)...)
}

func (r *ownRules) AppendUnique(table, chain string, rule ...string) error {
	return r.IPTables.AppendUnique(table, toOurs(chain), allToOurs(rule)...)
}

func (r *ownRules) Delete(table, chain string, rule ...string) error {
	return r.IPTables.Delete(table, toOurs(chain), allToOurs(rule)...)
}

func (r *ownRules) List(table, chain string) ([]string, error) {
	return r.IPTables.List(table, toOurs(chain))
}

func (r *ownRules) ChainExists(table, chain string) (bool, error) {
	return r.IPTables.ChainExists(table, toOurs(chain))
}

func (r *ownRules) NewChain(table, chain string) error {
	return r.IPTables.NewChain(table, toOurs(chain))
}

func (r *ownRules) ListChains(table string) ([]string, error) {
	chains, err := r.IPTables.ListChains(table)
	own := []string{}
	for _, chain := range chains {
		if hasAnyPrefix(chain, chainPrefixes) {
			own = append(own, toTheirs(chain))
		}
	}
	return own, err
}

// ownFilter saves and restores the controller's own chains of the filter table. kube-router's restorer writes the whole
// table as it was saved some time before, and would undo what other programs have changed since.
type ownFilter struct{ saved []string }

// replaceRestorer gives the controller another restorer. Its constructor has no parameter for it.
func replaceRestorer(controller *netpol.NetworkPolicyController, restorer utils.IPTablesSaveRestorer) {
	field := reflect.ValueOf(controller).Elem().FieldByName("iptablesSaveRestore")
	restorers := *(*map[v1.IPFamily]utils.IPTablesSaveRestorer)(field.Addr().UnsafePointer())
	restorers[v1.IPv4Protocol] = restorer
}

// SaveInto writes the lines of the controller's own chains into buffer.
func (f *ownFilter) SaveInto(table string, buffer *bytes.Buffer) error {
	output, err := runCommand(nil, "iptables-save", "-t", table)
	if err != nil {
		return err
	}
	f.saved = ownChains(output)
	for _, line := range strings.Split(output, "\n") {
		if hasAnyPrefix(chainOf(line), chainPrefixes) {
			buffer.WriteString(toTheirs(line) + "\n")
		}
	}
	return nil
}

// Restore replaces the controller's own chains with those of data, in one transaction.
func (f *ownFilter) Restore(table string, data []byte) error {
	input := restoreInput(table, toOurs(string(data)), f.saved)
	_, err := runCommand([]byte(input), "iptables-restore", "--wait", "--noflush", "-T", table)
	return err
}

// A rule that returns packets of known connections. kube-router itself accepts them, but only after a search for the pod's
// chain, which costs more the more pods there are.
const knownConnections = "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"

// kube-router accepts packets that policies admit. They have to pass the rules of other programs as well.
const explicitAccept = "-m mark --mark 0x20000/0x20000 -j ACCEPT"

// restoreInput returns input for iptables-restore --noflush that replaces the chains in saved with the chains in wanted.
func restoreInput(table, wanted string, saved []string) string {
	order := []string{}
	rules := map[string][]string{}
	for _, line := range strings.Split(wanted, "\n") {
		chain := chainOf(line)
		if !hasAnyPrefix(chain, chainPrefixes) {
			continue
		}
		if _, declared := rules[chain]; !declared {
			order = append(order, chain)
			rules[chain] = nil
		}
		if !strings.HasPrefix(line, ":") && !strings.Contains(line, explicitAccept) && !strings.Contains(line, knownConnections) {
			rules[chain] = append(rules[chain], line)
		}
	}
	var input strings.Builder
	input.WriteString("*" + table + "\n")
	for _, chain := range order {
		fmt.Fprintf(&input, ":%s - [0:0]\n", chain)
	}
	removals := []string{}
	for _, chain := range saved {
		if _, declared := rules[chain]; !declared {
			fmt.Fprintf(&input, ":%s - [0:0]\n", chain)
			removals = append(removals, chain)
		}
	}
	for _, chain := range order {
		lines := rules[chain]
		if strings.HasPrefix(chain, ours+"ROUTER-") {
			lines = withKnownConnections(chain, lines)
		}
		for _, line := range lines {
			input.WriteString(line + "\n")
		}
	}
	for _, chain := range removals {
		fmt.Fprintf(&input, "-X %s\n", chain)
	}
	input.WriteString("COMMIT\n")
	return input.String()
}

// withKnownConnections inserts knownConnections before the first rule for a pod. The rules before have places that
// kube-router checks.
func withKnownConnections(chain string, lines []string) []string {
	place := len(lines)
	for i, line := range lines {
		if strings.Contains(line, "-j "+ours+"POD-FW-") {
			place = i
			break
		}
	}
	return slices.Insert(slices.Clone(lines), place, "-A "+chain+" "+knownConnections)
}

// chainOf returns the chain that a line of iptables-save declares or adds to, else an empty string.
func chainOf(line string) string {
	fields := strings.Fields(line)
	switch {
	case len(fields) > 0 && strings.HasPrefix(fields[0], ":"):
		return fields[0][1:]
	case len(fields) > 1 && (fields[0] == "-A" || fields[0] == "-I"):
		return fields[1]
	}
	return ""
}

func ownChains(saved string) []string {
	chains := []string{}
	for _, line := range strings.Split(saved, "\n") {
		if strings.HasPrefix(line, ":") && hasAnyPrefix(chainOf(line), chainPrefixes) {
			chains = append(chains, chainOf(line))
		}
	}
	return chains
}

// runCommand returns the output of a program.
func runCommand(input []byte, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Stdin = bytes.NewReader(input)
	var output, problems bytes.Buffer
	command.Stdout, command.Stderr = &output, &problems
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(problems.String()))
	}
	return output.String(), nil
}
