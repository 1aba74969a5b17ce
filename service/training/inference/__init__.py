"""What an unpenalised fit lets one infer: standard errors, tests, marginal effects."""
