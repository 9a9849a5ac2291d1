package cli

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/gakuri-lab/gakuri/experiment"
)

// report is a run as --json prints it and result.json keeps it.
type report struct {
	Experiment string               `json:"experiment"`
	Spec       json.RawMessage      `json:"spec"`
	Seed       uint64               `json:"seed"`
	Threads    int                  `json:"threads"`
	Seconds    jsonFloat            `json:"seconds"`
	Steps      int                  `json:"steps"`
	Stop       string               `json:"stop"`
	Parameters int                  `json:"parameters"`
	Metrics    map[string]jsonFloat `json:"metrics"`
	Folder     string               `json:"folder"`
	Rulers     []jsonRuler          `json:"rulers"`
}

// jsonRuler is an [experiment.Ruler] whose numbers may be none.
type jsonRuler struct {
	Name     string     `json:"name"`
	Value    jsonFloat  `json:"value"`
	Exact    jsonFloat  `json:"exact"`
	Error    jsonFloat  `json:"error"`
	Sigma    *jsonFloat `json:"sigma"`
	Unit     string     `json:"unit"`
	Source   string     `json:"source"`
	PassMark jsonFloat  `json:"pass_mark"`
	OK       bool       `json:"ok"`
}

// jsonFloat is a number that is null in JSON if it is NaN or infinite.
type jsonFloat float64

// MarshalJSON writes the number, or null.
func (x jsonFloat) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// json returns the report as one JSON object and a newline.
func (r *report) json() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(r)
	return b.Bytes(), err
}

// newReport puts together what a run found.
func newReport(c *call, res experiment.Result, seconds float64, folder string) (*report, error) {
	spec, err := experiment.SpecJSON(c.spec)
	if err != nil {
		return nil, err
	}
	r := &report{
		Experiment: c.experiment.Name, Spec: spec, Seed: c.seed, Threads: c.threads,
		Seconds: jsonFloat(seconds), Steps: res.Steps, Stop: string(res.Stop), Parameters: res.Parameters,
		Metrics: map[string]jsonFloat{}, Folder: folder, Rulers: []jsonRuler{},
	}
	for name, v := range res.Metrics {
		r.Metrics[name] = jsonFloat(v)
	}
	for _, u := range res.Rulers {
		r.Rulers = append(r.Rulers, jsonRuler{
			u.Name, jsonFloat(u.Value), jsonFloat(u.Exact), jsonFloat(u.Error), (*jsonFloat)(u.Sigma),
			u.Unit, u.Source, jsonFloat(u.PassMark), u.OK,
		})
	}
	return r, nil
}

// passed counts the rulers that pass.
func passed(rulers []experiment.Ruler) int {
	n := 0
	for _, r := range rulers {
		if r.OK {
			n++
		}
	}
	return n
}
