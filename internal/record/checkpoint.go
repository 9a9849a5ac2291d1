package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/internal/safetensors"
)

// A checkpoint is one safetensors file, so that its parts cannot be of two
// different states. Beside the tensors its metadata hold
const (
	keyFormat     = "gakuri.format" // checkpointFormat
	keyExperiment = "gakuri.experiment"
	keyStep       = "gakuri.step"
	keyDigest     = "gakuri.sha256" // of the file as it is without this entry
	metaPrefix    = "meta."         // before each key of Checkpoint.Meta

	checkpointFormat = "gakuri checkpoint 1"
)

// SaveCheckpoint writes checkpoint.safetensors, whole or not at all, and then
// checkpoint.json, which only people read.
func SaveCheckpoint(dir, experiment string, cp *train.Checkpoint) error {
	meta := map[string]string{
		keyFormat:     checkpointFormat,
		keyExperiment: experiment,
		keyStep:       strconv.Itoa(cp.Step),
	}
	for k, v := range cp.Meta {
		meta[metaPrefix+k] = v
	}
	path := filepath.Join(dir, CheckpointFile)
	digest, err := digestOf(cp.Tensors, meta)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	meta[keyDigest] = digest
	if err := safetensors.WriteFile(path, cp.Tensors, meta); err != nil {
		return err
	}
	type tensor struct {
		Name  string `json:"name"`
		Shape []int  `json:"shape"`
	}
	text := struct {
		File       string            `json:"file"`
		Experiment string            `json:"experiment"`
		Step       int               `json:"step"`
		Written    time.Time         `json:"written"`
		Digest     string            `json:"sha256_of_content"` // equal to gakuri.sha256 in the file
		Meta       map[string]string `json:"meta"`
		Tensors    []tensor          `json:"tensors"`
	}{CheckpointFile, experiment, cp.Step, time.Now().Round(time.Second), digest, cp.Meta, []tensor{}}
	for _, t := range cp.Tensors {
		text.Tensors = append(text.Tensors, tensor{t.Name, append([]int{}, t.Shape...)})
	}
	return writeJSON(filepath.Join(dir, CheckpointText), text)
}

// LoadCheckpoint reads the checkpoint of the run folder dir. It fails, with
// one sentence, if dir is no run folder, has no checkpoint, or the checkpoint
// is truncated, altered, not written by gakuri, or of another experiment than
// run.json names. Whether its shapes fit the network is for the experiment to
// see.
func LoadCheckpoint(dir string) (*train.Checkpoint, error) {
	run, err := Load(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, CheckpointFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the run folder %s has no %s: the run was stopped before it kept a state, so start it anew", dir, CheckpointFile)
	}
	tensors, meta, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if meta[keyFormat] != checkpointFormat {
		return nil, fmt.Errorf("%s is not a checkpoint of gakuri: its metadata give %s as %q: need %q", path, keyFormat, meta[keyFormat], checkpointFormat)
	}
	digest := meta[keyDigest]
	delete(meta, keyDigest)
	if want, err := digestOf(tensors, meta); err != nil || digest != want {
		return nil, fmt.Errorf("%s is damaged: its content does not have the SHA-256 that it names", path)
	}
	if meta[keyExperiment] != run.Experiment {
		return nil, fmt.Errorf("%s is a checkpoint of %q, but the run folder is of %q", path, meta[keyExperiment], run.Experiment)
	}
	step, err := strconv.Atoi(meta[keyStep])
	if err != nil || step < 0 {
		return nil, fmt.Errorf("%s gives its step as %q: need a whole number of 0 or more", path, meta[keyStep])
	}
	cp := &train.Checkpoint{Step: step, Meta: map[string]string{}, Tensors: tensors}
	for k, v := range meta {
		if name, ok := strings.CutPrefix(k, metaPrefix); ok {
			cp.Meta[name] = v
		}
	}
	return cp, nil
}

// digestOf returns the SHA-256, in hexadecimal, of the safetensors file of
// tensors and meta. Writing sorts, so that what was read gives the same file.
func digestOf(tensors []train.Tensor, meta map[string]string) (string, error) {
	h := sha256.New()
	if err := safetensors.Write(h, tensors, meta); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
