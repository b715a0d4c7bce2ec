package cli

// Parts is parts, and ToYAML toYAML.
var (
	Parts  = parts
	ToYAML = toYAML
)
