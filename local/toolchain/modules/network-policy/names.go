package main

import "strings"

// kube-router's names begin with theirs, and ours begin with ours. Another cluster's kube-router on this machine therefore
// has other chains and sets. The kernel limits a chain's name to 28 characters, all of which kube-router uses.
const (
	theirs = "KUBE-"
	ours   = "BW-"
)

// The chains that the controller creates, by the beginnings of their names.
var chainPrefixes = []string{ours + "ROUTER-", ours + "POD-FW-", ours + "NWPLCY-"}

// The sets that the controller creates, by the beginnings of their names.
var setPrefixes = []string{ours + "SRC-", ours + "DST-", temporarySetPrefix}

const temporarySetPrefix = ours + "TMP-"

func toOurs(text string) string { return strings.ReplaceAll(text, theirs, ours) }

func toTheirs(text string) string { return strings.ReplaceAll(text, ours, theirs) }

func allToOurs(texts []string) []string {
	translated := make([]string, len(texts))
	for i, text := range texts {
		translated[i] = toOurs(text)
	}
	return translated
}

func hasAnyPrefix(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
