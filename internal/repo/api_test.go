package repo

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/pinned"
)

var update = flag.Bool("update", false, "write what the tests compare with")

// apiFile lists every exported declaration of every importable package, one a
// line. A change to it is a change for importers: it belongs in CHANGELOG.md.
const apiFile = "testdata/api.txt"

// TestExportedAPI compares the exported API with the committed list.
func TestExportedAPI(t *testing.T) {
	t.Parallel()
	var got []string
	for _, p := range ourPackages(t) {
		if p.Name != "main" && !strings.Contains("/"+p.room(), "/internal/") && !strings.Contains(p.room(), "/wire") {
			got = append(got, apiOf(t, p)...)
		}
	}
	require.Greater(t, len(got), 100, "hardly any exported declarations found")
	pinned.Lines(t, apiFile, got, *update)
}

// apiOf returns the exported declarations of a package, sorted.
func apiOf(t *testing.T, p pkg) (lines []string) {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	d, err := doc.NewFromFiles(fset, files, p.ImportPath)
	require.NoError(t, err)
	add := func(format string, args ...any) {
		lines = append(lines, p.room()+": "+fmt.Sprintf(format, args...))
	}
	values := func(kind string, groups []*doc.Value) {
		for _, v := range groups {
			for _, spec := range v.Decl.Specs {
				addValues(add, kind, spec.(*ast.ValueSpec))
			}
		}
	}
	funcs := func(list []*doc.Func) {
		for _, f := range list {
			f.Decl.Body, f.Decl.Doc = nil, nil
			add("%s", oneLine(f.Decl))
		}
	}
	values("const", d.Consts)
	values("var", d.Vars)
	funcs(d.Funcs)
	for _, typ := range d.Types {
		addType(add, typ.Decl.Specs[0].(*ast.TypeSpec))
		values("const", typ.Consts)
		values("var", typ.Vars)
		funcs(typ.Funcs)
		funcs(typ.Methods)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// addValues adds exported constants or variables. What a constant is worth is
// part of the API where the source says it in place.
func addValues(add func(string, ...any), kind string, spec *ast.ValueSpec) {
	for i, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		line := kind + " " + name.Name
		if spec.Type != nil {
			line += " " + oneLine(spec.Type)
		}
		if kind == "const" && i < len(spec.Values) {
			line += " = " + oneLine(spec.Values[i])
		}
		add("%s", line)
	}
}

// addType adds a type, and a line for each exported field or method it has.
func addType(add func(string, ...any), spec *ast.TypeSpec) {
	name := spec.Name.Name
	params := ""
	if spec.TypeParams != nil {
		var list []string
		for _, f := range spec.TypeParams.List {
			for _, n := range f.Names {
				list = append(list, n.Name+" "+oneLine(f.Type))
			}
		}
		params = "[" + strings.Join(list, ", ") + "]"
	}
	var members *ast.FieldList
	kind := ""
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		kind, members = "struct", typ.Fields
	case *ast.InterfaceType:
		kind, members = "interface", typ.Methods
	default:
		assign := " "
		if spec.Assign.IsValid() {
			assign = " = "
		}
		add("type %s%s%s%s", name, params, assign, oneLine(spec.Type))
		return
	}
	add("type %s%s %s", name, params, kind)
	for _, f := range members.List {
		if len(f.Names) == 0 {
			add("type %s %s: embeds %s", name, kind, oneLine(f.Type))
		}
		for _, n := range f.Names {
			if n.IsExported() {
				add("type %s %s: %s %s", name, kind, n.Name, oneLine(f.Type))
			}
		}
	}
}

// oneLine prints a node of the syntax tree on a line.
func oneLine(node any) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), node); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
