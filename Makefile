# Rondo's commands for people: everything that they need is checked first, and nothing is left outside this folder.
#
#   make run [MUSIC=folder]    a cluster of one registry and five servers on this machine, in release
#   make test                  everything that the project is checked with
#   make acceptance            the image, every command of the pages about it, and chaos in containers; half an hour
#   make mutations             breaks the ring's rules one by one, and expects a test to notice each
#   make bench-ring [RUNS=20] [N=5,10,30]   measures ring and registry beside Serf and Knot DNS; takes hours, as root
#   make bench-search [SONGS=1000000]   times searches in a catalogue of so many songs; half an hour the first time
#   make bench-stream [ROUNDS=5]   times what listeners get, beside nginx, cp and sha256sum; half an hour
#   make fuzz [PACKETS=number]  the registry under made-up packets, 10 million where no number is said
#   make fuzz-media [FILES=number] [SEED=1]   the parser of uploads under broken files of every format, 5,000 of each
#   make build                 rondo and rondo-media in release, in .build/release
#   make clean                 removes what was built; fetched music stays
#   make help                  says this

SWIFT ?= swift
RUNS ?= 20
N ?= 5,10,30
PACKETS ?= 10000000
SONGS ?= 1000000
ROUNDS ?= 5
FILES ?= 5000
SEED ?= 1
export SWIFT MUSIC

# SwiftPM keeps its caches here and asks nothing of HOME.
places := --scratch-path .build --cache-path .build/caches --config-path .build/configuration \
	--security-path .build/security --disable-sandbox
release := $(places) -c release --static-swift-stdlib

.PHONY: run test acceptance acceptance-short mutations fuzz fuzz-media bench-ring bench-search bench-stream build clean \
	help set-up lint

help:
	@sed -n 's/^#   //p' Makefile

set-up:
	@scripts/set-up build

build: set-up
	@$(SWIFT) build $(release) --product rondo
	@$(SWIFT) build $(release) --product rondo-media

# The shell gives way to rondo, so that a signal reaches it and nothing stands between.
run: build
	@exec .build/release/rondo up $${MUSIC:+--music "$$MUSIC"}

lint:
	@$(SWIFT) format lint --strict --recursive --parallel --configuration .swift-format Package.swift Sources Tests Benchmarks

# Suites with sockets and deadlines run one test after the other, apart from those that keep every core busy; whole
# clusters come last. All of them run, whatever fails.
worlds := ^(Linux|Testbed|SQLiteStore|Peers|WebServer|RegistryServer|RouterServer|DataServer|Node|Client|rondo)Tests\.
children := ^MediaTests\.
clusters := ^ClusterTests\.
hosts := ^HostTests\.
# Hosts of their own need the leave to make namespaces: root has it, and everybody in a user namespace of his own.
as_root := $(if $(filter 0,$(shell id -u)),,unshare -Ur)
run_tests := $(SWIFT) test $(places) --skip-build

test:
	@scripts/set-up test
	@$(MAKE) --no-print-directory lint
	@scripts/music
	@$(SWIFT) build $(places) --build-tests
	@failed=; \
	$(run_tests) --skip '$(worlds)' --skip '$(children)' --skip '$(clusters)' --skip '$(hosts)' || failed=1; \
	$(run_tests) --filter '$(worlds)' --no-parallel || failed=1; \
	$(run_tests) --filter '$(children)' || failed=1; \
	$(run_tests) --filter '$(clusters)' --no-parallel || failed=1; \
	$(as_root) $(run_tests) --filter '$(hosts)' --no-parallel || failed=1; \
	scripts/test-page .build/debug/rondo || failed=1; \
	test -z "$$failed"

# On a Docker engine: the one that answers, else one of its own, which is stopped afterwards.
acceptance: build
	@scripts/music
	@scripts/acceptance

# The short form, with the programs that the tests have built.
acceptance-short:
	@scripts/set-up test
	@scripts/music
	@$(SWIFT) build $(places) --product rondo
	@$(SWIFT) build $(places) --product rondo-media
	@scripts/acceptance --short

# BENCH takes further options: `make bench-ring RUNS=3 N=5 BENCH="--only kill --serf-runs 1"`.
bench-ring: build
	@scripts/set-up bench
	@$(SWIFT) build $(release) --product bench-ring
	@.build/release/bench-ring --runs $(RUNS) --servers $(N) $(BENCH)

bench-search: build
	@$(SWIFT) build $(release) --product bench-search
	@.build/release/bench-search --songs $(SONGS) $(BENCH)

bench-stream: build
	@scripts/set-up bench
	@scripts/music --all
	@$(SWIFT) build $(release) --product bench-stream
	@.build/release/bench-stream --rounds $(ROUNDS) $(BENCH)

fuzz: set-up
	@scripts/fuzz $(PACKETS)

# One seed is one file: what is found is kept in fuzz-media beside the tests' program, and found again by its seed.
fuzz-media:
	@scripts/set-up test
	@scripts/music
	@$(SWIFT) build $(places) --build-tests
	@RONDO_FUZZ_FILES=$(FILES) RONDO_FUZZ_SEED=$(SEED) $(run_tests) --filter '^MediaTests\.FuzzTests'

mutations:
	@scripts/set-up test
	@scripts/mutations

clean:
	@if [ -d .build ]; then find .build -mindepth 1 -maxdepth 1 ! -name music -exec rm -rf {} +; fi
