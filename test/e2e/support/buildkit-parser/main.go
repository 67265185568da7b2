// What BuildKit's own parser reads in Dockerfiles: `buildkit-parser FILE…` prints an object, file names to trees, as JSON.
// With `-0` the names come on standard input, each ended by a NUL.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

type heredoc struct {
	Name    string `json:"name"`
	Expands bool   `json:"expands"`
	Chomps  bool   `json:"chomps"`
	Content string `json:"content"`
}

type node struct {
	Keyword   string    `json:"keyword"`
	StartLine int       `json:"startLine"`
	EndLine   int       `json:"endLine"`
	Flags     []string  `json:"flags"`
	JSON      bool      `json:"json"`
	Words     []string  `json:"words"`
	Unquoted  []string  `json:"unquoted"`
	Heredocs  []heredoc `json:"heredocs"`
	Trigger   *node     `json:"trigger"`
}

type stage struct {
	Name     string `json:"name"`
	Base     string `json:"base"`
	Platform string `json:"platform"`
	Commands int    `json:"commands"`
}

type tree struct {
	// Of the parser; nothing else is there then.
	Error string `json:"error"`
	// Of the instructions, with the line that it was met at.
	Refusal     string  `json:"refusal"`
	RefusalLine int     `json:"refusalLine"`
	Escape      string  `json:"escape"`
	Nodes       []*node `json:"nodes"`
	Stages      []stage `json:"stages"`
}

type noVariables struct{}

func (noVariables) Get(string) (string, bool) { return "", false }
func (noVariables) Keys() []string            { return nil }

// Quotes and escapes removed, variables kept; as it is where that cannot be done.
func unquote(word string, escape rune) string {
	lex := shell.NewLex(escape)
	lex.SkipUnsetEnv = true
	result, _, err := lex.ProcessWord(word, noVariables{})
	if err != nil {
		return word
	}
	return result
}

func convert(n *parser.Node, escape rune) *node {
	result := &node{
		Keyword: n.Value, StartLine: n.StartLine, EndLine: n.EndLine,
		Flags: append([]string{}, n.Flags...), JSON: n.Attributes["json"], Words: []string{}, Unquoted: []string{}, Heredocs: []heredoc{},
	}
	for _, h := range n.Heredocs {
		result.Heredocs = append(result.Heredocs, heredoc{h.Name, h.Expand, h.Chomp, h.Content})
	}
	for word := n.Next; word != nil; word = word.Next {
		if len(word.Children) > 0 {
			result.Trigger = convert(word.Children[0], escape)
			continue
		}
		result.Words = append(result.Words, word.Value)
		unquoted := unquote(word.Value, escape)
		// BuildKit takes the two sides of an ARG apart first.
		if name, value, ok := strings.Cut(word.Value, "="); ok && strings.EqualFold(n.Value, "arg") {
			unquoted = unquote(name, escape) + "=" + unquote(value, escape)
		}
		result.Unquoted = append(result.Unquoted, unquoted)
	}
	return result
}

func read(path string) tree {
	content, err := os.ReadFile(path)
	if err != nil {
		return tree{Error: err.Error()}
	}
	parsed, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return tree{Error: err.Error()}
	}
	result := tree{Escape: string(parsed.EscapeToken), Nodes: []*node{}, Stages: []stage{}}
	for _, child := range parsed.AST.Children {
		// A comment `# check=…` configures a linter, and there is none here.
		child.PrevComment = nil
		result.Nodes = append(result.Nodes, convert(child, parsed.EscapeToken))
	}
	// One instruction after the other: `instructions.Parse` ends at the first refusal, and this tells its line.
	for _, child := range parsed.AST.Children {
		if _, err := instructions.ParseInstruction(child); err != nil {
			result.Refusal, result.RefusalLine = err.Error(), child.StartLine
			return result
		}
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		result.Refusal = err.Error()
		return result
	}
	if len(stages) == 0 {
		result.Refusal = "dockerfile contains no stages to build"
	}
	for _, s := range stages {
		result.Stages = append(result.Stages, stage{s.Name, s.BaseName, s.Platform, len(s.Commands)})
	}
	return result
}

func main() {
	paths := os.Args[1:]
	if len(paths) == 1 && paths[0] == "-0" {
		names, err := io.ReadAll(os.Stdin)
		if err != nil {
			panic(err)
		}
		paths = strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00")
	}
	trees := map[string]tree{}
	for _, path := range paths {
		trees[path] = read(path)
	}
	if err := json.NewEncoder(os.Stdout).Encode(trees); err != nil {
		panic(err)
	}
}
