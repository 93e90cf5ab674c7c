"""Everything that touches the framework's internals: threads, queue, output, shutdown."""
