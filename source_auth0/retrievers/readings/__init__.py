"""The stream `readings`: which parents were read when; streams that read parents again after changes write it."""
