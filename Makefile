# The two commands a newcomer needs: make run, make test. Each installs what is missing first.
PRESET ?= release
BUILD = build/$(PRESET)
PYTHON = .venv/bin/python
JOBS ?= $(shell nproc)

.PHONY: stack run test test-all build bench lint format clean bootstrap bootstrap-test fuzz-smoke

run: build
	$(BUILD)/tradelake run

build: bootstrap
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET)
	cmake --build $(BUILD) --target tradelake -j $(JOBS)

bootstrap:
	@scripts/bootstrap.sh build

bootstrap-test:
	@scripts/bootstrap.sh test

test: bootstrap-test
	@scripts/test.sh quick

test-all: bootstrap-test
	@scripts/test.sh all

bench: bootstrap-test
	@scripts/bench.sh

lint: bootstrap-test
	@scripts/lint.sh

format: bootstrap-test
	git ls-files '*.cpp' '*.h' | xargs clang-format-19 -i

clean:
	rm -rf build

# make stack [up|down|status|logs] [SERVICE …]: Kafka, PostgreSQL and MinIO on loopback (scripts/stack.py);
# make stack up spark prometheus, or WITH="spark prometheus": these beside them.
# What follows `stack` on the command line are its arguments, and no targets of their own.
ifeq (stack,$(firstword $(MAKECMDGOALS)))
STACK_ARGUMENTS := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(eval .PHONY: $(STACK_ARGUMENTS))
$(eval $(STACK_ARGUMENTS):;@:)
endif
stack:
	@scripts/bootstrap.sh test
	@scripts/stack.py $(or $(STACK_ARGUMENTS),up) $(WITH)
