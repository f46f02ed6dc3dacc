"""Arguments, output formats, exit statuses; imports nothing heavy."""
