"""Lists and single objects, and the parents that they are read for."""
