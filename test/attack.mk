.PHONY: attack
attack: ## Attacks a whole connsvc as strangers and callers would; fails if one attempt succeeds.
	go test ./test/attack -count=1 -timeout 15m -v | grep -v '^ *\(=== \|--- PASS\|PASS\)'
