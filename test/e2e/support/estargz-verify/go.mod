module bivy-estargz-verify

go 1.22

require (
	github.com/containerd/stargz-snapshotter/estargz v0.16.3
	github.com/opencontainers/go-digest v1.0.0
)
