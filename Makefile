# make demo and make test are all that a newcomer needs; make check is the quick loop, make ci what every change must pass.

GO      ?= go
TOOLS   := $(CURDIR)/.tools
BIN     := $(TOOLS)/bin
MODULES := . bench internal/envoytest examples/hello-mesh

STATICCHECK := $(BIN)/staticcheck-v0.8.2
GOFUMPT     := $(BIN)/gofumpt-v0.12.0

export GOFLAGS ?= -trimpath -buildvcs=false

.PHONY: help demo test check ci build format vet lint unit race generate fresh golden bench bench-short bench-envoy bench-apply envoy testcluster testnode e2e e2e-broken demo-node faults lint-testcluster traffic examples clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## render a real application of twelve workloads, hold it against its golden files, and take it through its life on a cluster
	@echo "building starctl: a minute or two the first time, while Go fetches and compiles what it needs"
	@$(MAKE) --no-print-directory build
	@./examples/demo.sh bin/starctl

# Without C: a static program starts a millisecond sooner, and runs in any image.
build: ## build bin/starctl, and beside it what it runs to talk to clusters and to validate Envoy's configuration
	@CGO_ENABLED=0 $(GO) build -buildvcs=$$(git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false) -o bin/ ./cmd/...

test: envoy-if-possible ## run all tests; builds the cluster that some need, minutes the first time; what cannot be installed is skipped, loudly
	@if cluster=$$(internal/testcluster/build.sh); then \
	  "$$cluster" run -- $(GO) test $(PATIENT) ./...; \
	else \
	  echo "the test cluster could not be built: the tests that need it are SKIPPED"; $(GO) test ./...; \
	fi

check: format vet lint unit ## the quick loop: format, vet, lint, unit and golden tests

format: $(GOFUMPT)
	@out=$$($(GOFUMPT) -l $$(git ls-files -co --exclude-standard '*.go' | grep -vE '/tables\.go|\.pb\.go')); \
	  [ -z "$$out" ] || { echo "not formatted; run gofumpt -w on:"; echo "$$out"; exit 1; }

vet:
	@for m in $(MODULES); do (cd $$m && $(GO) vet ./...) || exit 1; done

lint: $(STATICCHECK) build
	@for m in $(MODULES); do (cd $$m && $(STATICCHECK) ./...) || exit 1; done
	@bin/starctl fmt --check $$(git ls-files '*.star' | grep -v testdata/)

unit:
	$(GO) test ./...

race: ## the tests under the race detector
	$(GO) test -race ./...

ci: export ENVOY_REQUIRED = 1
# Of the end-to-end tests alone: those of other packages run without a node, and make e2e brings its own.
patient-e2e: export TESTNODE_REQUIRED = 1
ci: envoy check race fresh traffic examples bench-short patient-faults patient-e2e lint-testcluster demo ## what every change must pass, with the real Envoy, a real API server and a real node

# These tests are about time, on whatever machine runs them: a failure is forgiven only by two clean runs after it.
traffic: envoy ## the real Envoy under real gRPC traffic, on loopback
	cd internal/envoytest && { $(GO) test -timeout 6m -parallel 10 ./... || { echo "a test failed: two clean runs are wanted"; $(GO) test -count=2 -timeout 12m -parallel 10 ./...; }; }

patient-%: # the same for faults and e2e
	@$(MAKE) --no-print-directory $* || { echo "a test failed: two clean runs are wanted"; $(MAKE) --no-print-directory $* && $(MAKE) --no-print-directory $*; }

examples: build ## test every example, from the built binary
	@for d in examples/*/ lib/; do (cd $$d && $(CURDIR)/bin/starctl test ./...) || exit 1; done

generate: ## rewrite everything that is generated
	$(GO) generate ./...

fresh: ## fail where what is generated is older than what it is generated from
	GENERATE_REQUIRED=1 $(GO) test -run Fresh ./...

golden: ## rewrite the golden cases; read the difference before committing it
	$(GO) test ./golden ./internal/cli -update

bench: ## measure rendering against the floor, and write bench/results.md
	cd bench && $(GO) run . -results results.md

bench-short: ## the same in short; fails when a ratio is more than a quarter above its target
	cd bench && $(GO) run . -passes 7 -sizes 1,100,1000 -max-over 1.25

bench-envoy: envoy ## measure what a sidecar costs, and write bench/results-envoy.md
	cd internal/envoytest && $(GO) test -count=1 -timeout 3m -v -run '^TestBench$$' -results $(CURDIR)/bench/results-envoy.md .

envoy: ## install the real Envoy below .tools
	@internal/envoytest/install.sh

testcluster: ## build the Kubernetes cluster of the tests below .tools; minutes the first time, and it tells how far it is
	@internal/testcluster/build.sh

testnode: testcluster ## build a real node below .tools: kubelet, containerd, CoreDNS and what they need
	@internal/testnode/build.sh

# All tests that need a cluster share one. They wait most of the time, so that more of them run at once than there are CPUs.
PATIENT   := -timeout 20m -parallel 12
CLUSTERED  = $$(grep -rlE --include='*_test.go' 'clustertest|TESTCLUSTER_DIR' cmd internal kube examples | xargs -n 1 dirname | sort -u | sed 's|^|./|')

faults: ## what an apply must survive, and what it may cost, on a real API server
	@cluster=$$(internal/testcluster/build.sh) && TESTCLUSTER_REQUIRED=1 "$$cluster" run -- $(GO) test -p 1 $(PATIENT) $(CLUSTERED)

bench-apply: ## measure what an apply costs beside what the API server costs, and write bench/results-apply.md
	@cluster=$$(internal/testcluster/build.sh) && TESTCLUSTER_REQUIRED=1 "$$cluster" run -- \
	  $(GO) test -count=1 -timeout 30m -v -run '^TestBench$$' ./internal/applybench -results $(CURDIR)/bench/results-apply.md

# Of this module only staticcheck: two minutes at first, while go vet takes five, since it looks at all of Kubernetes as well. Both
# must see the flags of build.sh, or everything is compiled again.
lint-testcluster: $(STATICCHECK)
	@cd internal/testcluster && GOFLAGS=-trimpath CGO_ENABLED=0 GOWORK=off $(STATICCHECK) ./...

e2e: ## the example on a real node with a real Envoy, under load; root on Linux, else it skips and says so
	@internal/e2e/run.sh tests '$(RUN)'

e2e-broken: ## break on purpose what each end-to-end test guards, and want it to fail
	@internal/e2e/run.sh broken '$(RUN)'

demo-node: ## apply hello-mesh to a real node, show where the calls go, and roll it under load
	@internal/testnode/testnode possible
	@echo "building starctl, a Kubernetes control plane and a node: some seconds, but ten to twenty minutes the first time"
	@$(MAKE) --no-print-directory build testcluster envoy >/dev/null
	@examples/hello-mesh/demo.sh

envoy-if-possible:
	@internal/envoytest/install.sh || echo "the real Envoy could not be installed: its tests will be skipped"

$(STATICCHECK):
	@GOBIN=$(BIN) $(GO) install honnef.co/go/tools/cmd/staticcheck@v0.8.2 && mv $(BIN)/staticcheck $@

$(GOFUMPT):
	@GOBIN=$(BIN) $(GO) install mvdan.cc/gofumpt@v0.12.0 && mv $(BIN)/gofumpt $@

clean: ## remove what was built
	rm -rf bin .tools bench/out
