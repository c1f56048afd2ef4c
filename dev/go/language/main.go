// Reads models with OpenFGA's own parser, so that shared/openfga_language can be held against it.
//
// Each line of the input is a JSON object: {"model": "..."} for one file, or {"modules": [{"name", "contents"}, ...],
// "schema": "1.2"}, or {"json": {...}} to be written as a model file. Each line of the output is
// {"json": {...}}, {"model": "..."} or {"errors": ["..."]}.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"

	"github.com/openfga/language/pkg/go/transformer"
	"google.golang.org/protobuf/encoding/protojson"
)

type module struct {
	Name     string `json:"name"`
	Contents string `json:"contents"`
}

type question struct {
	Model   *string         `json:"model"`
	Modules []module        `json:"modules"`
	Schema  string          `json:"schema"`
	JSON    json.RawMessage `json:"json"`
}

type answer struct {
	JSON   json.RawMessage `json:"json,omitempty"`
	Model  string          `json:"model,omitempty"`
	Errors []string        `json:"errors,omitempty"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 64<<20)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		var asked question
		if err := json.Unmarshal(input.Bytes(), &asked); err != nil {
			panic(err)
		}
		said, err := read(asked)
		if err != nil {
			said = answer{Errors: messages(err)}
		}
		if err := output.Encode(said); err != nil {
			panic(err)
		}
	}
	if err := input.Err(); err != nil {
		panic(err)
	}
}

func read(asked question) (answer, error) {
	if asked.Model != nil {
		text, err := transformer.TransformDSLToJSON(*asked.Model)
		return answer{JSON: json.RawMessage(text)}, err
	}
	if asked.JSON != nil {
		text, err := transformer.TransformJSONStringToDSL(string(asked.JSON))
		if err != nil {
			return answer{}, err
		}
		return answer{Model: *text}, nil
	}
	var files []transformer.ModuleFile
	for _, file := range asked.Modules {
		files = append(files, transformer.ModuleFile{Name: file.Name, Contents: file.Contents})
	}
	model, err := transformer.TransformModuleFilesToModel(files, asked.Schema)
	if err != nil {
		return answer{}, err
	}
	text, err := protojson.Marshal(model)
	return answer{JSON: text}, err
}

func messages(err error) []string {
	var several interface{ Unwrap() []error }
	if !errors.As(err, &several) {
		return []string{err.Error()}
	}
	var found []string
	for _, each := range several.Unwrap() {
		found = append(found, each.Error())
	}
	return found
}
