.PHONY: apply
apply: ## Runs applies and changes of hosts against every fault, and prints the table of faults and steps.
	go test ./test/apply -count=1 -timeout 15m
	go test ./test/apply -count=1 -timeout 15m -v -run 'TestMatrix$$' -args -table | grep -v -- '=== \|--- PASS'
