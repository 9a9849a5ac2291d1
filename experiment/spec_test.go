package experiment_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/experiment"
)

// Budgeted is embedded, as groups of fields shared by experiments are.
type Budgeted struct {
	Steps int `flag:"steps" min:"1" budget:"true" en:"training steps" ja:"学習ステップ数"`
}

type fallSpec struct {
	Gravity    *float64  `flag:"gravity" default:"9.8" unit:"m/s²" min:"0" en:"gravitational acceleration" ja:"重力加速度"`
	Rate       float64   `flag:"rate" default:"1e-3" min:">0" max:"1" en:"step size" ja:"学習率"`
	Interval   []float64 `flag:"interval" default:"0,1" unit:"s" len:"2" en:"time interval" ja:"時間区間"`
	Widths     []int     `flag:"widths" default:"32,64,32" min:"1" en:"hidden layers" ja:"中間層の幅"`
	Activation string    `flag:"activation" default:"tanh" choices:"tanh,sin,gelu" en:"activation" ja:"活性化関数"`
	Hard       *bool     `flag:"hard" default:"true" en:"exact initial conditions" ja:"初期条件を厳密に課す"`
	Points     int       `flag:"points" default:"1000" min:"1" live:"true" en:"training points" ja:"学習点の数"`
	Budgeted
	Cache int // no flag: not part of the spec
}

func (s *fallSpec) Complete() {
	if s.Steps == 0 {
		s.Steps = 5 * s.Points
	}
}

func (s *fallSpec) Check() error {
	if s.Interval[0] >= s.Interval[1] {
		return errors.New("interval: its end must come after its beginning")
	}
	return nil
}

func ExampleFill() {
	spec := &fallSpec{Gravity: new(0.0)} // free of weight, not the default
	experiment.Fill(spec)
	for _, f := range experiment.Fields(spec) {
		fmt.Println(strings.TrimSpace(f.Flag + " " + f.Format(spec) + " " + f.Unit))
	}
	// Output:
	// gravity 0 m/s²
	// rate 0.001
	// interval 0,1 s
	// widths 32,64,32
	// activation tanh
	// hard true
	// points 1000
	// steps 5000
}

func field(t *testing.T, flag string) experiment.Field {
	t.Helper()
	for _, f := range experiment.Fields(&fallSpec{}) {
		if f.Flag == flag {
			return f
		}
	}
	t.Fatalf("no field %s", flag)
	return experiment.Field{}
}

func TestSetRefuses(t *testing.T) {
	tests := []struct{ flag, text, want string }{
		{"gravity", "-3", `gravity: -3 m/s² is out of range: give 0 or more`},
		{"gravity", "heavy", `gravity: "heavy" is not a finite number: give a number such as 9.8`},
		{"gravity", "NaN", `gravity: "NaN" is not a finite number: give a number such as 9.8`},
		{"gravity", "1e999", `gravity: "1e999" is not a finite number: give a number such as 9.8`},
		{"rate", "0", `rate: 0 is out of range: give more than 0, 1 or less`},
		{"rate", "1.5", `rate: 1.5 is out of range: give more than 0, 1 or less`},
		{"interval", "1", `interval: 1 has 1 value: give 2`},
		{"interval", "0,1,2", `interval: 0,1,2 has 3 values: give 2`},
		{"widths", "", `widths: "" has 0 values: give 1 or more`},
		{"widths", "32,-4", `widths: -4 is out of range: give 1 or more`},
		{"widths", "32,x", `widths: "x" is not a whole number: give whole numbers separated by commas, such as 32,64,32`},
		{"widths", "32,1.5", `widths: 1.5 is not a whole number: give whole numbers separated by commas, such as 32,64,32`},
		{"activation", "tahn", `activation: "tahn" is not a choice: did you mean "tanh"? (one of tanh, sin, gelu)`},
		{"activation", "", `activation: "" is not a choice: give one of tanh, sin, gelu`},
		{"hard", "perhaps", `hard: "perhaps" is neither true nor false: give true or false`},
		{"steps", "0", `steps: 0 is out of range: give 1 or more`},
		{"points", "99999999999999999999", `points: 99999999999999999999 is not a whole number: give a whole number`},
	}
	for _, tt := range tests {
		spec := &fallSpec{}
		err := field(t, tt.flag).Set(spec, tt.text)
		if err == nil || err.Error() != tt.want {
			t.Errorf("Set(%s, %q)\n got %v\nwant %s", tt.flag, tt.text, err, tt.want)
		}
		var fe *experiment.FieldError
		if !errors.As(err, &fe) || !strings.Contains(fe.In("ja"), "ください") && !strings.Contains(fe.In("ja"), "ですか") {
			t.Errorf("Set(%s, %q) in Japanese: %v", tt.flag, tt.text, fe)
		}
		if len(experiment.Changed(spec, &fallSpec{})) != 0 {
			t.Errorf("Set(%s, %q) changed the spec", tt.flag, tt.text)
		}
	}
}

