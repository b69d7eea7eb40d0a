"""Commands run as a user runs them: processes with arguments, output and an exit code."""
