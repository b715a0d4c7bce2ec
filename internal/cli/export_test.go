package cli

// Parts is parts.
var Parts = parts