func TestZeroIsNotSilentlyADefault(t *testing.T) {
	spec := &struct {
		Shift float64 `flag:"shift" default:"2"`
		Field float64 `flag:"field" default:"0"`
	}{}
	fields := experiment.Fields(spec)
	if err := fields[0].Set(spec, "0"); err == nil {
		t.Error("0 was taken for a field in which it stands for 2")
	}
	if err := fields[1].Set(spec, "0"); err != nil {
		t.Errorf("0 was refused where it is the default: %v", err)
	}
}

func TestSetThenFormat(t *testing.T) {
	tests := []struct{ flag, text, want string }{
		{"gravity", "0", "0"},
		{"gravity", " 1.62 ", "1.62"},
		{"interval", "-1, 1e3", "-1,1000"},
		{"widths", "5_000,1e2", "5000,100"},
		{"hard", "false", "false"},
		{"activation", "sin", "sin"},
	}
	for _, tt := range tests {
		spec := &fallSpec{}
		f := field(t, tt.flag)
		if err := f.Set(spec, tt.text); err != nil {
			t.Fatal(err)
		}
		experiment.Fill(spec)
		if got := f.Format(spec); got != tt.want {
			t.Errorf("%s: set %q, got %q, want %q", tt.flag, tt.text, got, tt.want)
		}
	}
}

func TestValidate(t *testing.T) {
	spec := &fallSpec{Interval: []float64{1, 1}}
	experiment.Fill(spec)
	if err := experiment.Validate(spec); err == nil || !strings.HasPrefix(err.Error(), "interval: its end") {
		t.Errorf("empty interval: %v", err)
	}
	spec = &fallSpec{Gravity: new(math.NaN())}
	experiment.Fill(spec)
	var fe *experiment.FieldError
	if err := experiment.Validate(spec); !errors.As(err, &fe) || fe.Field != "gravity" {
		t.Errorf("gravity NaN: %v", err)
	}
	spec = &fallSpec{}
	experiment.Fill(spec)
	if err := experiment.Validate(spec); err != nil {
		t.Errorf("zero value: %v", err)
	}
}

func TestSpecJSON(t *testing.T) {
	spec := &fallSpec{Widths: []int{8}}
	got, err := experiment.SpecJSON(spec)
	want := `{"gravity":null,"rate":0,"interval":null,"widths":[8],"activation":"","hard":null,"points":0,"steps":0}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestAuthorSlipsPanic(t *testing.T) {
	specs := map[string]any{
		"not a pointer": fallSpec{},
		"kind": &struct {
			X float32 `flag:"x"`
		}{},
		"pointer string": &struct {
			X *string `flag:"x"`
		}{},
		"bound": &struct {
			X int `flag:"x" min:"one"`
		}{},
		"length": &struct {
			X []int `flag:"x" len:"3..2"`
		}{},
		"true": &struct {
			X bool `flag:"x" default:"true"`
		}{},
		"default": &struct {
			X int `flag:"x" default:"0" min:"1"`
		}{},
		"twice": &struct {
			X, Y int `flag:"x"`
		}{},
	}
	for name, spec := range specs {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			experiment.Fields(spec)
		}()
	}
}

func TestRange(t *testing.T) {
	spec := &struct {
		A int     `flag:"a" min:"1" max:"1000000"`
		B float64 `flag:"b" min:"-1e6" max:"<1e-7"`
		C float64 `flag:"c" max:"1"`
		D float64 `flag:"d"`
	}{}
	want := []experiment.Text{
		{En: "1 to 1000000", Ja: "1 以上 1000000 以下"},
		{En: "-1e6 or more, less than 1e-7", Ja: "-1e6 以上、1e-7 未満"},
		{En: "1 or less", Ja: "1 以下"},
		{},
	}
	for i, f := range experiment.Fields(spec) {
		if got := f.Range(); got != want[i] {
			t.Errorf("%s: %v, want %v", f.Flag, got, want[i])
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"free-fall", "pendulum", "heat"}
	for word, want := range map[string]string{"fre-fall": "free-fall", "freefall": "free-fall", "haet": "heat", "Pendulum": "pendulum", "ising": "", "": ""} {
		if got := experiment.Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
