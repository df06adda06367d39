//go:build tools

// Package tools names the program that tests/k8s/tools/build builds, so that go.mod and go.sum pin it and everything it needs.
package tools

import _ "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"
