"""What cursors share: when a state is emitted, how a saved one is validated, how work is split."""
