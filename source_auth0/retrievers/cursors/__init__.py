"""What cursors share: state emission, validation of saved state, progress reports, dynamic splitting of slices."""
