package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMetadataIsDocumented: the page has each key that the code sets in the metadata of an
// error, with each reason that the same lines show, and no other key.
func TestMetadataIsDocumented(t *testing.T) {
	t.Chdir("../..")
	rows := tableOf(t, errorPage, "| Key | In | Means |")
	found := map[string]bool{}
	eachFile(t, func(file *ast.File, at func(ast.Node) string) {
		eachBlock(file, func(statements []ast.Stmt) {
			reasons := map[string]string{} // of the errors that the block makes, by variable
			for _, s := range statements {
				assigned, ok := s.(*ast.AssignStmt)
				if !ok || len(assigned.Lhs) != 1 || len(assigned.Rhs) != 1 {
					continue
				}
				if name, ok := assigned.Lhs[0].(*ast.Ident); ok {
					reasons[name.Name] = reasonIn(assigned.Rhs[0])
				}
				variable, keys, ok := metadataKeys(assigned)
				if !ok {
					continue
				}
				for _, key := range keys {
					text, ok := literal(key)
					found[text] = true
					switch row := rows["`"+text+"`"]; {
					case !ok:
						t.Errorf("%s: a key of metadata must be a literal, for this test to find it", at(key))
					case row == "":
						t.Errorf("%s: the page has no row for the key %q of metadata", at(key), text)
					case !strings.Contains(row, reasons[variable]):
						t.Errorf("%s: the row of %q lacks the reason %s: %s", at(key), text, reasons[variable], row)
					}
				}
			}
		})
	})
	for name := range rows {
		if key := strings.Trim(name, "`"); !found[key] {
			t.Errorf("the page has a row for the key %q of metadata, which no code sets", key)
		}
	}
	if len(found) < 10 {
		t.Errorf("found %v alone", found)
	}
}

// metadataKeys returns the keys that a statement sets in the Metadata of an error, and the
// variable of the error. errorInfo collects them in a variable metadata.
func metadataKeys(s *ast.AssignStmt) (variable string, keys []ast.Expr, ok bool) {
	target := s.Lhs[0]
	index, indexed := target.(*ast.IndexExpr)
	if indexed {
		target = index.X
	}
	switch target := target.(type) {
	case *ast.SelectorExpr:
		name, _ := target.X.(*ast.Ident)
		if ok = name != nil && target.Sel.Name == "Metadata"; ok {
			variable = name.Name
		}
	case *ast.Ident:
		if indexed && target.Name == "metadata" {
			_, loop := index.Index.(*ast.Ident) // it truncates all values
			ok = !loop
		}
	}
	switch value := s.Rhs[0].(type) {
	case *ast.CompositeLit:
		for _, element := range value.Elts {
			if pair, isPair := element.(*ast.KeyValueExpr); isPair {
				keys = append(keys, pair.Key)
			}
		}
	default:
		if indexed {
			keys = []ast.Expr{index.Index}
		}
	}
	return variable, keys, ok
}

// TestViolationReasonsAreDocumented: the page has the reason of each violation that the code
// makes itself.
func TestViolationReasonsAreDocumented(t *testing.T) {
	t.Chdir("../..")
	page, err := os.ReadFile(errorPage)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	rule := func(expr ast.Expr, at string) {
		text, ok := literal(expr)
		found[text] = true
		switch reason := strings.ToUpper(strings.ReplaceAll(text, ".", "_")); {
		case !ok:
			t.Errorf("%s: a rule must be a literal, for this test to find it", at)
		case !strings.Contains(string(page), "`"+reason+"`"):
			t.Errorf("%s: the page does not have %s", at, reason)
		}
	}
	eachFile(t, func(file *ast.File, at func(ast.Node) string) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "decodingRule" {
					ast.Inspect(n, func(n ast.Node) bool {
						if r, ok := n.(*ast.ReturnStmt); ok {
							rule(r.Results[0], at(r))
						}
						return true
					})
				}
			case *ast.CallExpr:
				position, ok := map[string]int{"Invalid": 1, "Unreadable": 0}[nameOf(n.Fun)]
				if ok && len(n.Args) > position && !passedOn(n.Args[position]) {
					rule(n.Args[position], at(n))
				}
			}
			return true
		})
	})
	if len(found) < 15 {
		t.Errorf("found %v alone", found)
	}
}

// passedOn reports whether a rule is one of another violation, or of a caller of the function.
func passedOn(expr ast.Expr) bool {
	switch expr := expr.(type) {
	case *ast.SelectorExpr:
		return expr.Sel.Name == "RuleID"
	case *ast.CallExpr:
		return nameOf(expr.Fun) == "decodingRule"
	case *ast.Ident:
		return expr.Name == "rule"
	}
	return false
}

// TestStatusesOfClients: the page for clients says what each code and HTTP status of the error
// map means.
func TestStatusesOfClients(t *testing.T) {
	t.Chdir("../..")
	all, err := allReasons()
	if err != nil {
		t.Fatal(err)
	}
	rows := tableOf(t, "docs/clients.md", "| gRPC | HTTP | The client |")
	used := map[string]bool{"OK 200": true, "OK 201": true}
	for _, r := range all {
		status := strconv.Itoa(r.HTTP)
		if !slices.Contains(strings.Split(rows[r.Code], ", "), status) {
			t.Errorf("%s: there is no row %s with %s: %q", r.Name, r.Code, status, rows[r.Code])
		}
		used[r.Code+" "+status] = true
	}
	for code, statuses := range rows {
		for status := range strings.SplitSeq(statuses, ", ") {
			if status != "---" && !used[code+" "+status] {
				t.Errorf("no reason is %s with %s", code, status)
			}
		}
	}
}

// tableOf returns the second cells of a table, by the first.
func tableOf(t *testing.T, path, head string) map[string]string {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), head+"\n")
	if !ok {
		t.Fatalf("%s has no table %s", path, head)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	rows := map[string]string{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, " | "); len(cells) > 2 {
			rows[strings.TrimPrefix(cells[0], "| ")] = cells[1]
		}
	}
	return rows
}

// eachFile parses the files of the service, without tests and the emulator.
func eachFile(t *testing.T, do func(file *ast.File, at func(ast.Node) string)) {
	t.Helper()
	for _, dir := range []string{"internal/apierror", "internal/server", "internal/service", "internal/validation", "internal/upstream"} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, 0)
			if err == nil {
				do(file, func(n ast.Node) string { return files.Position(n.Pos()).String() })
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// eachBlock calls do with each list of statements.
func eachBlock(file *ast.File, do func([]ast.Stmt)) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			do(n.List)
		case *ast.CaseClause:
			do(n.Body)
		}
		return true
	})
}

var reasonName = regexp.MustCompile(`^ErrorReason_([A-Z_]+)$`)

// reasonIn is the reason that an expression names, if it names one alone.
func reasonIn(expr ast.Expr) string {
	var names []string
	ast.Inspect(expr, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			if m := reasonName.FindStringSubmatch(name.Name); m != nil {
				names = append(names, m[1])
			}
		}
		return true
	})
	if names = slices.Compact(names); len(names) != 1 {
		return ""
	}
	return names[0]
}

// nameOf is the name of a function in a call, without its package.
func nameOf(fun ast.Expr) string {
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

func literal(expr ast.Expr) (string, bool) {
	l, ok := expr.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}
