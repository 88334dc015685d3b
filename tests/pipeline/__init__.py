"""What tests of the whole pipeline stand on: a random writer, a task run by its command line, and two judges."""
