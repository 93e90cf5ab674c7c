"""What cursors share: state emission, validation of saved state, dynamic splitting of slices."""
