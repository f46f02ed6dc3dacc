"""One module or folder for each outside system; only these import a vendor library."""
