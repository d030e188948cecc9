package main

import (
	"fmt"
	"os/exec"
	"sort"
	"strings"

	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
)

// ownSets is ipset for the controller's own sets. kube-router's handler reads all sets of the machine and writes them back
// with its next change, and would undo what other programs have changed since.
type ownSets struct {
	*utils.IPSet
	wanted map[string]wantedSet
}

type wantedSet struct {
	kind    string
	entries [][]string
}

func newOwnSets() (*ownSets, error) {
	if _, err := exec.LookPath("ipset"); err != nil {
		return nil, err
	}
	return &ownSets{wanted: map[string]wantedSet{}}, nil
}

// RefreshSet notes the content of a set for the next Restore.
func (s *ownSets) RefreshSet(name string, entries [][]string, kind string) {
	s.wanted[toOurs(name)] = wantedSet{kind, entries}
}

// Restore creates the noted sets and replaces their content. No packet meets a set that is half filled.
func (s *ownSets) Restore() error {
	if len(s.wanted) == 0 {
		return nil
	}
	_, err := runCommand([]byte(setsInput(s.wanted)), "ipset", "restore", "-exist")
	return err
}

// Save is called when no rule uses old sets any more. It destroys the sets that were not noted since the last call.
func (s *ownSets) Save() error {
	output, err := runCommand(nil, "ipset", "list", "-name")
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(output) {
		if _, found := s.wanted[name]; found || !hasAnyPrefix(name, setPrefixes) {
			continue
		}
		if _, err := runCommand(nil, "ipset", "destroy", name); err != nil {
			return err
		}
	}
	s.wanted = map[string]wantedSet{}
	return nil
}

// Sets returns no set, because Save has destroyed the old ones.
func (s *ownSets) Sets() map[string]*utils.Set { return nil }

// setsInput returns input for ipset restore. Each set is filled under another name and then swapped.
func setsInput(wanted map[string]wantedSet) string {
	names := []string{}
	for name := range wanted {
		names = append(names, name)
	}
	sort.Strings(names)
	var input strings.Builder
	for _, name := range names {
		set := wanted[name]
		temporary := temporarySetPrefix + strings.TrimPrefix(name, ours)
		fmt.Fprintf(&input, "create %s %s timeout 0\nflush %s\n", temporary, set.kind, temporary)
		for _, entry := range set.entries {
			fmt.Fprintf(&input, "add %s %s\n", temporary, strings.Join(entry, " "))
		}
		fmt.Fprintf(&input, "create %s %s timeout 0\nswap %s %s\ndestroy %s\n", name, set.kind, temporary, name, temporary)
	}
	return input.String()
}
