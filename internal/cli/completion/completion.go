// Package completion completes command lines in bash, zsh and fish. The scripts ask connsvc
// itself for the words, so that they do not change with its commands.
package completion

import (
	_ "embed" // of the scripts
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

// Command is the command "completion".
type Command struct {
	Bash  bashCommand  `cmd:"" help:"Print the script for bash."`
	Zsh   zshCommand   `cmd:"" help:"Print the script for zsh."`
	Fish  fishCommand  `cmd:"" help:"Print the script for fish."`
	Words wordsCommand `cmd:"" hidden:"" help:"Print the words that complete a command line: the scripts call it."`
}

// Help says where the scripts belong.
func (*Command) Help() string {
	return `bash: connsvc completion bash >/etc/bash_completion.d/connsvc

zsh:  connsvc completion zsh >"${fpath[1]}/_connsvc"

fish: connsvc completion fish >~/.config/fish/completions/connsvc.fish`
}

var (
	//go:embed connsvc.bash
	bash string
	//go:embed connsvc.zsh
	zsh string
	//go:embed connsvc.fish
	fish string
)

type (
	bashCommand struct{}
	zshCommand  struct{}
	fishCommand struct{}
)

// Run prints the script.
func (bashCommand) Run(p *cli.Process) error { return printTo(p, bash) }

// Run prints the script.
func (zshCommand) Run(p *cli.Process) error { return printTo(p, zsh) }

// Run prints the script.
func (fishCommand) Run(p *cli.Process) error { return printTo(p, fish) }

func printTo(p *cli.Process, text string) error {
	_, err := fmt.Fprint(p.Stdout, text)
	return err
}

type wordsCommand struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"The words of the command line up to the cursor, without the command's own name."`
}

// Run prints the words that complete the last one, one a line.
func (c *wordsCommand) Run(ctx *kong.Context, p *cli.Process) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	var text strings.Builder
	for _, word := range complete(ctx.Model.Node, words, p.Contexts) {
		text.WriteString(word + "\n")
	}
	return printTo(p, text.String())
}

// complete returns the words that complete the last of words; none where a path or a free
// text belongs. contexts returns the values of --context.
func complete(root *kong.Node, words []string, contexts func() []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	words, cut := joinEquals(words)
	last := words[len(words)-1]
	at := position{node: root}
	for _, word := range words[:len(words)-1] {
		at.next(word)
	}
	var found []string
	prefix := ""
	name, _, assigned := strings.Cut(last, "=")
	switch {
	case at.pending != nil:
		found = values(at.pending, contexts)
	case at.literal:
		found = at.positionals()
	case assigned && strings.HasPrefix(last, "--"):
		if flag := at.flag(strings.TrimPrefix(name, "--")); flag != nil {
			found, prefix = values(flag, contexts), name+"="
		}
	case strings.HasPrefix(last, "-"):
		found = at.flags()
	case len(at.node.Children) > 0:
		found = at.commands()
	default:
		found = at.positionals()
	}
	var matching []string
	for _, word := range found {
		if word = prefix + word; strings.HasPrefix(word, last) {
			matching = append(matching, strings.TrimPrefix(word, cut))
		}
	}
	slices.Sort(matching)
	return matching
}

// joinEquals joins what bash takes apart: --flag, = and a value. cut is the part of the last
// word that bash does not count to it.
func joinEquals(words []string) (joined []string, cut string) {
	for i, word := range words {
		n := len(joined)
		switch {
		case word == "=" && n > 0 && strings.HasPrefix(joined[n-1], "--"):
			joined[n-1] += "="
			cut = joined[n-1]
		case i > 0 && words[i-1] == "=" && n > 0 && strings.HasSuffix(joined[n-1], "="):
			joined[n-1] += word
		default:
			joined, cut = append(joined, word), ""
		}
	}
	return joined, cut
}

// A position is a place in a command line.
type position struct {
	node    *kong.Node
	args    int        // positional arguments before it
	pending *kong.Flag // the flag whose value is here
	literal bool       // after --
}

// next goes past a word.
func (p *position) next(word string) {
	switch {
	case p.pending != nil:
		p.pending = nil
	case p.literal:
		p.args++
	case word == "--":
		p.literal = true
	case strings.HasPrefix(word, "--"):
		name, _, assigned := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		if flag := p.flag(name); flag != nil && !assigned && !flag.IsBool() {
			p.pending = flag
		}
	case strings.HasPrefix(word, "-") && len(word) == 2:
		for flag := range p.allFlags() {
			if string(flag.Short) == word[1:] && !flag.IsBool() {
				p.pending = flag
			}
		}
	case strings.HasPrefix(word, "-"):
	default:
		i := slices.IndexFunc(p.node.Children, func(child *kong.Node) bool { return child.Name == word })
		if i < 0 {
			p.args++
		} else {
			p.node = p.node.Children[i]
		}
	}
}

// allFlags yields the flags of the command and of those above it.
func (p *position) allFlags() func(yield func(*kong.Flag) bool) {
	return func(yield func(*kong.Flag) bool) {
		for node := p.node; node != nil; node = node.Parent {
			for _, flag := range node.Flags {
				if !flag.Hidden && !yield(flag) {
					return
				}
			}
		}
	}
}

func (p *position) flag(name string) *kong.Flag {
	for flag := range p.allFlags() {
		if flag.Name == name {
			return flag
		}
	}
	return nil
}

func (p *position) flags() []string {
	var names []string
	for flag := range p.allFlags() {
		names = append(names, "--"+flag.Name)
		if flag.Tag.Negatable != "" {
			names = append(names, "--no-"+flag.Name)
		}
	}
	return names
}

func (p *position) commands() []string {
	var names []string
	for _, child := range p.node.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}

func (p *position) positionals() []string {
	if p.args >= len(p.node.Positional) {
		return nil
	}
	argument := p.node.Positional[p.args]
	if argument.Tag.Get("complete") == "rpc" {
		return rpcs()
	}
	return enum(argument)
}

func values(flag *kong.Flag, contexts func() []string) []string {
	if flag.Name == "context" {
		return contexts()
	}
	return enum(flag.Value)
}

// rpcs returns the RPCs of the contract.
func rpcs() []string {
	var names []string
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
	for i := range methods.Len() {
		names = append(names, string(methods.Get(i).Name()))
	}
	return names
}

func enum(value *kong.Value) []string {
	if value.Enum == "" {
		return nil
	}
	return slices.DeleteFunc(value.EnumSlice(), func(word string) bool { return word == "" })
}
