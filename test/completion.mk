.PHONY: completion
completion: ## Completes command lines in bash, zsh and fish; installs the shells that are absent, by apt.
	@for shell in bash zsh fish; do command -v $$shell >/dev/null || apt-get install -y $$shell; done
	CONNSVC_TEST_SHELLS=1 go test -run TestCompletion -v ./cmd/connsvc
