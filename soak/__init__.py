"""What shows that nothing is lost and nobody gets in: `make soak`. Its figures stand in docs/reliability.md."""
