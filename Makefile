# All that one can do with the tree. The checks themselves stand in .ci/run.

.PHONY: help build test race purego arm64 lint generate fuzz ci bench peers notebook docs-pictures clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-15s %s\n", $$1, $$2 }' Makefile

build: ## the program, as ./gakuri
	go build ./cmd/gakuri

test: ## every test
	go test ./...

race: ## the engine's tests under the race detector
	.ci/run race

purego: ## every test without assembly
	.ci/run purego

arm64: ## the tests of engine and topic for arm64, under qemu-user
	.ci/run arm64

lint: ## gofmt, vet, staticcheck, govulncheck
	.ci/run gofmt vet staticcheck govulncheck

generate: ## write the kernels anew
	go generate ./engine/...

fuzz: ## five seconds for every fuzz target
	.ci/run fuzz

ci: ## everything that a change has to pass
	.ci/run

bench: ## our benchmarks, beside the peak of the processor
	go run ./bench/cmd/bench

peers: ## the benchmarks beside PyTorch, JAX and Keras; writes docs/benchmarks.md
	bench/peers.sh
	go run ./bench/cmd/bench -peers -out docs/benchmarks.md

notebook: ## the plain recipe of a notebook for ten seeds: the mean squared error of each
	go test -v -run '^$$' -bench Notebook -benchtime 1x ./experiment/freefall

docs-pictures: ## the pictures of the README, from a run of each
	rm -rf runs/pictures
	go run ./cmd/gakuri run free-fall --quiet --out runs/pictures/free-fall
	mkdir -p docs/picture
	cp runs/pictures/free-fall/solution.svg docs/picture/free-fall.svg

clean: ## remove what was made: the program, run folders, the peers' environment
	rm -rf gakuri runs bench/.venv bench/out
