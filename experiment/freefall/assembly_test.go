//go:build !purego && amd64

package freefall_test

const portable = false
