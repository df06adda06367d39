//go:build tools

// BuildKit builds the images of deploy/docker where no Docker is.
package tools

import (
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
)
