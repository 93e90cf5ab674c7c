"""Values of any type in the fields of rows, and whether a row that was read still has them."""
