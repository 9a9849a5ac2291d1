//go:build purego || !amd64

package freefall_test

// portable says that there is no assembly: ten times slower.
const portable = true
