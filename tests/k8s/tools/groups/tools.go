//go:build tools

// Package tools names the programs that tests/k8s/tools/build builds, so that go.mod and go.sum pin them and everything they need: the controllers of
// LeaderWorkerSets and of JobSets.
package tools

import (
	_ "sigs.k8s.io/jobset"
	_ "sigs.k8s.io/lws/cmd"
)
