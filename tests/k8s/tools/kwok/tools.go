//go:build tools

// kwok plays the nodes and pods of the tests with many of them. It wants other versions of Kubernetes' libraries than Kubernetes itself.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
