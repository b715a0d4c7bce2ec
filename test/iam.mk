# The scenes that other packages play, by their tests.
IAM_UNITS := TestRESTConnectionAge|TestOldSessionsAreNotResumed|TestSDKLogsNoSecret|TestErrorsDoNotQuoteValues|TestValueThatBeginsWithAnAsterisk|TestNewNamesEveryProblem|TestFileThatHangs|TestReloadKeepsTokens|TestNoErrorHoldsAChangedSecret

.PHONY: iam
iam: ## Plays every way in which IAM fails, and prints what a healthy project saw, and the figures of docs/reliability.md.
	go test ./internal/server ./internal/certs ./internal/telemetry ./internal/config ./internal/credentials ./internal/upstream -count=1 -run '$(IAM_UNITS)'
	go test ./test/iam -count=1 -timeout 10m -v -args -figures
