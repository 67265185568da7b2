module bivy-buildkit-parser

go 1.25.0

require github.com/moby/buildkit v0.33.1
