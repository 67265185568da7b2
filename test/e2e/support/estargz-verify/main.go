// Opens eStargz layers with the reference library, and holds every chunk of every file against the table of contents.
//
//	estargz-verify FILE TOC-DIGEST
//
// It prints one JSON document, and fails on the first thing that is not as it should be.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/containerd/stargz-snapshotter/estargz"
	"github.com/opencontainers/go-digest"
)

// Report is what the layer turned out to hold.
type Report struct {
	Files  int `json:"files"`
	Chunks int `json:"chunks"`
	// Of the largest chunk, in bytes.
	Largest int64 `json:"largest"`
	// Where the landmark's member begins: what a runtime fetches first. -1 where there is none.
	Prefetch int64 `json:"prefetch"`
	// Paths of the files before it.
	First []string `json:"first"`
	// SHA-256 of each file as it was read through the library, by path.
	Digests map[string]string `json:"digests"`
}

func main() {
	report, err := verify(os.Args[1], digest.Digest(os.Args[2]))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(report)
}

func verify(file string, toc digest.Digest) (*Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r, err := estargz.Open(io.NewSectionReader(f, 0, info.Size()))
	if err != nil {
		return nil, err
	}
	verifiers, err := r.VerifyTOC(toc)
	if err != nil {
		return nil, err
	}
	report := &Report{Prefetch: -1, First: []string{}, Digests: map[string]string{}}
	_, none := r.Lookup(estargz.NoPrefetchLandmark)
	landmark, some := r.Lookup(estargz.PrefetchLandmark)
	if none == some {
		return nil, fmt.Errorf("the layer must have one landmark")
	}
	if some {
		report.Prefetch = landmark.Offset
	}
	root, ok := r.Lookup("")
	if !ok {
		return nil, fmt.Errorf("no root")
	}
	return report, walk(r, verifiers, root, "", report)
}

func walk(r *estargz.Reader, verifiers estargz.TOCEntryVerifier, dir *estargz.TOCEntry, at string, report *Report) (failed error) {
	dir.ForeachChild(func(name string, entry *estargz.TOCEntry) bool {
		here := path.Join(at, name)
		switch entry.Type {
		case "dir":
			failed = walk(r, verifiers, entry, here, report)
		case "reg":
			failed = read(r, verifiers, entry, here, report)
		}
		return failed == nil
	})
	return failed
}

func read(r *estargz.Reader, verifiers estargz.TOCEntryVerifier, entry *estargz.TOCEntry, name string, report *Report) error {
	file, err := r.OpenFile(name)
	if err != nil {
		return err
	}
	whole := digest.Canonical.Digester()
	for at := int64(0); at < entry.Size; {
		chunk, ok := r.ChunkEntryForOffset(name, at)
		if !ok || chunk.ChunkOffset != at || chunk.ChunkSize <= 0 {
			return fmt.Errorf("%s: no chunk begins at %d", name, at)
		}
		verifier, err := verifiers.Verifier(chunk)
		if err != nil {
			return err
		}
		// At once: the library inflates a chunk from its start for every read.
		bytes := make([]byte, chunk.ChunkSize)
		if _, err := file.ReadAt(bytes, at); err != nil && err != io.EOF {
			return fmt.Errorf("%s at %d: %w", name, at, err)
		}
		whole.Hash().Write(bytes)
		verifier.Write(bytes)
		if !verifier.Verified() {
			return fmt.Errorf("%s at %d: the chunk is not what the table says", name, at)
		}
		report.Chunks++
		report.Largest = max(report.Largest, chunk.ChunkSize)
		at += chunk.ChunkSize
	}
	if whole.Digest().String() != entry.Digest {
		return fmt.Errorf("%s: %s, not %s", name, whole.Digest(), entry.Digest)
	}
	report.Files++
	report.Digests[name] = whole.Digest().Encoded()
	if entry.Size > 0 && entry.Offset < report.Prefetch {
		report.First = append(report.First, name)
	}
	return nil
}
