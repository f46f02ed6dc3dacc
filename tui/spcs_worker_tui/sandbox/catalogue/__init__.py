"""The account's objects, who may do what with them, and the answer to each statement."""
