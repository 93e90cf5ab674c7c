"""The stream `readings`: which parents were read when, told by the streams that read parents again when they change."""
